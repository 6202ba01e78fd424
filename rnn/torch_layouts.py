"""PyTorch's names and layouts for the parameters of cells: two biases, gates stacked in one matrix.

PyTorch adds a bias to the input product and another to the recurrent one. Where ours have one, theirs are
added when read, and the second is written as zero. Parameters that PyTorch does not have, as peepholes and
a learned initial state, pass through as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .module import Arrays

AFFINE = {"U": "weight_ih", "W": "weight_hh", "b": "bias_ih", "d": "bias_hh"}
GRU = {"W_r", "W_z", "U", "W", "b_r", "b_z", "b", "d_r", "d_z", "d"}
TORCH = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}


def permute_blocks(array: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Return `array` with its equal row blocks (one a gate) in another order.

    Examples
    --------
    >>> permute_blocks(np.array([1, 2, 3, 4]), (1, 0))
    array([3, 4, 1, 2])
    """
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[position] for position in order])


def affine_to_torch(own: Arrays, order: tuple[int, ...] = (0,)) -> Arrays:
    """Return U, W and b as weight_ih, weight_hh, bias_ih and bias_hh; block k of PyTorch is our block order[k]."""
    state = {theirs: permute_blocks(own[ours], order) for ours, theirs in AFFINE.items() if ours in own}
    if "bias_ih" in state:
        state.setdefault("bias_hh", np.zeros_like(state["bias_ih"]))
    return state | _without(own, AFFINE)


def affine_from_torch(state: Arrays, order: tuple[int, ...] = (0,), *, two_biases: bool = False) -> Arrays:
    """Undo `affine_to_torch`; our block k is PyTorch's block order[k]."""
    affine = dict(state)
    if "bias_ih" in state and not two_biases:
        affine["bias_ih"] = state["bias_ih"] + affine.pop("bias_hh")
    own = {ours: permute_blocks(affine[theirs], order) for ours, theirs in AFFINE.items() if theirs in affine}
    return own | _without(state, TORCH)


def gru_to_torch(own: Arrays) -> Arrays:
    """Return the reset-after GRU's parameters as PyTorch's, whose blocks are r, z and the candidate."""
    size = own["W"].shape[0]
    state = {
        "weight_ih": np.concatenate([own["W_r"][:, size:], own["W_z"][:, size:], own["U"]]),
        "weight_hh": np.concatenate([own["W_r"][:, :size], own["W_z"][:, :size], own["W"]]),
    }
    if "b" in own:
        blank = np.zeros_like(own["d"])
        state["bias_ih"] = np.concatenate([own["b_r"], own["b_z"], own["b"]])
        state["bias_hh"] = np.concatenate([own.get("d_r", blank), own.get("d_z", blank), own["d"]])
    return state | _without(own, GRU)


def gru_from_torch(state: Arrays, *, two_biases: bool = False) -> Arrays:
    """Undo `gru_to_torch`."""
    inputs, recurrent = np.split(state["weight_ih"], 3), np.split(state["weight_hh"], 3)
    own = {
        "W_r": np.concatenate([recurrent[0], inputs[0]], axis=1),
        "W_z": np.concatenate([recurrent[1], inputs[1]], axis=1),
        "U": inputs[2],
        "W": recurrent[2],
    }
    if "bias_ih" in state:
        first, second = np.split(state["bias_ih"], 3), np.split(state["bias_hh"], 3)
        own |= {"b": first[2], "d": second[2]}
        if two_biases:
            own |= {"b_r": first[0], "b_z": first[1], "d_r": second[0], "d_z": second[1]}
        else:
            own |= {"b_r": first[0] + second[0], "b_z": first[1] + second[1]}
    return own | _without(state, TORCH)


def _without(arrays: Arrays, names: Iterable[str]) -> Arrays:
    return {name: array for name, array in arrays.items() if name not in names}
