"""PyTorch's names and layouts for the parameters of cells: two biases, gates stacked in one matrix.

PyTorch adds a bias to the input product and another to the recurrent one. Ours have one: theirs are
added when read, and the second is written as zero.
"""

from __future__ import annotations

import numpy as np

Arrays = dict[str, np.ndarray]

AFFINE = {"U": "weight_ih", "W": "weight_hh", "b": "bias_ih"}


def permute_blocks(array: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Return `array` with its equal row blocks (one a gate) in another order.

    Examples
    --------
    >>> permute_blocks(np.array([1, 2, 3, 4]), (1, 0))
    array([3, 4, 1, 2])
    """
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[position] for position in order])


def export_affine(own: Arrays, order: tuple[int, ...] = (0,)) -> Arrays:
    """Turn U, W and b into weight_ih, weight_hh, bias_ih and bias_hh; other names stay as they are."""
    state = {AFFINE[k]: permute_blocks(own[k], order) for k in AFFINE if k in own}
    if "bias_ih" in state:
        state["bias_hh"] = np.zeros_like(state["bias_ih"])
    return state | {k: array for k, array in own.items() if k not in AFFINE}


def import_affine(state: Arrays, order: tuple[int, ...] = (0,)) -> Arrays:
    """Undo `export_affine`; `order` is the order of PyTorch's blocks in ours."""
    rest = {k: array for k, array in state.items() if k not in (*AFFINE.values(), "bias_hh")}
    joined = dict(state)
    if "bias_ih" in state:
        joined["bias_ih"] = state["bias_ih"] + state["bias_hh"]
    own = {k: permute_blocks(joined[name], order) for k, name in AFFINE.items() if name in joined}
    return own | rest


def export_gru(own: Arrays) -> Arrays:
    """Turn the reset-after GRU's parameters into PyTorch's, whose blocks are r, z and the candidate."""
    size = own["W"].shape[0]
    state = {
        "weight_ih": np.concatenate([own["W_r"][:, size:], own["W_z"][:, size:], own["U"]]),
        "weight_hh": np.concatenate([own["W_r"][:, :size], own["W_z"][:, :size], own["W"]]),
    }
    if "b" in own:
        blank = np.zeros_like(own["d"])
        state["bias_ih"] = np.concatenate([own["b_r"], own["b_z"], own["b"]])
        state["bias_hh"] = np.concatenate([blank, blank, own["d"]])
    known = {"W_r", "W_z", "U", "W", "b_r", "b_z", "b", "d"}
    return state | {k: array for k, array in own.items() if k not in known}


def import_gru(state: Arrays) -> Arrays:
    """Undo `export_gru`."""
    inputs, recurrent = np.split(state["weight_ih"], 3), np.split(state["weight_hh"], 3)
    own = {
        "W_r": np.concatenate([recurrent[0], inputs[0]], axis=1),
        "W_z": np.concatenate([recurrent[1], inputs[1]], axis=1),
        "U": inputs[2],
        "W": recurrent[2],
    }
    if "bias_ih" in state:
        first, second = np.split(state["bias_ih"], 3), np.split(state["bias_hh"], 3)
        own |= {"b_r": first[0] + second[0], "b_z": first[1] + second[1], "b": first[2], "d": second[2]}
    known = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    return own | {k: array for k, array in state.items() if k not in known}
