"""What a model is worth: numbers from its outputs, without recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .checks import Lengths, mask


def accuracy(outputs: Any, targets: ArrayLike, lengths: Lengths = None, *, ignore_index: int = -100) -> float:
    """Return the share of targets whose score is the largest.

    Parameters
    ----------
    outputs : list of T of (N, K), or (…, K)
        Scores or probabilities, as `cross_entropy` takes them.
    targets : (T, N) or (…) of int
    lengths : (N,) of int, optional
        Leaves out the time steps after each sequence's end.
    ignore_index : int
        A target that does not count.

    Examples
    --------
    >>> accuracy([[[0.1, 0.9]], [[0.8, 0.2]]], [[1], [1]])
    0.5
    """
    scores, targets = _array(outputs), np.asarray(targets)
    if targets.dtype.kind not in "iu" or scores.shape[:-1] != targets.shape:
        given = f"{targets.dtype} of shape {targets.shape}"
        raise ValueError(f"accuracy needs targets that are integers of shape {scores.shape[:-1]}, not {given}")
    counts = targets != ignore_index
    if lengths is not None:
        counts &= mask(lengths, len(targets), targets.shape[1:2])[..., 0]
    if not counts.any():
        raise ValueError("there is no target that counts")
    return float((scores.argmax(axis=-1) == targets)[counts].mean())


def perplexity(loss: float | tg.Tensor) -> float:
    """Return e^loss of a mean cross-entropy, in nats a symbol: among how many symbols the model hesitates.

    Examples
    --------
    >>> round(perplexity(np.log(8)), 12)
    8.0
    """
    return math.exp(_number(loss))


def bits_per_character(loss: float | tg.Tensor) -> float:
    """Return a mean cross-entropy, in nats a character, in bits.

    Examples
    --------
    >>> bits_per_character(np.log(8))
    3.0
    """
    return _number(loss) / math.log(2)


def bleu(hypotheses: Sequence[Sequence[Any]], references: Sequence[Sequence[Any]]) -> float:
    """Return the corpus BLEU, from 0 to 100, as sacrebleu computes it (``pip install tinygraph-rnn[bleu]``).

    Parameters
    ----------
    hypotheses, references : list of N sequences of words, or of N sentences
        Words are compared as they are, without sacrebleu's own tokeniser; of a sentence, a string, it is asked for.

    Examples
    --------
    >>> round(bleu([["a", "b", "c", "d"]], [["a", "b", "c", "d"]]))  # doctest: +SKIP
    100
    """
    try:
        import sacrebleu  # optional: BLEU has many variants, and its are the ones that papers report
    except ImportError as error:
        raise ImportError("bleu needs sacrebleu: pip install tinygraph-rnn[bleu]") from error
    if len(hypotheses) != len(references) or not hypotheses:
        raise ValueError(f"bleu needs a reference for each hypothesis, not {len(references)} for {len(hypotheses)}")
    sentences = isinstance(hypotheses[0], str)
    texts = [[text if sentences else " ".join(map(str, text)) for text in side] for side in (hypotheses, references)]
    options = {} if sentences else {"tokenize": "none", "force": True}
    return float(sacrebleu.corpus_bleu(texts[0], [texts[1]], **options).score)


def _array(outputs: Any) -> np.ndarray:
    if isinstance(outputs, (list, tuple)):
        return np.stack([_array(output) for output in outputs])
    return np.asarray(outputs.data if isinstance(outputs, tg.Tensor) else outputs)


def _number(loss: float | tg.Tensor) -> float:
    return float(loss.item()) if isinstance(loss, tg.Tensor) else float(loss)
