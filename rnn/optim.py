"""Optimisers, and clipping of gradients: both read each parameter's ``grad``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import tinygraph as tg
from tinygraph.numeric import norm

from .module import Arrays, Module, zero_grad
from .rates import Rates, check_rates, part_of, rates_at
from .torch_names import OF_OPTIMIZERS

Parameters = Module | Mapping[str, tg.Tensor]


def named(parameters: Parameters) -> dict[str, tg.Tensor]:
    """Return the parameters of a module, or of a dict, by name."""
    if not isinstance(parameters, (Module, Mapping)):
        if isinstance(parameters, (list, tuple)) and any(isinstance(group, Mapping) for group in parameters):
            raise TypeError(
                "an optimiser takes a model, and a rate for each part by its name, not a list of groups: "
                'write rnn.Adam(model, lr={"cell": 1e-4, "readout": 1e-2})'
            )
        raise TypeError(
            f"an optimiser takes a model, or a dict of tensors by name, not {_told(parameters)}: "
            'write rnn.Adam(model), or rnn.Adam({"W": W, "b": b})'
        )
    by_name = dict(parameters.parameters() if isinstance(parameters, Module) else parameters)
    if not by_name:
        raise ValueError("there are no parameters to train")
    for name, parameter in by_name.items():
        if not isinstance(parameter, tg.Tensor):
            given = type(parameter).__name__
            raise TypeError(f"an optimiser trains tensors by name, but {name!r} is a {given}: write tg.parameter(…)")
    return by_name


def _told(parameters: object) -> str:
    if isinstance(parameters, tg.Tensor):
        return f"a Tensor of shape {parameters.shape}"
    several = isinstance(parameters, Sequence) and not isinstance(parameters, str)
    return f"a {type(parameters).__name__} of {len(parameters)}" if several else repr(parameters)  # type: ignore[arg-type]


class Optimizer:
    """Base of optimisers: the parameters, the count of updates, and slots of running arrays by name.

    A parameter whose ``grad`` is None, as that of a decoder that the loss does not use, is left as it is, without decay
    or momentum, as in PyTorch; one whose gradient is zero is updated.

    Parameters
    ----------
    parameters : Module or dict of tensors by name
    lr : float, function, or dict of them
        The learning rate, or a schedule from the number of updates done (0 at first) to it; or one for each part of
        the model by its name, as ``{"cell": 1e-4, "readout": 1e-2}``.
    weight_decay : float

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> fine_tuning = rnn.Adam(model, lr={"cell": 1e-4, "readout": rnn.step_decay(1e-2, every=100)})
    >>> fine_tuning.rate
    {'cell': 0.0001, 'readout': 0.01}
    """

    slots: tuple[str, ...] = ()

    def __init__(self, parameters: Parameters, lr: Rates, weight_decay: float = 0.0) -> None:
        self.parameters = named(parameters)
        self.lr, self.weight_decay, self.updates = lr, weight_decay, 0
        check_rates(lr, self.parameters)
        self.running: dict[str, Arrays] = {slot: {} for slot in self.slots}
        self.counts: dict[str, int] = dict.fromkeys(self.parameters, 0)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self).__name__
            instead = f"; write {OF_OPTIMIZERS[name]}" if name in OF_OPTIMIZERS else ""
            raise AttributeError(f"{kind!r} object has no attribute {name!r}{instead}", name=name, obj=self)

    @property
    def rate(self) -> float | dict[str, float]:
        """The learning rate of the next update, or those of the parts."""
        return rates_at(self.updates, self.lr)

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        rate = self.rate
        self.updates += 1
        for name, parameter in self.parameters.items():
            if parameter.grad is not None:
                self.counts[name] = self.counts.get(name, 0) + 1
                own = rate[part_of(name, rate)] if isinstance(rate, dict) else rate
                parameter.data = self.update(name, parameter.data, np.asarray(parameter.grad), own)

    def update(self, name: str, value: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the new value of the parameter `name`."""
        raise NotImplementedError(f"{type(self).__name__} has no rule")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or with False make them zero: what the loss does not use is then decayed, too."""
        zero_grad(self.parameters, set_to_none)

    def slot(self, slot: str, name: str, like: np.ndarray) -> np.ndarray:
        """Return the running array of the parameter `name`, zeros of the shape of `like` at first."""
        return self.running[slot].get(name, np.zeros_like(like))

    def state(self) -> tuple[int, Arrays]:
        """Return the count of updates, and the running arrays by "slot.parameter"; "count." where one had fewer."""
        arrays = {f"{slot}.{name}": a for slot, by_name in self.running.items() for name, a in by_name.items()}
        fewer = {name: count for name, count in self.counts.items() if count != self.updates}
        return self.updates, arrays | {f"count.{name}": np.array(float(count)) for name, count in fewer.items()}

    def load_state(self, updates: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` returned; all is checked before anything is set.

        Raises
        ------
        KeyError, ValueError
            When an array is of no slot, no parameter, another shape, or not of real numbers.
        """
        running: dict[str, Arrays] = {slot: {} for slot in (*self.slots, "count")}
        for key, array in arrays.items():
            slot, _, name = key.partition(".")
            if slot not in running or name not in self.parameters:
                raise KeyError(f"{type(self).__name__} has no running array {key!r}")
            shape = () if slot == "count" else self.parameters[name].shape
            if array.shape != shape:
                raise ValueError(f"{key} should have shape {shape}, not {array.shape}")
            if array.dtype.kind != "f":
                raise ValueError(f"{key} should hold floating-point numbers, not {array.dtype}")
            running[slot][name] = array
        counts = running.pop("count")
        if any(not 0 <= count <= updates for count in counts.values()):
            raise ValueError(f"no parameter has had more updates than there were, {updates}, or fewer than none")
        self.updates, self.running = updates, running
        self.counts = dict.fromkeys(self.parameters, updates) | {name: int(count) for name, count in counts.items()}


