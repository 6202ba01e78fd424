"""A graph completed for drawing: with what the program computed or was given, and recording did not see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..loops.places import Place, Vector, shared_depth
from ..loops.timeline import Timeline
from ..loops.visits import Visits
from ..recording.node import Constant, Node
from .chosen import choices
from .graph import Graph
from .namesakes import Namesakes
from .unrecorded import Unrecorded


class Completed(NamedTuple):
    """A completed graph, and for each of its nodes the index in the recorded one.

    What was added has numbers that come after those of all recorded nodes.
    """

    graph: Graph
    numbers: list[int]


def completed(graph: Graph) -> Completed:
    """Return `graph` with what recording did not see.

    That are the ops that NumPy computed in a time step where all others have a recorded one, and the words and classes
    by which data choose elements, as one argument more of the op that takes them.

    Examples
    --------
    >>> import tinygraph as tg
    >>> W, h = tg.parameter(np.ones((1, 2)), name="W"), np.zeros(1)
    >>> for x in np.ones((3, 1)):
    ...     both = np.concatenate([x, h])
    ...     h = np.tanh(W @ both)
    >>> recorded = tg.graph(h)
    >>> [[str(n.op) for n in g.nodes].count("concatenate") for g in (recorded, completed(recorded).graph)]
    [2, 3]
    """
    found = Unrecorded(graph)
    before: dict[int, list[Node]] = {}
    stands_for: dict[tuple[int, int], Node] = {}
    for reader, argument, ops in found.replacements():
        stands_for[reader.index, argument] = ops[-1][1]
        for position, node in ops:
            if node not in before.setdefault(position, []):
                before[position].append(node)
    chosen = _chosen(graph)
    for op, leaves in chosen.items():
        before.setdefault(op.index, []).extend(leaves)
    if not before:
        return Completed(graph, list(range(len(graph))))
    number = {node: len(graph) + k for k, node in enumerate(node for group in before.values() for node in group)}
    nodes: list[Node] = []
    twins: dict[Node, Node] = {}
    for recorded in graph.nodes:
        nodes += before.get(recorded.index, ())
        twins[recorded] = twin = recorded.copy()
        inputs = [stands_for.get((recorded.index, k)) or twins[source] for k, source in enumerate(recorded.inputs)]
        twin.inputs = (*inputs, *chosen.get(recorded, ()))
        number[twin] = recorded.index
        nodes.append(twin)
    outputs = [twins[output] for output in graph.outputs]
    nodes = _leading_to(outputs, nodes)
    for index, node in enumerate(nodes):
        node.index = index
    like = {twin: recorded for recorded, twin in twins.items()} | found.like
    timeline = _timeline(nodes, graph, like, found.moments)
    names = [like[node].name if node in like else node.label for node in nodes]
    namesakes = Namesakes(timeline, lambda node: names[node.index])
    names = [None if name is None else namesakes.name(node, name) for node, name in zip(nodes, names, strict=True)]
    return Completed(Graph(nodes, outputs, timeline, lambda node: names[node.index]), [number[node] for node in nodes])


def _chosen(graph: Graph) -> dict[Node, list[Node]]:
    """Return leaves that hold what chooses the elements that ops take."""
    return {
        op: [
            Constant(
                -1,
                "constant",
                None,
                (),
                np.asarray(value),
                context=op.context,
                label=name,
                call=op.call,
                lasti=op.lasti,
                argument=argument,
            )
            for argument, (name, value) in enumerate(of_op, len(op.inputs))
        ]
        for op, of_op in choices(graph).items()
    }


def _timeline(
    nodes: list[Node], graph: Graph, like: Mapping[Node, Node], moments: Mapping[Node, tuple[Node, Node]]
) -> Timeline:
    """Return the timeline of a completed graph.

    What was added stands where its like does in another time step, and in the iterations of what reads it.
    """
    recorded, timeline = graph.timeline, Timeline(nodes)
    visited = dict(zip(recorded.ops, recorded.visits.each(), strict=True))
    places: list[Place] = []
    vectors: list[Vector] = []
    for node in timeline.ops:
        place, vector = visited[like[node]]
        if node in moments:
            here, there = (visited[of] for of in moments[node])
            shared = shared_depth(place.loops, there[0].loops)
            vector = here[1][:shared] + vector[shared:]
        places.append(place)
        vectors.append(vector)
    timeline.visits = Visits.of(places, vectors)
    timed = {node: moments[node][0] if node in moments else like[node] for node in timeline.ops}
    steps = [recorded.op_timesteps[timed[node].index] if node in timed else None for node in nodes]
    timeline.op_timesteps = steps
    return timeline


def _leading_to(outputs: list[Node], nodes: list[Node]) -> list[Node]:
    """Return those of `nodes`, which are in recorded order, that lead to some outputs."""
    leading = set(outputs)
    for node in reversed(nodes):
        if node in leading:
            leading.update(node.inputs)
    return [node for node in nodes if node in leading]
