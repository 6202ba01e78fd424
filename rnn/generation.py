"""Sequences that a model writes: the loop that feeds back what was chosen, and the search for the likeliest.

>>> import numpy as np, rnn
>>> model = rnn.ManyToMany(rnn.Layers(rnn.Embedding(5, 3, rng=0), rnn.GRUCell(3, 8, rng=0)), 5, rng=0)
>>> generate(model, [1, 2, 3], steps=4, choose=rnn.sampler(temperature=0.8, top_k=3, rng=0)).shape
(4,)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .module import Module
from .sampling import Choose, greedy, log_softmax, plain_scores

Run = Callable[[Any, Any], tuple[Any, Any]]  # from inputs (T, …) and a state to T outputs and the next state
Encode = Callable[[np.ndarray], Any] | None  # from numbers to inputs


def generate(
    model: Run,
    prompt: ArrayLike,
    steps: int,
    *,
    choose: Choose = greedy,
    state: Any = None,
    end: int | None = None,
    encode: Encode = None,
) -> np.ndarray:
    """Return the numbers that a model writes after a prompt, each fed back as the next input.

    Parameters
    ----------
    model : Module with `run`, or function of (inputs, state)
        Gives the scores (N, K) of each time step, and the state to go on from. A Module is in evaluation.
    prompt : (T, N) or (T,) of int
        What has been written; T is at least 1.
    steps : int
        How many numbers to write.
    choose : function of scores (N, K)
        `greedy`, or what `sampler` returns.
    state : optional
        The state before the prompt.
    end : int, optional
        The number that ends a sequence: after it stands nothing but it.
    encode : function of numbers, optional
        Makes inputs of them, such as ``lambda y: rnn.one_hot(y, K)``; a model with an `Embedding` needs none.

    Returns
    -------
    (steps, N) or (steps,) of int
        Fewer time steps where all sequences have ended.
    """
    numbers = _prompt(prompt)
    ended = np.zeros(numbers.shape[1:], bool)
    written: list[np.ndarray] = []
    with _reading(model, encode) as read:
        while len(written) < steps and not (written and ended.all()):
            outputs, state = read(numbers, state)
            chosen = np.where(ended, 0 if end is None else end, choose(outputs))
            ended = ended | (chosen == end)
            written.append(chosen)
            numbers = chosen[None]
    return np.array(written, dtype=int).reshape(-1, *ended.shape)


class Beam(NamedTuple):
    """A sequence that a beam search has found.

    Attributes
    ----------
    numbers : (T,) array of int
        With the number that ends it, where it has ended.
    log_probability : float
        Of the numbers after the prompt.
    """

    numbers: np.ndarray
    log_probability: float


def beam_search(
    model: Run,
    prompt: ArrayLike,
    steps: int,
    beams: int = 4,
    *,
    state: Any = None,
    end: int | None = None,
    encode: Encode = None,
    length_penalty: float = 0.0,
    batch_axis: int = 0,
) -> list[Beam]:
    """Return the likeliest sequences after a prompt, best first, of those that a search of so many beams meets.

    Parameters
    ----------
    model, steps, end, encode
        As for `generate`; the model is run on a batch of `beams` sequences.
    prompt : (T,) of int
        Of one sequence.
    beams : int
        How many sequences are followed, and returned.
    state : optional
        The state before the prompt, of a batch of one.
    length_penalty : float
        Sequences are ranked by log p / length^penalty: above 0 long ones gain.
    batch_axis : int
        Which axis of the state counts the sequences; 1 for states as PyTorch's layers have them.

    Examples
    --------
    >>> def markov(xs, state):  # 0 is likely after 0, but 2 always after 1
    ...     return [np.log([[0.6, 0.4, 1e-9], [1e-9, 1e-9, 1.0], [0.3, 0.3, 0.4]])[x] for x in xs], state
    >>> [(beam.numbers.tolist(), round(float(np.exp(beam.log_probability)), 3))
    ...  for beam in beam_search(markov, [0], steps=2, beams=2)]
    [([1, 2], 0.4), ([0, 0], 0.36)]
    """
    numbers = _prompt(prompt)
    if numbers.ndim != 1 or beams < 1:
        raise ValueError(f"beam_search takes one prompt (T,) and at least one beam, not {numbers.shape} and {beams}")
    search = _Search(end, length_penalty)
    with _reading(model, encode) as read:
        scores, state = read(numbers[:, None], state)
        for step in range(steps):
            parents = search.go_on(log_softmax(plain_scores(scores)), beams)
            if search.ended.all() or step + 1 == steps:
                break
            scores, state = read(search.rows[None, :, -1], _taken(state, parents, batch_axis))
    return search.beams()


class _Search:
    """The sequences that a beam search follows, and their log-probabilities."""

    def __init__(self, end: int | None, length_penalty: float) -> None:
        self.end, self.length_penalty = end, length_penalty
        self.rows, self.totals, self.ended = np.zeros((1, 0), int), np.zeros(1), np.zeros(1, bool)

    def go_on(self, gains: np.ndarray, beams: int) -> np.ndarray:
        """Go on with the best, given log p (rows, K) of each next number; return which row each comes from."""
        symbols = gains.shape[-1]
        gains[self.ended] = np.where(np.arange(symbols) == self.end, 0.0, -np.inf)  # what has ended stays as it is
        totals = (self.totals[:, None] + gains).ravel()
        lengths = np.repeat(self.lengths() + ~self.ended, symbols)
        best = np.argsort(-totals / lengths**self.length_penalty, kind="stable")[:beams]
        best = best[totals[best] > -np.inf]
        parents, chosen = np.divmod(best, symbols)
        self.rows, self.totals = np.column_stack([self.rows[parents], chosen]), totals[best]
        self.ended = self.ended[parents] | (chosen == self.end)
        return parents

    def lengths(self) -> np.ndarray:
        """Return how many numbers each row has, up to the one that ends it."""
        ends = np.column_stack([self.rows == self.end, np.ones(len(self.rows), bool)])
        return np.minimum(ends.argmax(axis=1) + 1, self.rows.shape[1])

    def beams(self) -> list[Beam]:
        """Return the sequences, best first."""
        rows = zip(self.rows, self.lengths(), self.totals, strict=True)
        return [Beam(row[:length], float(total)) for row, length, total in rows]


def _taken(state: Any, indices: np.ndarray, axis: int) -> Any:
    """Return a state of the sequences that are gone on with."""
    if state is None:
        return None
    if isinstance(state, (tuple, list)):
        return tuple(_taken(part, indices, axis) for part in state)
    return tg.take(state, indices, axis) if isinstance(state, tg.Tensor) else np.take(state, indices, axis)


@contextmanager
def _reading(model: Any, encode: Encode) -> Iterator[Callable[[np.ndarray, Any], tuple[Any, Any]]]:
    """Give the function from numbers (T, …) and a state to the last scores and the next state; nothing is recorded."""
    if isinstance(model, Module) and not hasattr(model, "run"):
        raise TypeError(
            f"{model!r} has no run(inputs, state) to go on from; give a function of (inputs, state) "
            "that returns the outputs of all time steps and the next state"
        )
    run = getattr(model, "run", model)

    def read(numbers: np.ndarray, state: Any) -> tuple[Any, Any]:
        outputs, state = run(numbers if encode is None else encode(numbers), state)
        return outputs[-1], state

    with tg.no_grad(), model.evaluating() if isinstance(model, Module) else nullcontext():
        yield read


def _prompt(prompt: ArrayLike) -> np.ndarray:
    numbers = np.asarray(prompt)
    if numbers.ndim < 1 or not len(numbers) or numbers.dtype.kind not in "iu":
        given = f"{numbers.dtype} of shape {numbers.shape}"
        raise ValueError(f"the prompt should be at least one number, (T,) or (T, N) of int, not {given}")
    return numbers
