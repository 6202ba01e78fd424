"""The ops of tinygraph in PyTorch's own functions: an independent engine to run the same programs on."""

import math
from functools import partial

import numpy as np
import torch


def dims(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def reduced(function):
    return lambda x, axis=None, keepdims=False: function(x, dims(x, axis), keepdims)


def product(x, axis=None, keepdims=False):
    for dim in sorted((d % x.ndim for d in dims(x, axis)), reverse=True):
        x = torch.prod(x, dim, keepdim=keepdims)
    return x


def running(function):
    return lambda x, axis=None: function(x.reshape(-1), 0) if axis is None else function(x, axis)


def spread(correction_to):
    def function(x, axis=None, ddof=0, keepdims=False):
        return correction_to(x, dims(x, axis), correction=ddof, keepdim=keepdims)

    return function


def read(x, index=()):
    """Torch has no negative steps: read the places that NumPy reads."""
    places = np.arange(x.numel()).reshape(tuple(x.shape))[index]
    return x.reshape(-1)[torch.as_tensor(np.array(places))]


def written(g, index=(), shape=()):
    places = np.arange(math.prod(shape)).reshape(shape)[index]
    flat = torch.zeros(math.prod(shape), dtype=g.dtype)
    return flat.index_put((torch.as_tensor(np.array(places)),), g, accumulate=True).reshape(shape)


def axis_or_all(x, axis):
    return list(range(x.ndim)) if axis is None else list(dims(x, axis))


def squeezed(x, axis=None):
    return torch.squeeze(x) if axis is None else torch.squeeze(x, dims(x, axis))


def expanded(x, axis=0):
    rank = x.ndim + (len(axis) if isinstance(axis, tuple) else 1)
    for dim in sorted(d % rank for d in (axis if isinstance(axis, tuple) else (axis,))):
        x = x.unsqueeze(dim)
    return x


def summed_to(x, shape=()):
    return x.sum_to_size(shape)


def repeated(x, repeats=1, axis=None):
    counts = torch.as_tensor(repeats) if not isinstance(repeats, int) else repeats
    return torch.repeat_interleave(x, counts, dim=axis)


def rolled(x, shift=0, axis=None):
    return torch.roll(x, shift, axis) if axis is not None else torch.roll(x.reshape(-1), shift).reshape(x.shape)


def tiled(x, reps=1):
    return torch.tile(x, reps if isinstance(reps, tuple) else (reps,))


def ordered(x, axis=-1):
    return torch.sort(x.reshape(-1) if axis is None else x, dim=-1 if axis is None else axis).values


def cross_entropy(o, target, reduction="none"):
    losses = torch.nn.functional.cross_entropy(
        o.reshape(-1, o.shape[-1]), torch.as_tensor(target).reshape(-1), reduction=reduction
    )
    return losses.reshape(o.shape[:-1]) if reduction == "none" else losses


def convolved(a, v):
    kernel = torch.flip(v, (0,))[None, None]
    return torch.nn.functional.conv1d(a[None, None], kernel, padding=v.shape[0] - 1)[0, 0]


def contracted(a, b, axes=2):
    if isinstance(axes, int):
        return torch.tensordot(a, b, axes)
    return torch.tensordot(a, b, tuple([axis] if isinstance(axis, int) else list(axis) for axis in axes))


def plain(x):
    return x if isinstance(x, torch.Tensor) else torch.as_tensor(np.asarray(x))


def of_triangle(x, uplo="L"):
    """Torch reads the same triangle, but spreads the gradient over both."""
    lower = torch.tril(x if uplo == "L" else x.mT)
    return lower + torch.tril(lower, -1).mT


def log_beta(a, b):
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


SPECIAL = [
    "digamma",
    "entr",
    "erfc",
    "erfcx",
    "erfinv",
    "expit",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log_ndtr",
    "logit",
    "ndtr",
    "ndtri",
    "xlog1py",
    "xlogy",
]
F = torch.nn.functional
ELEMENTWISE = [
    "add",
    "subtract",
    "multiply",
    "negative",
    "positive",
    "reciprocal",
    "square",
    "sqrt",
    "absolute",
    "copysign",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "hypot",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "where",
    "sigmoid",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "logaddexp",
    "logaddexp2",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
    "deg2rad",
    "rad2deg",
    "sinc",
    "tanh",
    "sinh",
    "cosh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "fmod",
    "remainder",
    "fliplr",
    "flipud",
    "outer",
    "matmul",
]

PEERS = {
    **{name: getattr(torch, name) for name in ELEMENTWISE},
    "divide": torch.divide,
    "power": torch.pow,
    "ldexp": lambda x, exponent: x * 2.0**exponent,  # torch's own has the gradient 0 for a negative integer
    "alias": lambda x: x * 1,
    "copy": torch.clone,
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "clip": lambda x, low, high: torch.clip(x, plain(low), plain(high)),
    "linear": F.linear,
    "silu": F.silu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "relu": F.relu,
    "leaky_relu": lambda x, slope=0.01: F.leaky_relu(x, slope),
    "elu": F.elu,
    "gelu": F.gelu,
    "getitem": read,
    "scatter": written,
    "tile": tiled,
    "repeat": repeated,
    "diagonal": lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
    "reshape": lambda x, shape=None: torch.reshape(x, shape if isinstance(shape, tuple) else (shape,)),
    "ravel": torch.ravel,
    "transpose": lambda x, axes=None: torch.permute(x, axes or tuple(range(x.ndim))[::-1]),
    "swapaxes": lambda x, axis1=-1, axis2=-2: torch.swapaxes(x, axis1, axis2),
    "moveaxis": torch.moveaxis,
    "expand_dims": expanded,
    "squeeze": squeezed,
    "broadcast_to": lambda x, shape=(): torch.broadcast_to(x, shape),
    "sum_to": summed_to,
    "flip": lambda x, axis=None: torch.flip(x, axis_or_all(x, axis)),
    "rot90": lambda x, k=1, axes=(0, 1): torch.rot90(x, k, axes),
    "roll": rolled,
    "tril": lambda x, k=0: torch.tril(x, k),
    "triu": lambda x, k=0: torch.triu(x, k),
    "tensordot": contracted,
    "sum": reduced(lambda x, dim, keep: torch.sum(x, dim, keepdim=keep)),
    "mean": reduced(lambda x, dim, keep: torch.mean(x, dim, keepdim=keep)),
    "max": reduced(lambda x, dim, keep: torch.amax(x, dim, keepdim=keep)),
    "min": reduced(lambda x, dim, keep: torch.amin(x, dim, keepdim=keep)),
    "logsumexp": reduced(lambda x, dim, keep: torch.logsumexp(x, dim, keepdim=keep)),
    "prod": product,
    "cumsum": running(torch.cumsum),
    "cumprod": running(torch.cumprod),
    "var": spread(torch.var),
    "std": spread(torch.std),
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "sort": ordered,
    "convolve": convolved,
    "softmax_cross_entropy": cross_entropy,
    ("softmax_cross_entropy", "sum"): partial(cross_entropy, reduction="sum"),
    ("softmax_cross_entropy", "mean"): partial(cross_entropy, reduction="mean"),
    **{name: getattr(torch.special, name) for name in SPECIAL},
    "log_expit": F.logsigmoid,
    "gamma": lambda x: torch.exp(torch.lgamma(x)),
    "beta": lambda a, b: torch.exp(log_beta(a, b)),
    "betaln": lambda a, b: log_beta(a, b),
    "rel_entr": lambda a, b: a * torch.log(a / b),
    "kl_div": lambda a, b: a * torch.log(a / b) - a + b,
    "zeta": lambda x, order=2: torch.special.zeta(torch.tensor(float(order), dtype=x.dtype), x),
    "gammainc": lambda x, a=1: torch.special.gammainc(torch.tensor(a, dtype=x.dtype), x),
    "gammaincc": lambda x, a=1: torch.special.gammaincc(torch.tensor(a, dtype=x.dtype), x),
    "cholesky": lambda x: torch.linalg.cholesky(of_triangle(x)),
    "eigvalsh": lambda x, uplo="L": torch.linalg.eigvalsh(of_triangle(x, uplo)),
    "svdvals": torch.linalg.svdvals,
    "inv": torch.linalg.inv,
    "solve": torch.linalg.solve,
    "det": torch.linalg.det,
    "logabsdet": lambda x: torch.linalg.slogdet(x).logabsdet,
    "pinv": torch.linalg.pinv,
}
SEQUENCES = {
    "concatenate": lambda xs, axis=0: torch.cat(xs if axis is not None else [x.reshape(-1) for x in xs], axis or 0),
    "stack": lambda xs, axis=0: torch.stack(xs, axis),
    "einsum": lambda xs, subscripts="": torch.einsum(subscripts, *xs),
}


def run(program, inputs):
    """Run the instructions of a program on torch tensors; return its outputs."""
    values = list(inputs)
    for line in program.instructions:
        arguments = [values[a] if isinstance(a, int) else a for a in line.arguments]
        name = line.op.name
        if name in SEQUENCES:
            values.append(SEQUENCES[name](list(map(plain, arguments)), **line.attributes))
        else:
            converted = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
            peer = PEERS.get((name, line.op.facts.get("form"))) or PEERS[name]
            values.append(peer(*converted, **line.attributes))
    return [values[i] for i in program.outputs]
