"""How the next symbol is chosen, from the scores of a model: the likeliest, or at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .init import Rng, generator

Choose = Callable[[Any], np.ndarray]  # from scores (…, K) to numbers (…)


def greedy(scores: ArrayLike | Sequence[tg.Tensor]) -> np.ndarray:
    """Return the numbers (…) of the largest scores (…, K); of a list of outputs, one a time step, (T, …).

    Examples
    --------
    >>> greedy([[0.1, 2.0, -1.0], [3.0, 0.0, 0.0]])
    array([1, 0])
    >>> greedy([tg.tensor([[0.1, 2.0]]), tg.tensor([[3.0, 0.0]])])
    array([[1],
           [0]])
    """
    return np.argmax(plain_scores(scores), axis=-1)


def sampling_probabilities(
    scores: ArrayLike, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Return the probabilities (…, K) that `sampler` draws from: the softmax of scores, sharpened and cut off.

    Parameters
    ----------
    scores : (…, K)
    temperature : float
        Divides the scores: below 1 the likely becomes likelier.
    top_k : int, optional
        Only the k most likely symbols are left; more where scores are equal.
    top_p : float, optional
        Only the fewest symbols are left whose probabilities add up to p, the nucleus (Holtzman et al. 2020); after
        `top_k` where both are given.

    Raises
    ------
    ValueError
        When temperature is not positive, or another argument out of its range.

    Examples
    --------
    >>> scores = np.log([0.5, 0.3, 0.15, 0.05])
    >>> sampling_probabilities(scores, top_k=2)
    array([0.625, 0.375, 0.   , 0.   ])
    >>> sampling_probabilities(scores, top_p=0.75)
    array([0.625, 0.375, 0.   , 0.   ])
    """
    scores = plain_scores(scores)
    if not temperature > 0:
        raise ValueError(f"temperature should be above 0, not {temperature}; for the most likely take rnn.greedy")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k should be at least 1, not {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p should be above 0 and at most 1, not {top_p}")
    scores = scores / temperature
    if top_k is not None and top_k < scores.shape[-1]:
        least = np.sort(scores, axis=-1)[..., [-top_k]]
        scores = np.where(scores >= least, scores, -np.inf)
    p = _softmax(scores)
    return p if top_p is None else _nucleus(p, top_p)


def sampler(
    temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None, *, rng: Rng = None
) -> Choose:
    """Return the function that draws numbers (…) at the `sampling_probabilities` of scores (…, K).

    Parameters
    ----------
    temperature, top_k, top_p
        As for `sampling_probabilities`.
    rng : numpy.random.Generator or int
        Draws the numbers.

    Examples
    --------
    >>> choose = sampler(top_k=2, rng=0)
    >>> choose(np.log([0.5, 0.3, 0.15, 0.05])) in (0, 1)
    True
    """
    rng = generator(rng)

    def choose(scores: Any) -> np.ndarray:
        p = sampling_probabilities(scores, temperature, top_k, top_p)
        chances = np.cumsum(p, axis=-1)
        drawn = rng.random(p.shape[:-1])[..., None] * chances[..., -1:]
        return np.minimum((chances <= drawn).sum(axis=-1), p.shape[-1] - 1)

    return choose


def plain_scores(scores: Any) -> np.ndarray:
    """Return scores as an array of floating-point numbers of its own.

    Raises
    ------
    ValueError
        When there is a NaN among them.
    """
    if isinstance(scores, (list, tuple)):
        scores = [score.data if isinstance(score, tg.Tensor) else score for score in scores]
    scores = np.array(scores.data if isinstance(scores, tg.Tensor) else scores)
    if np.isnan(scores).any():
        raise ValueError("the scores hold NaN: there is no symbol to choose")
    return scores if scores.dtype.kind == "f" else scores.astype(float)


def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(scores))


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return the logarithm of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _nucleus(p: np.ndarray, top_p: float) -> np.ndarray:
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=-1)
    before = np.cumsum(ranked, axis=-1) - ranked
    ranked = np.where(before < top_p, ranked, 0)  # the likeliest always stays
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, ranked, axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)
