"""State dicts under other names: the parts of a PyTorch model found in ours, and which class fits where they are not.

What people have is the dict of a model of their own, with names such as ``lstm.weight_ih_l0`` and ``fc.weight``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Shapes = dict[str, tuple[int, ...]]  # by the last part of a name
RECURRENT = {1: ("RNN", "RNN", "ElmanCell"), 3: ("GRU", "GRU", "GRUCell"), 4: ("LSTM", "LSTM", "LSTMCell")}


def renamed(state: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state under the names that are expected, where the parts of both can be told from their shapes.

    Where they cannot, or not in one way alone, the state is returned as it is.

    Examples
    --------
    >>> expected = {"cell.weight_ih": np.zeros((4, 3)), "readout.weight": np.zeros((2, 4))}
    >>> list(renamed({"rnn.weight_ih_l0": np.ones((4, 3)), "fc.weight": np.ones((2, 4))}, expected))
    ['cell.weight_ih', 'readout.weight']
    """
    theirs, ours = parts(state), parts(expected)
    names: dict[str, str] = {}
    for prefix, shapes in ours.items():
        alike = [other for other, candidate in theirs.items() if _plain(candidate) == _plain(shapes)]
        if len(alike) != 1:
            return dict(state)
        for leaf, plain in _plain_names(shapes).items():
            leaf_there = next(name for name, other in _plain_names(theirs[alike[0]]).items() if other == plain)
            names[_joined(alike[0], leaf_there)] = _joined(prefix, leaf)
    if len(names) != len(expected) or set(names) != set(state):
        return dict(state)
    return {names[name]: state[name] for name in names}


def parts(state: Mapping[str, Any]) -> dict[str, Shapes]:
    """Return the shapes of arrays by what stands before the last dot of their names, and by what stands after it."""
    by_part: dict[str, Shapes] = {}
    for name, array in state.items():
        prefix, _, leaf = name.rpartition(".")
        by_part.setdefault(prefix, {})[leaf] = np.shape(array)
    return by_part


def fitting(state: Mapping[str, Any]) -> str:
    """Return what the arrays of a state are the weights of, and which class of ours takes them; "" where nothing does.

    Examples
    --------
    >>> print(fitting({"lstm.weight_ih_l0": np.zeros((16, 3)), "lstm.weight_hh_l0": np.zeros((16, 4))}))
    lstm: PyTorch's LSTM, which fits rnn.LSTM(3, 4, bias=False)
    """
    described = [(prefix, _described(shapes)) for prefix, shapes in parts(state).items()]
    return "; ".join(
        f"{prefix + ': ' if prefix else ''}PyTorch's {theirs}, which fits {ours}"
        for prefix, both in described
        if both is not None
        for theirs, ours in [both]
    )


def _described(shapes: Shapes) -> tuple[str, str] | None:
    """Return the names of PyTorch's class and of ours, with the sizes, that have parameters of these shapes."""
    if all(re.match(r"(weight|bias)_(ih|hh)", leaf) for leaf in shapes):
        return _recurrent(shapes)
    weight = shapes.get("weight", ())
    if set(shapes) == {"weight", "bias"} and len(weight) == 2:
        return "Linear", f"rnn.Readout({weight[1]}, {weight[0]})"
    if set(shapes) == {"weight", "bias"} and len(weight) == 1:
        return "LayerNorm", f"rnn.LayerNorm({weight[0]})"
    if set(shapes) == {"weight"} and len(weight) == 2:
        return "Embedding or Linear", (
            f"rnn.Embedding({weight[0]}, {weight[1]}) or rnn.Readout({weight[1]}, {weight[0]}, bias=False)"
        )
    return None


def _recurrent(shapes: Shapes) -> tuple[str, str] | None:
    of_input = next((s for leaf, s in shapes.items() if re.fullmatch(r"weight_ih(_l0)?", leaf)), ())
    of_state = next((s for leaf, s in shapes.items() if re.fullmatch(r"weight_hh(_l0)?", leaf)), ())
    if len(of_input) != 2 or len(of_state) != 2 or of_state[0] % of_state[1]:
        return None
    names = RECURRENT.get(of_state[0] // of_state[1])
    if names is None:
        return None
    theirs, layer, cell = names
    sizes = f"{of_input[1]}, {of_state[1]}"
    bias = "" if any(leaf.startswith("bias") for leaf in shapes) else ", bias=False"
    if not any("_l" in leaf for leaf in shapes):
        return f"{theirs}Cell", f"rnn.{cell}({sizes}{', reset_after=True' if cell == 'GRUCell' else ''}{bias})"
    layers = 1 + max(int(number) for leaf in shapes for number in re.findall(r"_l(\d+)", leaf))
    several = f", num_layers={layers}" if layers > 1 else ""
    both = ", bidirectional=True" if any(leaf.endswith("_reverse") for leaf in shapes) else ""
    return theirs, f"rnn.{layer}({sizes}{several}{bias}{both})"


def _plain(shapes: Shapes) -> Shapes:
    return {plain: shapes[leaf] for leaf, plain in _plain_names(shapes).items()}


def _plain_names(leaves: Iterable[str]) -> dict[str, str]:
    """Return names without the ``_l0`` of a single layer: a cell's and its layer's parameters are the same."""
    leaves = list(leaves)
    single = all(leaf.endswith("_l0") for leaf in leaves)
    return {leaf: leaf.removesuffix("_l0") if single else leaf for leaf in leaves}


def _joined(prefix: str, leaf: str) -> str:
    return f"{prefix}.{leaf}" if prefix else leaf
