"""The backward pass beside the forward one: an arrow against each that a gradient runs along, and where they add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import tinygraph as tg
from tinygraph.numeric import norm
from tinygraph.recording.sparse import dense

from .labels import with_bar
from .names import Names
from .scene import Column, Edge, Node, Scene

__all__ = ["with_gradients"]

Use = tuple[tg.Node, int]  # an op, and as which argument it reads something


def with_gradients(scene: Scene, trace: tg.Trace) -> Scene:
    """Return `scene`, of the graph of `trace`, with an arrow for every contribution of the backward pass.

    One runs against every edge from what requires a gradient. For a parameter there is a sum, which gathers a term from
    each of its uses. A contribution that is zero is there as well, and drawn hollow.
    """
    backward = _Backward(scene, trace)
    arrows = sorted([*backward.flows(), *backward.terms()], key=lambda arrow: not arrow.hollow)
    nodes = [_titled(node, backward.recorded.get(node.id)) for node in scene.nodes]
    columns = [Column(kind="boundary"), *scene.columns] if scene.columns and backward.sums else scene.columns
    if columns is not scene.columns:
        nodes = [node if node.column is None else replace(node, column=node.column + 1) for node in nodes]
    title = f"{scene.title} with its backward pass"
    return replace(scene, nodes=[*nodes, *backward.sums], edges=[*scene.edges, *arrows], columns=columns, title=title)


class _Backward:
    def __init__(self, scene: Scene, trace: tg.Trace) -> None:
        self.scene = scene
        self.graph = graph = trace.graph
        self.trace = trace
        self.names = Names(graph)
        self.recorded = {f"n{node.index}": node for node in graph.nodes}
        self.drawn = {node.id for node in scene.nodes}
        self.column = 0 if scene.columns else None
        self.band = 1 + max((node.band for node in scene.nodes), default=0)
        self.sums = [self._sum(node) for node in graph.parameters if node not in graph.outputs and trace.writes(node)]

    def _sum(self, parameter: tg.Node) -> Node:
        terms = len(self.trace.writes(parameter))
        label = with_bar(self.names.of_parameter(parameter))
        gradient = self.trace.gradient(parameter)
        return Node(
            f"g{parameter.index}",
            label,
            f"Σ of {terms:,} terms" if terms > 1 else "1 term",
            "gradient",
            self.column,
            self.band,
            parameter.index,
            title=f"∂L/∂{parameter.name}: ‖·‖ = {0.0 if gradient is None else norm(gradient):.3g}",
        )

    def flows(self) -> Iterator[Edge]:
        """Yield an arrow against each edge from what requires a gradient."""
        for edge in self.scene.edges:
            source, target = self.recorded.get(edge.source), self.recorded.get(edge.target)
            if source is None or target is None:
                continue  # what NumPy alone computed
            if source.requires_grad and target.requires_grad and source.kind != "parameter":
                uses = [(target, edge.argument)] if edge.target in self._whole else list(self._uses(source, target))
                hollow = not any(map(self._matters, uses))
                yield Edge(edge.target, edge.source, edge.argument, "", None, "gradient", hollow)

    @property
    def _whole(self) -> set[str]:
        """The ids of ops whose arguments are all drawn."""
        ops = {f"n{node.index}" for node in self.graph.nodes if node.kind == "op" and node.op != "alias"}
        return self.drawn if ops <= self.drawn else set()

    def _uses(self, source: tg.Node, target: tg.Node) -> Iterator[Use]:
        """Yield where `source` is read on its ways to `target` through what is not drawn."""
        waiting, reached = [target], {target}
        while waiting:
            node = waiting.pop()
            for argument, read in enumerate(node.inputs):
                if read is source:
                    yield node, argument
                elif read not in reached and f"n{read.index}" not in self.drawn:
                    reached.add(read)
                    waiting.append(read)

    def _matters(self, use: Use) -> bool:
        step = self.trace.step_of(use[0])
        return step is not None and norm(dense(self.trace.term(step, use[1]))) != 0

    def terms(self) -> Iterator[Edge]:
        """Yield an arrow for each term of a parameter's gradient, from where it is made to the sum."""
        for total in self.sums:
            parameter = self.recorded[f"n{total.id[1:]}"]
            for number, (step, argument) in enumerate(self.trace.writes(parameter)):
                reader = self.trace.nodes[step]
                hollow = not self._matters((reader, argument))
                for node in self._drawn_after(reader):
                    label = f"{total.label}=0" if hollow else total.label
                    yield Edge(f"n{node.index}", total.id, number, label, None, "gradient", hollow)

    def _drawn_after(self, op: tg.Node) -> Iterator[tg.Node]:
        """Yield what is drawn of the results that are made of `op`, and itself first."""
        waiting, reached = [op], {op}
        while waiting:
            node = waiting.pop()
            if f"n{node.index}" in self.drawn:
                yield node
            else:
                readers = [reader for reader, _ in self.graph.consumers(node) if reader not in reached]
                reached.update(readers)
                waiting += readers


def _titled(node: Node, recorded: tg.Node | None) -> Node:
    has_gradient = recorded is not None and recorded.requires_grad
    return replace(node, title=f"{node.title} · gradient ∂L/∂{node.label}") if has_gradient else node
