"""Additive attention (Bahdanau, Cho and Bengio 2015, section 3.1): row B10 of the lectures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import check_sizes
from .init import Rng, drawing, glorot, uniform
from .module import Module


class AdditiveAttention(Module):
    """Weights over the source's states, and their weighted sum, for one state of the decoder.

    ``eⱼ = vᵀ tanh(W s + U hⱼ)``, ``α = softmaxⱼ e``, ``c = Σⱼ αⱼ hⱼ``.

    Parameters
    ----------
    state_size, source_size : int
        Features of s and of each hⱼ.
    size : int
        Features inside the tanh.
    rng : numpy.random.Generator or int
        Draws W and U (Glorot), and v.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> attention = AdditiveAttention(4, 6, 5, rng=0)
    >>> c, α = attention(np.zeros((2, 4)), np.ones((3, 2, 6)))
    >>> c.shape, α.shape, np.allclose(α.data.sum(axis=0), 1)
    ((2, 6), (3, 2), True)
    """

    def __init__(
        self, state_size: int, source_size: int, size: int, *, rng: Rng = None, dtype: DTypeLike = np.float64
    ) -> None:
        check_sizes(state_size=state_size, source_size=source_size, size=size)
        draw = drawing(rng, dtype)
        self.W = draw(glorot, size, state_size)
        self.U = draw(glorot, size, source_size)
        self.v = draw(uniform, size)

    def keys(self, hs: ArrayLike) -> tg.Tensor:
        """Return U hⱼ for all j, (J, N, size), which do not change while the decoder runs."""
        keys = tg.linear(hs, self.U)
        return keys

    def __call__(
        self, s: ArrayLike, hs: ArrayLike, keys: tg.Tensor | None = None, active: np.ndarray | None = None
    ) -> tuple[tg.Tensor, tg.Tensor]:
        """Return the context c, (N, source_size), and the weights α, (J, N).

        Parameters
        ----------
        s : (N, state_size)
            State of the decoder, sᵢ₋₁.
        hs : (J, N, source_size)
            States of the encoder.
        keys : (J, N, size), optional
            ``keys(hs)``, where they are at hand.
        active : (J, N) of bool, optional
            Which positions of the source there are; the others get α = 0.

        For a single sequence, all without N.
        """
        keys = self.keys(hs) if keys is None else keys
        e = tg.tanh(tg.linear(s, self.W) + keys) @ self.v
        if active is not None:
            e = tg.where(active, e, np.array(-np.inf, e.dtype))
        α = tg.softmax(e, axis=0)
        c = tg.sum(tg.reshape(α, (*α.shape, 1)) * hs, axis=0)
        return c, α
