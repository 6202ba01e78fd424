"""What a training run has measured, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """What a training run has measured, one entry an epoch.

    Attributes
    ----------
    train, validation : list of float
        Mean losses; `validation` is empty where there is no validation data.
    gradient_norms : dict of list of float
        By layer, the mean over an epoch's updates of its gradient's norm before clipping.

    Examples
    --------
    >>> history = History([0.5, 0.25], [0.75, 0.875])
    >>> history.epochs, history.best_epoch, history.data()
    (2, 1, {'epoch': [1, 2], 'train': [0.5, 0.25], 'validation': [0.75, 0.875]})
    """

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    gradient_norms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of epochs done."""
        return len(self.train)

    @property
    def measured(self) -> list[float]:
        """The losses that choose the best epoch: the validation's where there is one."""
        return self.validation or self.train

    @property
    def best_epoch(self) -> int:
        """The first epoch, counted from 1, with the lowest loss measured, which NaN is not; 0 where there is none."""
        losses = [math.inf if math.isnan(loss) else loss for loss in self.measured]
        return 1 + int(np.argmin(losses)) if losses else 0

    def data(self) -> dict[str, list]:
        """Return the losses by name, beside the epochs: ``viz.plot(history.data())`` plots them."""
        columns: dict[str, list] = {
            "epoch": list(range(1, self.epochs + 1)),
            "train": list(self.train),
            "validation": list(self.validation),
        }
        return {name: values for name, values in columns.items() if values}

    def add_norms(self, norms: dict[str, float]) -> None:
        """Add the norms of an epoch that `train` has just got; NaN for the epochs before a layer was measured."""
        for layer, norm in norms.items():
            values = self.gradient_norms.setdefault(layer, [])
            values += [math.nan] * (self.epochs - 1 - len(values)) + [norm]
