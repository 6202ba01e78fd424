"""What a trained model says of data, as arrays: in evaluation, recording nothing, in the order of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .batching import pad
from .checks import Lengths
from .module import Module
from .seq2seq import AttentionEncoderDecoder


def predict(model: Module, inputs: Any, lengths: Lengths = None, *, steps: Any = None, size: int = 64) -> Any:
    """Return a model's outputs as arrays.

    Parameters
    ----------
    model : Module
        Called with the inputs, and with ``lengths=`` where there are any.
    inputs : (T, N, …) array, or list of N sequences (T_n, …)
        A list is cut into padded batches of similar length.
    lengths : (N,) of int, optional
        Of an array that is padded.
    steps : int, or dict of ints by decoder, optional
        How many time steps a model writes that makes a sequence of its own, such as an encoder with a decoder.
    size : int
        Sequences in a batch of a list.

    Returns
    -------
    array, or list of N arrays
        (T, N, K) of a model that has an output in every time step, (N, K) of one that has one; of a list the N
        outputs in its order, (T_n, K) or (K,) each. What is written in so many `steps` is (steps, N, K), or a list of
        (steps, K); of several decoders a dict of such by name.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.ManyToOne(rnn.GRUCell(3, 8, rng=0), 2, rng=0)
    >>> predict(model, np.zeros((5, 4, 3))).shape
    (4, 2)
    >>> [output.shape for output in predict(model, [np.zeros((T, 3)) for T in (5, 1, 7)])]
    [(2,), (2,), (2,)]
    >>> model = rnn.EncoderDecoder(rnn.GRUCell(3, 8, rng=0), rnn.Decoder(rnn.GRUCell(2, 8, rng=0), 2, rng=0))
    >>> predict(model, np.zeros((5, 4, 3)), steps=6).shape
    (6, 4, 2)
    """
    with tg.no_grad(), model.evaluating():
        if not isinstance(inputs, list):
            return _outputs(model, inputs, lengths, steps)
        if lengths is not None or size < 1:
            raise ValueError("predict takes lengths of a padded array, and batches of at least one sequence of a list")
        return _of_list(model, inputs, steps, size)


def _of_list(model: Any, sequences: list[ArrayLike], steps: Any, size: int) -> Any:
    order = np.argsort([len(np.asarray(sequence)) for sequence in sequences], kind="stable")
    predictions: dict[str, list[Any]] = {}
    for start in range(0, len(order), size):
        members = order[start : start + size]
        xs, lengths = pad([np.asarray(sequences[i]) for i in members])
        outputs = _outputs(model, xs, lengths, steps)
        for name, array in outputs.items() if isinstance(outputs, dict) else [("", outputs)]:
            of_all = predictions.setdefault(name, [None] * len(sequences))
            for place, (i, length) in enumerate(zip(members, lengths, strict=True)):
                times = slice(length if steps is None else None)
                of_all[i] = array[times, place] if array.ndim == 3 else array[place]
    return predictions.get("", predictions or [])


def _outputs(model: Any, xs: Any, lengths: Any, steps: Any) -> Any:
    options = {} if lengths is None else {"lengths": lengths}
    outputs = model(xs, **options) if steps is None else model(xs, steps=steps, **options)
    if isinstance(model, AttentionEncoderDecoder):
        outputs, _ = outputs
    if isinstance(outputs, dict):
        return {name: _array(output) for name, output in outputs.items()}
    return _array(outputs)


def _array(outputs: Any) -> np.ndarray:
    if isinstance(outputs, (list, tuple)):
        return np.stack([output.data for output in outputs])
    return np.array(outputs.data)
