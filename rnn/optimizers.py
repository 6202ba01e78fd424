"""Optimisers by their names, with rates that small recurrent networks train at."""

from __future__ import annotations

from collections.abc import Callable

from .optim import SGD, Adam, AdamW, Optimizer, Parameters
from .rates import Rates
from .rmsprop import RMSprop

OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], float]] = {
    "sgd": (SGD, 0.1),
    "adam": (Adam, 0.01),
    "adamw": (AdamW, 0.01),
    "rmsprop": (RMSprop, 0.01),
}


def optimizer_for(optimizer: Optimizer | str | None, parameters: Parameters, lr: Rates | None = None) -> Optimizer:
    """Return an optimiser: the one given, or a new one by its name, with a rate that small networks train at.

    Parameters
    ----------
    optimizer : Optimizer, "adam", "adamw", "rmsprop", "sgd", or None for Adam
    parameters : Module or dict of tensors by name
        What a new one trains.
    lr : float, function, or dict of them by part, optional
        The rate of a new one; 0.01, or 0.1 for "sgd", when not given.

    Raises
    ------
    ValueError, TypeError
        When there is no optimiser of that name, or it is something else.

    Examples
    --------
    >>> import rnn
    >>> type(optimizer_for("rmsprop", rnn.ElmanCell(2, 3, rng=0))).__name__
    'RMSprop'
    """
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ValueError(f"{type(optimizer).__name__} has a rate of its own: give it lr when it is made")
        return optimizer
    name = "adam" if optimizer is None else optimizer
    if isinstance(name, type) and issubclass(name, Optimizer):
        raise TypeError(f"optimizer should be an optimiser, not its class: write rnn.{name.__name__}(model, lr=0.01)")
    if not isinstance(name, str):
        raise TypeError(f"optimizer should be one such as rnn.Adam(model), or its name, not {name!r}")
    if name.lower() not in OPTIMIZERS:
        raise ValueError(
            f"optimizer should be one of {sorted(OPTIMIZERS)}, or one such as rnn.Adam(model), not {name!r}"
        )
    make, rate = OPTIMIZERS[name.lower()]
    return make(parameters, lr=rate if lr is None else lr)
