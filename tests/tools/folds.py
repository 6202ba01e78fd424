"""What every fold must keep to, and what two folds are compared by."""

from __future__ import annotations

from functools import cache

import numpy as np

import tinygraph as tg
from tinygraph.folding.fold import fold
from tinygraph.folding.folded import FoldedGraph


@cache
def folded(program, T: int = 11) -> FoldedGraph:
    return fold(tg.graph(program(T)))


def structure(graph: tg.Graph) -> list[tuple]:
    return [
        (node.index, node.kind, node.op, repr(node.attributes), tuple(source.index for source in node.inputs))
        for node in graph.nodes
    ]


def assert_unrolls(graph: tg.Graph) -> FoldedGraph:
    recurrence = fold(graph)
    unrolled = recurrence.unroll()
    assert structure(unrolled) == structure(graph)
    assert [node.index for node in unrolled.outputs] == [node.index for node in graph.outputs]
    assert not {id(node) for node in unrolled.nodes} & {id(node) for node in graph.nodes}
    return recurrence


def own_parameters(node) -> tuple:
    """Return the parameters among the arguments, found independently of the folding."""
    return tuple(source.index if source.kind == "parameter" else None for source in node.inputs)


def assert_honest(recurrence: FoldedGraph) -> None:
    """Check that no node mixes ops, attributes or parameters; what only the first iterations have is data."""
    for node in recurrence.nodes:
        assert len({(each.kind, each.op) for each in node.recorded}) == 1
        assert len({repr({k: v for k, v in each.attributes.items() if k != "index"}) for each in node.recorded}) == 1
        if node.kind == "parameter":
            assert node.times == 1
        for column in zip(*map(own_parameters, node.recorded), strict=False):
            parameters = set(column) - {None}
            assert len(parameters) <= 1
            if parameters and None in column:
                users = [at for at, parameter in zip(node.iterations, column, strict=True) if parameter is not None]
                assert (np.array(users) == 0).all(0).any()


def described(recurrence: FoldedGraph) -> list[str]:
    """Return the recurrence without lengths and data: equal for two lengths of a program that folds."""
    number = {loop: k for k, loop in enumerate(recurrence.loops)}
    nodes = [
        f"{node.index} {node.kind} {node.op} in {[number[loop] for loop in node.loops]} when {node.when}"
        for node in recurrence.nodes
    ]
    edges = [
        f"{edge.source.index} -> {edge.target.index}.{edge.argument} at {[str(i) for i in edge.index or ['?']]} "
        f"when {edge.when} delay {edge.delay}"
        for edge in recurrence.edges
    ]
    return nodes + edges
