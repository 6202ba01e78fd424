"""Directions: which loops over time run through the sequence from its end."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from ..recording.syntax import syntax_of
from .grouping import Groups
from .meetings import meetings_of_loops
from .places import Loop, shared_depth


def backward_loops(groups: Groups, loop_of: Sequence[Loop | None], at: np.ndarray, trips: np.ndarray) -> set[Loop]:
    """Return the loops over time that run backward.

    Which of two loops that are connected does, is told by the data that both read; whether the first one does, by how
    it is written.
    """
    import networkx as nx  # here, and not at the top: recording and differentiating import NumPy alone

    related = nx.Graph()
    for (a, b), pairs in meetings_of_loops(groups, loop_of).items():
        j, k = np.array(pairs).T
        later = (at[j] > 0) | (at[k] > 0)  # an initial state may be shared whatever the direction
        shared = shared_depth(a.chain, b.chain)
        same_outer = (groups.iterations[j, :shared] == groups.iterations[k, :shared]).all(1)
        j, k = j[later & same_outer], k[later & same_outer]
        if len(j) and (trips[j] == trips[k]).all():
            if (at[j] == at[k]).all():
                related.add_edge(a, b, turned=False)
            elif (at[j] + at[k] == trips[k] - 1).all() and len(set(at[j].tolist())) > 1:
                related.add_edge(a, b, turned=True)
    loops = dict.fromkeys(filter(None, loop_of))  # in recorded order
    related.add_nodes_from(loops)
    backward: set[Loop] = set()
    reached: set[Loop] = set()
    for start in loops:
        if start not in reached:
            if _says_reversed(start):
                backward.add(start)
            for a, b in nx.bfs_edges(related, start):
                if (a in backward) != related.edges[a, b]["turned"]:
                    backward.add(b)
            reached |= nx.node_connected_component(related, start)
    return backward


def _says_reversed(loop: Loop) -> bool:
    """Tell whether a loop is written as one from the end: over ``xs[::-1]``, or ``range(T - 1, -1, -1)``."""
    syntax = syntax_of(loop.filename) if loop.lineno is not None else None
    if syntax is None:
        return False
    iterated = [node.iter for node in ast.walk(syntax.tree) if isinstance(node, ast.For | ast.comprehension)]
    written = [_is_reversed(source) for source in iterated if source.lineno == loop.lineno]
    return bool(written) and all(written)


def _is_reversed(iterated: ast.expr) -> bool:
    match iterated:
        case ast.Call(func=ast.Name(id="reversed")):
            return True
        case ast.Call(func=ast.Name(id="range"), args=[_, _, step]):
            return _is_minus_one(step)
        case ast.Call(func=ast.Name(id="zip" | "list" | "tuple"), args=[_, *_] as sources):
            return all(map(_is_reversed, sources))
        case ast.Call(func=ast.Name(id="enumerate"), args=[source, *_]):
            return _is_reversed(source)
        case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=ast.expr() as step)):
            return _is_minus_one(step)
    return False


def _is_minus_one(step: ast.expr) -> bool:
    return ast.unparse(step) == "-1"
