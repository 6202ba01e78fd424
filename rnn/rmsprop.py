"""RMSprop: gradients divided by the root of their running mean square."""

from __future__ import annotations

import numpy as np

from .optim import Optimizer, Parameters
from .rates import Rates


class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (Tieleman and Hinton 2012), as PyTorch's RMSprop.

    ``v ← α v + (1 − α) g²``, ``θ ← θ − η g / (√v + ε)``.

    Parameters
    ----------
    parameters : Module or dict of tensors by name
    lr : float, function, or dict of them
        η, or a schedule of it, or those of the parts by name: see `Optimizer`.
    alpha : float
        α.
    eps : float
        ε.
    weight_decay : float
        λ, where λθ is added to the gradient g.
    momentum : float
        How much of the last step the next one keeps.
    centered : bool
        Divide by the running deviation instead, √(v − m²), with m the running mean (Graves 2013, eqs. 38 to 45).

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter(np.array([3.0, -4.0]), name="w")
    >>> (w * w).sum().backward()
    >>> RMSprop({"w": w}, lr=0.01).step()
    >>> w.data
    array([ 2.9, -3.9])
    """

    slots = ("square", "mean", "velocity")

    def __init__(
        self,
        parameters: Parameters,
        lr: Rates = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered

    def update(self, name: str, value: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return θ − η g / (√v + ε)."""
        g = gradient + self.weight_decay * value if self.weight_decay else gradient
        v = self._running("square", name, g * g)
        spread = v - self._running("mean", name, g) ** 2 if self.centered else v
        step = g / (np.sqrt(spread) + self.eps)
        if self.momentum:
            step = self.momentum * self.slot("velocity", name, value) + step
            self.running["velocity"][name] = step
        return value - rate * step

    def _running(self, slot: str, name: str, new: np.ndarray) -> np.ndarray:
        mean = self.alpha * self.slot(slot, name, new) + (1 - self.alpha) * new
        self.running[slot][name] = mean
        return mean
