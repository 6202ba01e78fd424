"""MyGrad's functions for networks, written in NumPy or taken from this engine."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygraph as tg

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of the activation selu


def _number(x: Any) -> Any:
    """Return a number that may come as an array or a Tensor."""
    return x.item() if hasattr(x, "item") else x


def _labels(x: Any) -> np.ndarray:
    return np.asarray(x.numpy() if isinstance(x, tg.Tensor) else x)


def _elu(x: Any, alpha: Any) -> Any:
    return np.where(x < 0, _number(alpha) * np.expm1(np.minimum(x, 0)), x)


def _glu(x: Any, axis: Any = -1) -> Any:
    first, second = np.split(x, 2, axis=int(_number(axis)))
    return first * tg.sigmoid(second)


def _picked(scores: Any, labels: Any) -> Any:
    return scores[np.arange(len(scores)), _labels(labels)]


def _softmax_crossentropy(x: Any, y_true: Any) -> Any:
    return -np.mean(_picked(tg.log_softmax(x), y_true))


def _negative_log_likelihood(x: Any, y_true: Any, *, weights: Any = None) -> Any:
    factors = 1.0 if weights is None else weights[_labels(y_true)]
    return -np.mean(factors * _picked(x, y_true))


def _focal_loss(class_probs: Any, targets: Any, *, alpha: float = 1, gamma: float = 0) -> Any:
    p = _picked(class_probs, targets)
    return -alpha * np.clip(1 - p, 0, 1) ** gamma * np.log(p)


def _softmax_focal_loss(scores: Any, targets: Any, *, alpha: float = 1, gamma: float = 0) -> Any:
    return _focal_loss(tg.softmax(scores), targets, alpha=alpha, gamma=gamma)


def _batchnorm(x: Any, *, gamma: Any = None, beta: Any = None, eps: float) -> Any:
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    y = (x - np.mean(x, axes, keepdims=True)) / np.sqrt(np.var(x, axes, keepdims=True) + eps)
    shape = [-1 if axis == 1 else 1 for axis in range(x.ndim)]
    y = y if gamma is None else y * np.reshape(gamma, shape)
    return y if beta is None else y + np.reshape(beta, shape)


def _conv_nd(x: Any, filter_bank: Any, *, stride: Any, padding: Any = 0, dilation: Any = 1) -> Any:
    rank = np.ndim(x) - 2
    strides, paddings, dilations = (
        value if isinstance(value, tuple) else (value,) * rank for value in (stride, padding, dilation)
    )
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in paddings)])
    lengths = filter_bank.shape[2:]
    spans = tuple((length - 1) * d + 1 for length, d in zip(lengths, dilations, strict=True))
    axes = tuple(range(2, rank + 2))
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    every = tuple(slice(None, None, s) for s in strides) + tuple(slice(None, None, d) for d in dilations)
    windows = windows[(slice(None), slice(None), *every)]
    inner = [1, *range(rank + 2, 2 * rank + 2)]
    return np.moveaxis(np.tensordot(windows, filter_bank, (inner, [1, *axes])), -1, 1)


FUNCTIONS = {
    "softmax": tg.softmax,
    "logsoftmax": tg.log_softmax,
    "sigmoid": tg.sigmoid,
    "relu": tg.relu,
    "elu": _elu,
    "selu": lambda x: SCALE * _elu(x, ALPHA),
    "glu": _glu,
    "leaky_relu": lambda x, slope: np.maximum(x, 0) + _number(slope) * np.minimum(x, 0),
    "hard_tanh": lambda x, *, lower_bound=-1, upper_bound=1: np.maximum(
        np.minimum(x, _number(upper_bound)), _number(lower_bound)
    ),
    "soft_sign": lambda x: x / (1 + np.abs(x)),
    "softmax_crossentropy": _softmax_crossentropy,
    "negative_log_likelihood": _negative_log_likelihood,
    "focal_loss": _focal_loss,
    "softmax_focal_loss": _softmax_focal_loss,
    "batchnorm": _batchnorm,
    "conv_nd": _conv_nd,
}
