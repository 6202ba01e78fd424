"""Sequence-to-sequence: encoder and decoders (row B9 of the lectures), with attention (row B10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        self.encoder = encoder
        self.decoders = _checked_decoders(self, decoders, Decoder, encoder)

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
        return _written(self.decoders, lambda decoder, *given: decoder(state, *given), targets, steps)


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
    decoder : AttentionDecoder, or dict of them by name
        Their cells' states are as large as the one they start from.

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

    def __init__(
        self, encoder: Cell | Bidirectional, decoder: AttentionDecoder | Mapping[str, AttentionDecoder]
    ) -> None:
        self.encoder = encoder
        started_by = encoder.backward if isinstance(encoder, Bidirectional) else encoder
        self.decoder = _checked_decoders(self, decoder, AttentionDecoder, started_by)

    def __call__(
        self, xs: ArrayLike, targets: Any = None, steps: Any = None, lengths: Lengths = None
    ) -> tuple[Any, Any]:
        """Return the outputs and the weights α, (J, N) each: two lists, or two dicts of lists by decoder.

        The arguments are those of `EncoderDecoder`; α is 0 where the source is padded.
        """
        with tg.scope("encoder"):
            outputs, state = run(self.encoder, xs, None, lengths)
            hs = tg.stack(outputs)
        if isinstance(self.encoder, Bidirectional):
            state = state[1]
        active = None if lengths is None else mask(lengths, len(outputs), hs.shape[1:-1])[..., 0]
        written = _written(self.decoder, lambda decoder, *given: decoder(state, hs, active, *given), targets, steps)
        if isinstance(self.decoder, AttentionDecoder):
            return written
        return {name: outputs for name, (outputs, _) in written.items()}, {name: α for name, (_, α) in written.items()}


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
    if isinstance(model, AttentionEncoderDecoder) and isinstance(model.decoder, AttentionDecoder):
        cell, read = model.decoder.cell, model.encoder.output_size
    elif isinstance(model, EncoderDecoder) and isinstance(model.decoders, Decoder):
        cell, read = model.decoders.cell, 0
    else:
        raise ValueError(
            f"a {type(model).__name__} {'of several decoders ' * hasattr(model, 'encoder')}is called in more"
            " than one way: give fit forward=lambda model, batch: …, which returns the outputs, and a loss of them"
        )
    fed: Any = targets if isinstance(targets, tg.Tensor) else np.asarray(targets)
    if fed.dtype.kind in "iu":
        fed = one_hot(fed, cell.input_size - read, cell.dtype)
    outputs = model(xs, fed, lengths=lengths)
    return outputs[0] if isinstance(model, AttentionEncoderDecoder) else outputs


def _checked_decoders(model: Module, decoders: Any, kind: type[Module], started_by: Cell) -> Any:
    """Return a decoder, or a dict of several, whose names are then known; all should fit the state they start from."""
    if not isinstance(decoders, (kind, Mapping)):
        article = "an" if kind is AttentionDecoder else "a"
        raise TypeError(
            f"{type(model).__name__} takes {article} {kind.__name__}, or several as a dict by name, not a "
            f'{type(decoders).__name__}: write {{"EN": decoder, "FR": other}}'
        )
    several: dict[str, Any] = dict(decoders) if isinstance(decoders, Mapping) else {"": decoders}
    for name, decoder in several.items():
        if isinstance(decoders, Mapping):
            decoder.mark(name)
        if started_by.state_sizes != decoder.cell.state_sizes:
            sizes = f"{started_by.state_sizes} features, the decoder's {decoder.cell.state_sizes}"
            raise ValueError(f"the encoder's state has {sizes}")
    return several if isinstance(decoders, Mapping) else decoders


def _written(decoders: Any, write: Callable[..., Any], targets: Any, steps: Any) -> Any:
    """Return what the decoder writes, or by name what each of several does that `targets` or `steps` names."""
    if not isinstance(decoders, Mapping):
        with tg.scope("decoder"):
            return write(decoders, targets, steps)
    named = targets if steps is None else steps
    if not isinstance(named, Mapping) or not set(named) <= set(decoders):
        raise ValueError(f"give targets or steps as a dict by decoder, of {list(decoders)}")
    written = {}
    for name in named:
        with tg.scope(name):
            written[name] = write(
                decoders[name], None if targets is None else targets[name], None if steps is None else steps[name]
            )
    return written
