"""Sequence-to-sequence: encoder and decoders (row B9 of the lectures), with attention (row B10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .attention import AdditiveAttention
from .cells import Cell, State
from .checks import Lengths, mask
from .data import one_hot
from .init import Rng
from .layers import Bidirectional, run
from .models import Readout
from .module import Module
from .unrolling import Feed, decode, unroll


class Decoder(Module):
    """What writes a sequence from a state: a cell that reads what it wrote last, and a readout.

    Parameters
    ----------
    cell : Cell
        Its input is y⁽ᵗ⁻¹⁾; y⁽⁰⁾ is zero.
    output_size : int
    feed : function, optional
        Makes the next y of an output when running free; the output itself when not given.
    rng : numpy.random.Generator or int
    """

    def __init__(self, cell: Cell, output_size: int, *, feed: Feed | None = None, rng: Rng = None) -> None:
        self.cell = cell
        self.readout = Readout(cell.output_size, output_size, rng=rng, dtype=cell.dtype)
        self.feed = feed

    def __call__(self, state: State, targets: ArrayLike | None = None, steps: int | None = None) -> list[tg.Tensor]:
        """Return the outputs: as many as `targets` with teacher forcing, or `steps` running free."""
        batch = self.cell.output(state).shape[:-1]
        start = np.zeros((*batch, self.cell.input_size), self.cell.dtype)
        return decode(self.cell, self.read, state, start, targets=targets, steps=steps, feed=self.feed)

    def read(self, state: State) -> tg.Tensor:
        """Return the output of a state, (N, K) or (K,)."""
        return self.readout(self.cell.output(state))


class EncoderDecoder(Module):
    """An encoder whose last state starts a decoder, or several (one a language).

    Parameters
    ----------
    encoder : Cell
    decoders : Decoder, or dict of them by name
        Their cells' states are as large as the encoder's.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> decoders = {name: Decoder(rnn.GRUCell(3, 8, rng=0), 3, rng=1) for name in ("EN", "FR")}
    >>> model = EncoderDecoder(rnn.GRUCell(5, 8, rng=2), decoders)
    >>> outputs = model(np.zeros((6, 5)), {"EN": np.zeros((4, 3))})
    >>> list(outputs), len(outputs["EN"])
    (['EN'], 4)
    """

    def __init__(self, encoder: Cell, decoders: Decoder | Mapping[str, Decoder]) -> None:
        if not isinstance(decoders, (Decoder, Mapping)):
            raise TypeError(
                f"EncoderDecoder takes a Decoder, or several as a dict by name, not a {type(decoders).__name__}: "
                'write {"EN": decoder, "FR": other}'
            )
        self.encoder = encoder
        self.decoders = decoders if isinstance(decoders, Decoder) else dict(decoders)
        several = [decoders] if isinstance(decoders, Decoder) else list(decoders.values())
        for name, decoder in () if isinstance(decoders, Decoder) else decoders.items():
            decoder.mark(name)
        for decoder in several:
            _check_states(encoder, decoder.cell)

    def __call__(self, xs: ArrayLike, targets: Any = None, steps: Any = None, lengths: Lengths = None) -> Any:
        """Return the outputs: a list, or a dict of lists for the decoders that `targets` or `steps` names.

        Parameters
        ----------
        xs : (T, N, I) or (T, I)
            The source.
        targets : array, or dict of arrays by decoder, optional
            Teacher forcing.
        steps : int, or dict of ints by decoder, optional
            How many time steps to run free.
        lengths : array of N integers, optional
            Of the source.
        """
        with tg.scope("encoder"):
            _, state = unroll(self.encoder, xs, None, lengths)
        if isinstance(self.decoders, Decoder):
            with tg.scope("decoder"):
                return self.decoders(state, targets, steps)
        outputs = {}
        for name in _names(targets if steps is None else steps, self.decoders):
            with tg.scope(name):
                outputs[name] = self.decoders[name](
                    state, None if targets is None else targets[name], None if steps is None else steps[name]
                )
        return outputs


class AttentionDecoder(Module):
    """A decoder that looks at all of the source in each time step: its cell reads y⁽ⁱ⁻¹⁾ and cᵢ.

    Parameters
    ----------
    cell : Cell
        Its input is as large as y and the encoder's output together.
    attention : AdditiveAttention
    output_size : int
    feed : function, optional
    rng : numpy.random.Generator or int
    """

    def __init__(
        self, cell: Cell, attention: AdditiveAttention, output_size: int, *, feed: Feed | None = None, rng: Rng = None
    ) -> None:
        self.cell, self.attention = cell, attention
        self.readout = Readout(cell.output_size, output_size, rng=rng, dtype=cell.dtype)
        self.feed = feed

    def __call__(
        self,
        state: State,
        hs: tg.Tensor,
        active: np.ndarray | None = None,
        targets: ArrayLike | None = None,
        steps: int | None = None,
    ) -> tuple[list[tg.Tensor], list[tg.Tensor]]:
        """Return the outputs and the weights α, (J, N) each.

        Parameters
        ----------
        state
            The state to start from.
        hs : (J, N, H)
            The states of the source.
        active : (J, N) of bool, optional
            Which positions of the source there are.
        targets : (T, N, K), optional
            Teacher forcing.
        steps : int, optional
            How many time steps to run free.
        """
        keys = self.attention.keys(hs)
        alphas: list[tg.Tensor] = []

        def step(state: State, y: ArrayLike) -> State:
            c, α = self.attention(self.cell.output(state), hs, keys, active)
            alphas.append(α)
            return self.cell(state, tg.concatenate([y, c], axis=-1))

        size = self.cell.input_size - hs.shape[-1]
        start = np.zeros((*hs.shape[1:-1], size), self.cell.dtype)
        readout = lambda state: self.readout(self.cell.output(state))
        return decode(step, readout, state, start, targets=targets, steps=steps, feed=self.feed), alphas


class AttentionEncoderDecoder(Module):
    """Encoder and decoder with attention (row B10).

    The decoder starts from the encoder's last state; of a `Bidirectional` encoder from the backward
    cell's, which has read the source's beginning last (Bahdanau et al. 2015, appendix A.2.2).

    Parameters
    ----------
    encoder : Cell or Bidirectional
    decoder : AttentionDecoder
        Its cell's state is as large as the one it starts from.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> attention = rnn.AdditiveAttention(8, 8, 6, rng=0)
    >>> decoder = AttentionDecoder(rnn.GRUCell(3 + 8, 8, rng=1), attention, 3, rng=2)
    >>> model = AttentionEncoderDecoder(rnn.GRUCell(5, 8, rng=3), decoder)
    >>> outputs, alphas = model(np.zeros((6, 2, 5)), steps=4)
    >>> len(outputs), outputs[0].shape, alphas[0].shape
    (4, (2, 3), (6, 2))
    """

    def __init__(self, encoder: Cell | Bidirectional, decoder: AttentionDecoder) -> None:
        self.encoder, self.decoder = encoder, decoder
        _check_states(encoder.backward if isinstance(encoder, Bidirectional) else encoder, decoder.cell)

    def __call__(
        self, xs: ArrayLike, targets: ArrayLike | None = None, steps: int | None = None, lengths: Lengths = None
    ) -> tuple[list[tg.Tensor], list[tg.Tensor]]:
        """Return the outputs and the weights α, (J, N) each; α is 0 where the source is padded."""
        with tg.scope("encoder"):
            outputs, state = run(self.encoder, xs, None, lengths)
            hs = tg.stack(outputs)
        if isinstance(self.encoder, Bidirectional):
            state = state[1]
        active = None if lengths is None else mask(lengths, len(outputs), hs.shape[1:-1])[..., 0]
        with tg.scope("decoder"):
            return self.decoder(state, hs, active, targets, steps)


def writes_sequences(model: object) -> bool:
    """Tell whether a model writes sequences with lengths of their own."""
    return isinstance(model, (Decoder, AttentionDecoder, EncoderDecoder, AttentionEncoderDecoder))


def teacher_forced(model: Any, xs: ArrayLike, targets: ArrayLike, lengths: Lengths = None) -> list[tg.Tensor]:
    """Return the outputs of an encoder and its decoder that is fed the targets, symbols among them as one-hot vectors.

    Raises
    ------
    ValueError
        When there are several decoders: which are trained, and on what, is then to be said.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> model = EncoderDecoder(rnn.GRUCell(5, 8, rng=0), Decoder(rnn.GRUCell(3, 8, rng=1), 3, rng=2))
    >>> len(teacher_forced(model, np.zeros((6, 2, 5)), [[0, 2], [1, 1]]))
    2
    """
    if isinstance(model, AttentionEncoderDecoder):
        cell, read = model.decoder.cell, model.encoder.output_size
    elif isinstance(model, EncoderDecoder) and isinstance(model.decoders, Decoder):
        cell, read = model.decoders.cell, 0
    else:
        raise ValueError(
            f"a {type(model).__name__} {'of several decoders ' * isinstance(model, EncoderDecoder)}is called in more"
            " than one way: give fit forward=lambda model, batch: …, which returns the outputs, and a loss of them"
        )
    fed: Any = targets if isinstance(targets, tg.Tensor) else np.asarray(targets)
    if fed.dtype.kind in "iu":
        fed = one_hot(fed, cell.input_size - read, cell.dtype)
    outputs = model(xs, fed, lengths=lengths)
    return outputs[0] if isinstance(model, AttentionEncoderDecoder) else outputs


def _check_states(encoder: Cell, decoder: Cell) -> None:
    if encoder.state_sizes != decoder.state_sizes:
        raise ValueError(f"the encoder's state has {encoder.state_sizes} features, the decoder's {decoder.state_sizes}")


def _names(by_decoder: Any, decoders: Mapping[str, Decoder]) -> list[str]:
    if not isinstance(by_decoder, Mapping) or not set(by_decoder) <= set(decoders):
        raise ValueError(f"give targets or steps as a dict by decoder, of {list(decoders)}")
    return list(by_decoder)