class SGD(Optimizer):
    """Gradient descent, with momentum: ``v ← μ v + g``, ``θ ← θ − η v``, or with Nesterov's ``θ ← θ − η (g + μ v)``.

    Parameters
    ----------
    parameters : Module or dict of tensors by name
    lr : float, function, or dict of them
        η, or a schedule of it, or those of the parts by name: see `Optimizer`.
    momentum : float
        μ.
    weight_decay : float
        λ, where λθ is added to the gradient g.
    nesterov : bool

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter(np.array([3.0, 4.0]), name="w")
    >>> (w * w).sum().backward()
    >>> SGD({"w": w}, lr=0.5).step()
    >>> w.data
    array([0., 0.])
    """

    slots = ("velocity",)

    def __init__(
        self,
        parameters: Parameters,
        lr: Rates = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        if nesterov and not momentum > 0:
            raise ValueError(f"nesterov needs a momentum above 0, not {momentum}")
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, name: str, value: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return θ − η v."""
        g = gradient + self.weight_decay * value if self.weight_decay else gradient
        if self.momentum:
            v = self.momentum * self.slot("velocity", name, value) + g
            self.running["velocity"][name] = v
            g = g + self.momentum * v if self.nesterov else v
        return value - rate * g


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

    Parameters
    ----------
    parameters : Module or dict of tensors by name
    lr : float, function, or dict of them
        η, or a schedule of it, or those of the parts by name: see `Optimizer`.
    betas : (float, float)
        How much of the running mean and of the running mean square an update keeps.
    eps : float
        ε, which bounds the step where gradients are tiny.
    weight_decay : float
        λ, where λθ is added to the gradient g.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter(np.array([3.0, -4.0]), name="w")
    >>> (w * w).sum().backward()
    >>> Adam({"w": w}, lr=0.1).step()
    >>> w.data
    array([ 2.9, -3.9])
    """

    slots = ("mean", "square")

    def __init__(
        self,
        parameters: Parameters,
        lr: Rates = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.betas, self.eps = betas, eps

    def update(self, name: str, value: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return θ − η m̂ / (√v̂ + ε)."""
        g = gradient + self.weight_decay * value if self.weight_decay else gradient
        β1, β2 = self.betas
        m, v = (np.asarray(β * self.slot(slot, name, value)) for β, slot in zip(self.betas, self.slots, strict=True))
        scratch = np.asarray((1 - β1) * g)
        m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - β2
        v += scratch
        self.running["mean"][name], self.running["square"][name] = m, v
        n = self.counts[name]
        np.divide(v, 1 - β2**n, out=scratch)  # v̂
        np.sqrt(scratch, out=scratch)
        scratch += self.eps
        step = np.asarray(m / (1 - β1**n))  # m̂
        step *= rate
        step /= scratch
        return np.subtract(value, step, out=step)


class AdamW(Adam):
    """Adam with decoupled weight decay, ``θ ← θ − ηλθ`` beside it (Loshchilov and Hutter 2019).

    Its parameters are those of `Adam`, but for `weight_decay`, which is not added to the gradient.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rates = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps)
        self.decoupled = weight_decay

    def update(self, name: str, value: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return Adam's update of the decayed value."""
        return super().update(name, value * (1 - rate * self.decoupled), gradient, rate)


def clip_grad_norm(parameters: Parameters, max_norm: float) -> float:
    """Scale all gradients together so that their norm is at most `max_norm`; keep the direction.

    Returns
    -------
    float
        The norm before. What is scaled has the norm `max_norm`, where PyTorch's has a millionth less.

    Raises
    ------
    FloatingPointError
        When a gradient is not finite; the message names its parameter.
    ValueError
        When the limit is negative or NaN: it would turn the gradients around.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter(np.array([3.0, 4.0]), name="w")
    >>> (w * w).sum().backward()
    >>> clip_grad_norm({"w": w}, 1.0), w.grad
    (10.0, array([0.6, 0.8]))
    """
    _check_limit("max_norm", max_norm)
    trained = _with_gradient(parameters)
    before = gradient_norm([p.grad for p in trained])
    if before > max_norm:
        for parameter in trained:
            parameter.grad = parameter.grad * (max_norm / before)
    return before


def clip_grad_value(parameters: Parameters, limit: float) -> None:
    """Clip every component of every gradient to [−limit, limit].

    Raises
    ------
    FloatingPointError
        When a gradient is not finite; the message names its parameter.
    ValueError
        When the limit is negative or NaN.
    """
    _check_limit("limit", limit)
    for parameter in _with_gradient(parameters):
        parameter.grad = np.clip(parameter.grad, -limit, limit)


def gradient_norm(gradients: Sequence[np.ndarray]) -> float:
    """Return the norm of several gradients together, also where their squares overflow or underflow.

    Examples
    --------
    >>> gradient_norm([np.array([3.0]), np.array([4.0])]), gradient_norm([np.array([3e200, 4e200])]) / 1e200
    (5.0, 5.0)
    """
    with np.errstate(over="ignore"):
        square = sum(float(np.vdot(gradient, gradient)) for gradient in gradients)
    return math.sqrt(square) if 1e-280 < square < math.inf else norm([norm(gradient) for gradient in gradients])


def _check_limit(name: str, limit: float) -> None:
    if not limit >= 0:
        raise ValueError(f"{name} should be at least 0, not {limit}")


def _with_gradient(parameters: Parameters) -> list[Any]:
    trained = {name: p for name, p in named(parameters).items() if p.grad is not None}
    not_finite = [name for name, p in trained.items() if not np.isfinite(np.asarray(p.grad)).all()]
    if not_finite:
        raise FloatingPointError(f"the gradient of {', '.join(not_finite)} is not finite")
    return list(trained.values())
