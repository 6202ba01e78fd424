"""A folded graph as a scene: one cell, its delayed edges, and what stands before and after it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property

import networkx as nx

import tinygraph as tg
from tinygraph.array_text import shape_text
from tinygraph.folding.folded import FoldedLoop, FoldedNode
from tinygraph.graphs.symbols import raised

from .cell_parts import CellParts
from .contraction import Argument, Link, contract
from .delays import Delay, Moments, Times, is_carried
from .elements import Element, Stacks, elements_of_cell, leading_to
from .equal_inputs import merge_equal_inputs
from .gates import find_gates
from .ghosts import State, ghost_label, in_columns
from .hues import carried_hues, parameter_hues
from .labels import (
    enclosed,
    loss_label,
    lowered,
    number_text,
    op_name,
    scope_text,
    short,
    symbol,
    unnamed_label,
)
from .loop_letters import trips_text
from .names import Names
from .norms import find_norms
from .operands import at_moment, with_operands
from .scene import Node, Scene, merge_equal
from .variables import variables_scene
from .versions import tell_directions_apart, tell_versions_apart
from .window import shortened

__all__ = ["folded_scene", "parts_of"]

MOST_UNFOLDED = 400  # variables: what has more is drawn folded, whatever its recursion


def folded_scene(graph: tg.Graph, view: str, unfold: bool = False) -> Scene:
    """Return the recurrence of `graph`: every op of the cell once, ×T where it was recorded T times.

    A delayed edge is marked with the time step that it reads, such as ``t−1``, or ``t+1`` where the loop runs from
    the end; an edge from another loop, with the time step that it leaves from, such as ``t=4``. With `unfold`, the
    variables of a recursion that reaches back differently each time, as through a tree or a grid, are drawn one by one.
    """
    folded = _Folded(graph)
    if unfold and view == "variables" and folded.is_tangled:
        unrolled = variables_scene(graph)
        if len(unrolled.nodes) <= MOST_UNFOLDED:
            return replace(shortened(unrolled), title="Network with a recursion, not folded")
    scene = folded.ops() if view == "ops" else folded.variables()
    scene = merge_equal_inputs(scene, graph, {f"n{node.index}": node.recorded for node in folded.nodes})
    ops = sum(node.kind == "op" for node in folded.nodes)
    scene.description = f"{ops:,} ops of the recurrence, folded from {len(graph.nodes):,} nodes."
    return scene


def parts_of(graph: tg.Graph) -> CellParts:
    """Return the gates and operators of the gated loops of `graph`, by the indices of its nodes."""
    folded = _Folded(graph)
    return folded.parts.recorded(folded.nodes)


class _Folded:
    def __init__(self, graph: tg.Graph) -> None:
        folded = tg.fold(graph)
        self.nodes = folded.nodes
        self.times = Times(folded)
        self.edges = list(zip(folded.edges, self.times.delays(), strict=True))
        self.reads: dict[FoldedNode, list[Argument]] = {node: [] for node in self.nodes}
        for edge, delay in self.edges:
            self.reads[edge.target].append((edge.source.index, delay, edge.argument or 0))
        self.graph = graph
        self.states = self._initial_states()
        self.names = Names(graph)
        self.outputs = set(graph.outputs)
        self.hues = parameter_hues(self.nodes)

    def ops(self) -> Scene:
        """Return every node of the recurrence."""
        inputs = ((node, [self.nodes[i] for i, _, _ in self.reads[node]]) for node in self._in_order())
        hues = carried_hues(inputs, self.hues)
        ways: dict[Hashable, Link] = {}
        for edge, delay in self.edges:
            source, target, argument = edge.source.index, edge.target.index, edge.argument or 0
            way = (source, target, None if isinstance(delay, Moments) else argument, delay)
            ways.setdefault(way, Link(source, target, argument, delay, hue=hues.get(source)))
        links = list(ways.values())
        scene = Scene([self._box(node, *self._op_texts(node)) for node in self.nodes], title="Folded graph")
        columns = self._in_columns(scene, links) if self.parts else None
        return self.parts.in_rows(columns) if columns else replace(scene, edges=[link.edge() for link in links])

    def variables(self) -> Scene:
        """Return only the variables that the program named, and the states."""
        delayed = {edge.source for edge, delay in self.edges if is_carried(delay) and edge.source.kind != "parameter"}
        kept = {node for node in self.nodes if self._kind(node) in ("variable", "input", "loss")} | delayed
        kept |= {self.nodes[index] for index in self._circular}
        kept |= {node for node in self.nodes if int(node.positions[0]) in self.graph.timeline.learned_states}
        order = self._in_order()
        read_by = lambda node: self._out_of_stacks.get(node, self.reads[node])
        states = {node.index for node in self.states}
        outputs = (node.index for node in self.nodes if not self.outputs.isdisjoint(node.recorded))
        kept_indices = leading_to(outputs, lambda index: [source for source, _, _ in read_by(self.nodes[index])])
        kept_indices &= {node.index for node in kept}
        hue_of = {int(node.positions[0]): self.hues.get(node.index, 0) for node in self.nodes}
        hues = self.hues | {index: hue_of[element.parameter] for index, element in self.elements.items()}
        kept_indices |= (parts := self.parts).operators.keys()
        norms = find_norms(self.nodes, read_by, lambda node: self.names.called(node.recorded[0]), kept_indices)
        kept_indices = kept_indices - norms.inside | norms.labels.keys()
        reads = lambda: ((node, norms.read(node, read_by(node))) for node in order)
        contraction = contract(
            reads, kept_indices, self.nodes, hues, self._parameter, states=states, elements=self.elements
        )
        scene = Scene(title="Folded network", round=True)
        for node in (self.nodes[index] for index in contraction.kept):
            label = norms.labels.get(node.index) or self._text(node)
            box = parts.shown(replace(self._box(node, label), tags=contraction.tags(node.index)), node.index)
            presence = self.times.presence(node) if box.kind != "operator" else ""
            scene.nodes.append(replace(box, detail=" · ".join(filter(None, (box.detail, presence)))))
        drawn = {f"n{index}": self.nodes[index] for index in contraction.kept}
        as_written = sorted(scene.nodes, key=lambda box: [-1 if n is None else n for n in drawn[box.id].order])
        run_of, level_of = lambda box: self.times.run(drawn[box.id]), lambda box: self.times.level(drawn[box.id])
        scene.nodes = tell_directions_apart(scene.nodes, run_of, level_of)
        loops_of = lambda box: drawn[box.id].loops[-1:]
        frames_of = lambda box: tuple(map(self.times.frame, loops_of(box)))
        scene.nodes = tell_versions_apart(scene.nodes, as_written, loops_of, frames_of)
        links = contraction.links()
        scene.nodes = self._with_operands(scene.nodes, links)
        links, doubles = self._without_doubles(links) if parts else (links, set())
        scene.nodes = [node for node in scene.nodes if node.id not in doubles]
        columns = self._in_columns(scene, links) if parts else None
        scene = columns or replace(scene, edges=[link.edge() for link in links])
        scene = merge_equal(scene, {f"n{state.index}": self._shown(state) for state in self.states if state.times == 1})
        return parts.in_rows(scene) if columns else scene

    def _with_operands(self, boxes: list[Node], links: list[Link]) -> list[Node]:
        """Return the boxes, those that show an expression with the time steps of what it is computed from."""
        labels = {box.id: box.label for box in boxes}
        operands: dict[str, list[str]] = {}
        for link in links:
            if link.delay != "once" and (label := labels.get(f"n{link.source}")):
                is_told = is_carried(link.delay) and isinstance(link.delay, int)
                label = ghost_label(label, link.delay) if is_told else label
                operands.setdefault(f"n{link.target}", []).append(label)
        text_of = lambda box: short(self.names.of(self.nodes[int(box.id[1:])].recorded[0]).typeset)
        return with_operands(boxes, text_of, operands)

    @cached_property
    def is_tangled(self) -> bool:
        """Whether a loop that is not over time reaches back differently from iteration to iteration."""
        reached: dict[tuple[int, int | None], set[Delay]] = {}
        for edge, delay in self.edges:
            if is_carried(delay) and not any(loop.over_time for loop in edge.target.loops):
                site = self.graph.timeline.sites[edge.target.recorded[0].index]
                reached.setdefault((site, edge.argument), set()).add(delay)
        differs = lambda delay: isinstance(delay, str) and (delay == "varies" or " or " in delay)
        return any(len(delays) > 1 or any(map(differs, delays)) for delays in reached.values())

    @cached_property
    def parts(self) -> CellParts:
        """The gates and operators of gated loops."""
        return find_gates(self._in_order(), self.reads, self._kind)

    def _in_columns(self, scene: Scene, links: list[Link]) -> Scene | None:
        """Return the scene with ghosts in place of delayed edges, or None."""
        inside = [node for node in self.nodes if node.loops and node not in self.states]
        frames = {node.index: self.times.frame(node.loops[-1]) for node in inside}
        members: dict[int, list[FoldedNode]] = {}
        for node in inside:
            members.setdefault(frames[node.index], []).append(node)
        headings = {frame: self._heading(nodes) for frame, nodes in members.items()}
        scopes = {f"n{node.index}": scope_text(node) for node in self.nodes}
        nodes = [replace(node, scope=scopes[node.id], frame=()) for node in scene.nodes]
        around = {node.index: text for node in self.nodes if (text := self._around_time(node))}
        return in_columns(replace(scene, nodes=nodes), links, frames, headings, self._starts(links), around)

    def _around_time(self, node: FoldedNode) -> str:
        """Return how often the loops around that over time go round that a node stands in."""
        return trips_text([loop for loop in self._repeating(node) if loop in self.times.around_time])

    def _without_doubles(self, links: list[Link]) -> tuple[list[Link], set[str]]:
        """Leave out leaves that are read in place of an op of their name: the first time, computed by NumPy alone."""
        sources: dict[tuple[FoldedNode, int | None], list[FoldedNode]] = {}
        for edge, delay in self.edges:
            if not is_carried(delay):
                sources.setdefault((edge.target, edge.argument), []).append(edge.source)
        doubles: dict[int, int] = {}
        for alternatives in sources.values():
            ops = [node for node in alternatives if node.kind == "op"]
            for leaf in alternatives:
                if leaf.kind != "op" and leaf.times == 1 and len(ops) == 1 and self._is_named_alike(leaf, ops[0]):
                    doubles[leaf.index] = ops[0].index
        links = [link for link in links if link.source not in doubles]
        return links, {f"n{leaf}" for leaf in doubles}

    def _is_named_alike(self, leaf: FoldedNode, op: FoldedNode) -> bool:
        name = self.names.called(op.recorded[0])
        return name is not None and self.names.of(leaf.recorded[0]).name == name

    def _starts(self, links: list[Link]) -> dict[tuple[int, int], State]:
        """Return for (initial state, target) the state and the delay in whose place it is read."""
        carried = {(edge.target, edge.argument): (edge.source.index, d) for edge, d in self.edges if is_carried(d)}
        states = {
            edge.source.index: carried[edge.target, edge.argument]
            for edge, delay in self.edges
            if not is_carried(delay) and (edge.target, edge.argument) in carried
        }
        read = {(link.target, link.source, link.delay) for link in links}
        pairs = {(link.source, link.target) for link in links if link.source in states}
        return {(leaf, target): states[leaf] for leaf, target in pairs if (target, *states[leaf]) in read}

    def _heading(self, nodes: list[FoldedNode]) -> str:
        """Return what stands above the time steps of a loop."""
        timesteps = self.graph.timeline.timesteps
        ops = [node for node in nodes if node.kind == "op"]
        steps = [step for node in ops for k in node.positions.tolist() if (step := timesteps[k]) is not None]
        return f"t = {min(steps)} … {max(steps)}" if steps else trips_text(nodes[0].loops[-1:])

    @cached_property
    def _out_of_stacks(self) -> dict[FoldedNode, list[Argument]]:
        """What is read by nodes that take elements of a stack: those alone, and of which time steps."""
        node_of = {recorded: node for node in self.nodes for recorded in node.recorded}
        reads: dict[FoldedNode, list[Argument]] = {}
        stacks = Stacks(lambda recorded: self._kind(node_of[recorded]) in ("variable", "loss"))
        for node in self.nodes:
            taken: dict[FoldedNode, list[tuple[int, int]]] = {}
            elements = [stacks.elements(recorded) for recorded in node.recorded] if node.op == "getitem" else [None]
            if None not in elements:
                for position, of_instance in zip(node.positions.tolist(), elements, strict=True):
                    for element in of_instance or ():
                        taken.setdefault(node_of[element], []).append((element.index, position))
                reads[node] = [(source.index, self.times.taken(source, pairs), 0) for source, pairs in taken.items()]
                reads[node] += [read for read in self.reads[node] if read[2] > 0]
        return reads

    def _shown(self, state: FoldedNode) -> Hashable:
        """Return what an initial state shows: zeros that two gates read are one node."""
        data = state.recorded[0].data
        return self._name(state), self.states[state][0].index, data.shape, data.tobytes()

    def _in_order(self) -> list[FoldedNode]:
        """Return the nodes, each after all that it reads in the same time step; of a cycle, in any order."""
        order = nx.DiGraph()
        order.add_nodes_from(node.index for node in self.nodes)
        order.add_edges_from((source, target) for source, target in self._at_once if source not in self._circular)
        return [self.nodes[i] for i in nx.lexicographical_topological_sort(order)]

    @cached_property
    def _at_once(self) -> list[tuple[int, int]]:
        """The edges without a delay, by the indices of their ends."""
        return [(edge.source.index, edge.target.index) for edge, delay in self.edges if not is_carried(delay)]

    @cached_property
    def _circular(self) -> set[int]:
        """The nodes that read each other without a delay: calls of a recursion that has branches."""
        components = nx.strongly_connected_components(nx.DiGraph(self._at_once))
        to_themselves = {source for source, target in self._at_once if source == target}
        return to_themselves.union(*(component for component in components if len(component) > 1))

    def _initial_states(self) -> dict[FoldedNode, tuple[FoldedNode, list[int]]]:
        """Return the leaves that are read where otherwise an earlier iteration's result is: that, and their numbers."""
        carried = {
            (edge.target, edge.argument): (edge.source, delay) for edge, delay in self.edges if is_carried(delay)
        }
        states: dict[FoldedNode, tuple[FoldedNode, list[int]]] = {}
        for edge, _ in self.edges:
            leaf = edge.source
            if leaf.kind != "op" and (edge.target, edge.argument) in carried:
                value, delay = carried[edge.target, edge.argument]
                once = leaf.times == 1 < value.times
                at_once = (
                    once
                    and (delay in (1, -1) or (isinstance(delay, str) and re.fullmatch("[a-z]−1", delay)))
                    and value.is_everywhere
                )
                numbers = {0} if at_once else {self._number(recorded) for recorded in leaf.recorded}
                if once or None not in numbers:
                    states[leaf] = value, sorted(number or 0 for number in numbers)
        return states

    def _number(self, leaf: tg.Node) -> int | None:
        """Return an initial state's time step, as if the run's first were 1; None for what is none."""
        timeline = self.graph.timeline
        value, timestep = timeline.precedes[leaf.index], leaf.timestep
        if value is None:
            return None
        run = timeline.runs[value]
        if run is None or timestep is None:
            return 0
        since = run.last - timestep if run.backward else timestep - run.first
        return since // self.times.stride + 1

    def _kind(self, node: FoldedNode) -> str:
        is_output = not self.outputs.isdisjoint(node.recorded)
        return "loss" if is_output else self.names.kind(node.recorded[0])

    def _box(self, node: FoldedNode, label: str, detail: str = "") -> Node:
        loops = self._repeating(node)
        return Node(
            f"n{node.index}",
            label,
            detail,
            self._kind(node),
            hue=self.hues.get(node.index),
            scope=" ".join(filter(None, (scope_text(node), trips_text(loops)))),
            frame=tuple(map(self.times.frame, loops)),
            title=self.names.tooltip(node.recorded[0], label),
        )

    def _repeating(self, node: FoldedNode) -> tuple[FoldedLoop, ...]:
        """Return the loops of which each iteration has a node of its own: an initial state's are those around time."""
        around = tuple(node.loops[:-1]) if node.times > 1 else ()
        return around if node in self.states else tuple(node.loops)

    def _name(self, node: FoldedNode) -> str:
        """Return the name of a node with its time step, or t where it is one of each; empty without a name."""
        if again := self.graph.timeline.again.get(int(node.positions[-1])):  # the target of the time step before
            return symbol(self.names.of(self.graph.nodes[again]).name or "input") + "⁽ᵗ⁻¹⁾"
        value, numbers = self.states.get(node, (node, []))
        name = self.names.called(value.recorded[0]) or self.names.of(node.recorded[0]).name
        if not name:
            return ""
        if numbers:
            ends = dict.fromkeys((numbers[0], numbers[-1]))
            below = self._numbers_of_state(node, value)
            return "…".join(symbol(name) + below + self._initial(value, number) for number in ends)
        return self._indexed(symbol(name), node)

    def _indexed(self, text: str, node: FoldedNode) -> str:
        """Return a name or an expression with its index; a number as it is."""
        index = self._index(node) if any(map(str.isalpha, text)) or node.kind == "op" else ""
        if told := at_moment(text, self.times.moment(node)):
            return told
        return enclosed(text) + index if index else text

    def _parameter(self, index: int) -> str:
        if index in self.elements:
            element = self.elements[index]
            name = self.names.of_parameter(self.graph.nodes[element.parameter])
            each = name + lowered(self.times.letters.of(self.nodes[index])[-1:])
            return each if element.number is None else element.written(name)
        return self.names.of_parameter(self.nodes[index].recorded[0])

    @cached_property
    def elements(self) -> dict[int, Element]:
        """The nodes that take one element of a parameter."""
        return elements_of_cell(self.nodes, lambda node: self.times.letters.of(node)[-1] == "t")

    def _text(self, node: FoldedNode) -> str:
        if text := self._parameter(node.index) if node.kind == "parameter" else self._name(node):
            return text
        expression = short(self.names.of(node.recorded[0]).typeset)
        text = unnamed_label(node, self._kind(node), expression) if node.kind == "op" else expression or "input"
        return self._indexed(text, node)

    def _index(self, node: FoldedNode) -> str:
        """Return what is below and above a name: a layer's number; its time step, t where it is one of each."""
        if self.names.is_fixed(node.recorded[0]):
            return ""
        starts = [self.graph.timeline.starts.get(k) for k in node.positions.tolist()]
        begun = {start.timestep if start else None for start in starts}
        moment = begun.pop() if len(begun) == 1 else None
        moment = self.times.moment(node) if moment is None else moment
        if moment is not None or (node.times > 1 and self.times.in_time(node)):
            return lowered(self.times.numbers(node)) + ("⁽ᵗ⁾" if moment is None else raised(moment))
        return lowered(self.times.numbers(node))

    def _numbers_of_state(self, state: FoldedNode, value: FoldedNode) -> str:
        """Return what is below the name of an initial state: a letter only if there is one state for each."""
        numbers = self.times.numbers(value) if self.times.in_time(value) else []
        return lowered([number for number in numbers if state.times > 1 or number.isdigit()])

    def _initial(self, value: FoldedNode, number: int) -> str:
        """Return the time step of an initial state, counted from the end where the loop begins there."""
        if not self.times.in_time(value):
            return "₀"
        return f"⁽ᵀ⁺{raised(1 - number)[1:]}" if self.times.runs_backward(value) else raised(number)

    def _op_texts(self, node: FoldedNode) -> tuple[str, str]:
        name, kind, shape = self._name(node), self._kind(node), shape_text(node.shape)
        if node.kind == "parameter":
            return self._parameter(node.index), shape
        if node.kind != "op":
            return name or number_text(node.recorded[0]) or "input", shape if node.shape or kind == "input" else ""
        if node.times > 1:
            shape += f" · ×{node.times}"
        if name or kind == "loss":
            return name or loss_label(node), f"{op_name(node)} · {shape}"
        return op_name(node), shape
