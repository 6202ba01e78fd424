"""Why an LSTM has a forget gate: words without end, and nobody says where one begins.

    python examples/forgetting.py            # 3 seeds of each network, two minutes
    python examples/forgetting.py --quick    # seconds

Words of the embedded Reber grammar (reber.py) stand one after another in a stream of letters. A network reads
on and on; its state is never set back to zero, and gradients flow back over 50 letters at most. Measured is the last
letter but one of each word, which repeats the second, in 100 streams of 2,000 letters. After Gers, Schmidhuber and
Cummins (2000).

What to see: the LSTM of 1997 has no forget gate, so s can only be added to. It grows with every letter, tanh(s) stays
at 1 or −1, no gradient comes back through it, and the second letter is not learned. Not that the network could not
remember: given one word at a time, from a state of zero, it is always right, and still is in the first word of a
stream; in the second it guesses. With the gate s stays small, and what was remembered goes when the word ends, though
nobody told the network where that is. GRU and Elman networks need nothing more: their states are bounded anyway.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common
from examples.reber import LETTERS, Sequences, reber, reber_word

HIDDEN, BATCH, EPOCHS = 24, 32, 60
STREAM, STRETCH = 1000, 50  # letters that the state is kept over, and that a gradient flows back over
TESTED, TEST_LENGTH = 100, 2000
WORD = "BTBTXXVPXTTVVETE"  # which is looked at


class WithoutForgetting(rnn.LSTMCell):
    """The LSTM as Hochreiter and Schmidhuber (1997) had it: what is in s stays there."""

    def __call__(self, state: tuple[Any, Any], x: Any) -> tuple[tg.Tensor, tg.Tensor]:
        """Return the next b_c and s; the rows of U, W and b that would be φ's are not used."""
        b_c, s = state
        a = tg.linear(x, self.U, self.b) + tg.linear(b_c, self.W)
        a_ι, _, a_ω, a_c = (a[..., gate * HIDDEN : (gate + 1) * HIDDEN] for gate in range(4))
        s = s + tg.sigmoid(a_ι) * tg.tanh(a_c)
        b_c = tg.sigmoid(a_ω) * tg.tanh(s)
        return b_c, s


OLD = "LSTM without forget gate"
CELLS = {"LSTM": rnn.LSTMCell, OLD: WithoutForgetting, "GRU": rnn.GRUCell, "Elman": rnn.ElmanCell}


def streams(rng: np.random.Generator, count: int, length: int) -> Sequences:
    """Words without end, and after each letter the next; asked is for the last but one of each word."""
    letters, asked = np.zeros((length + 1, count), int), np.zeros((length + 1, count), bool)
    for place in range(count):
        words = [reber_word(rng) for _ in range(length // 9 + 2)]  # the shortest word has 9 letters
        ends = np.cumsum([len(word) for word in words])
        letters[:, place] = LETTERS.encode("".join(words))[: length + 1]
        asked[ends[ends <= length + 1] - 2, place] = True
    return Sequences(rnn.one_hot(letters[:-1], len(LETTERS)), letters[1:], asked[1:])


def right(model: Any, sequences: Sequences) -> float:
    """Return the share of right answers."""
    answers = rnn.greedy(rnn.predict(model, sequences.inputs))
    return float(np.mean((answers == sequences.targets)[sequences.asked]))


class Trained(NamedTuple):
    """A network, and its share of right answers as it learned."""

    model: Any
    reached: list[float]


def train(cell: str, seed: int, epochs: int, tested: Sequences, one_by_one: bool = False) -> Trained:
    """Train on new streams, or on words one by one, each from a state of zero."""
    rng, updates = np.random.default_rng(seed), STREAM // STRETCH
    model = rnn.ManyToMany(CELLS[cell](len(LETTERS), HIDDEN, rng=rng), len(LETTERS), rng=rng)
    reached = [right(model, tested)]
    common.fit(
        model,
        (lambda rng: [reber(rng, BATCH)[:2] for _ in range(updates)])
        if one_by_one
        else (lambda rng: [streams(rng, BATCH, STREAM)[:2]]),
        epochs,
        epochs * updates,
        rate=0.01,
        seed=seed,
        loss=common.mean_cross_entropy,
        truncate=None if one_by_one else STRETCH,
        after_epoch=lambda _: reached.append(right(model, tested)),
    )
    return Trained(model, reached)


def states(model: Any, sequences: Sequences) -> np.ndarray:
    """Return s of an LSTM after each letter, (T, N, H)."""
    with tg.no_grad():
        kept, _ = rnn.unroll(model.cell, sequences.inputs, readout=lambda state: state[1].numpy())
    return np.stack(kept)


def by_word(model: Any, sequences: Sequences, words: int) -> list[float]:
    """Return the share of right answers in the first, second, … word of the streams."""
    correct = rnn.greedy(rnn.predict(model, sequences.inputs)) == sequences.targets
    number = np.cumsum(sequences.asked, axis=0)
    return [float(correct[sequences.asked & (number == word)].mean()) for word in range(1, words + 1)]


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    epochs, length = (2, 300) if options.quick else (EPOCHS, TEST_LENGTH)
    tested, single = streams(np.random.default_rng(99), TESTED, length), reber(np.random.default_rng(98), 500)
    quickly = streams(np.random.default_rng(97), 20, 300)
    trained = common.each(CELLS, options.seeds, partial(train, epochs=epochs, tested=quickly))
    alone = [train(OLD, seed, epochs, single, one_by_one=True).model for seed in range(options.seeds)]
    models = {cell: [run.model for run in runs] for cell, runs in trained.items()}
    reached = {cell: [right(model, tested) for model in several] for cell, several in models.items()}
    first, second = zip(*[by_word(model, tested, 2) for model in alone], strict=True)
    common.table(
        f"Continual Reber grammar: right answers in streams of {length} letters",
        {
            **reached,
            f"{OLD}, that learned word by word: such words": [right(model, single) for model in alone],
            "    the first word of a stream": first,
            "    the second word of a stream": second,
            "without a memory": 1 / 2,
        },
        "{:.3f}",
    )
    with common.figure(options, "forgetting", rows=3, size=(9, 2.5)) as axes:
        if axes is not None:
            curves = {cell: np.array([run.reached for run in runs]) for cell, runs in trained.items()}
            learning(axes[0], curves)
            growing(axes[1], {cell: models[cell] for cell in ("LSTM", OLD)}, tested)
            leaving(axes[2], models, quickly)
    if options.output is not None:
        gradients(
            options.output / "forgetting-gradients.svg", {cell: several[0] for cell, several in models.items()}, quickly
        )


def learning(panel: Any, curves: dict[str, np.ndarray]) -> None:
    """Draw how each network learns: the mean of its seeds, and all between the ends."""
    panel.axhline(1 / 2, color=common.GREY, linestyle="--", linewidth=0.9, label="without a memory")
    for (cell, rows), colour in zip(curves.items(), common.COLOURS[1:], strict=True):
        letters = np.arange(rows.shape[1]) * STREAM * BATCH / 1e6
        common.curve(panel, letters, rows, cell, colour)
    panel.set(title="In streams of words", xlabel="letters learned from, in millions", xlim=(0, letters[-1]))
    panel.set(ylabel="right answers", ylim=(0, 1.04))
    panel.legend(ncols=2)


def growing(panel: Any, models: dict[str, list[Any]], tested: Sequences) -> None:
    """Draw the largest unit of s as a stream goes on."""
    for (cell, several), colour in zip(models.items(), common.COLOURS[1:], strict=False):
        largest = [np.abs(states(model, tested)).max(axis=2).mean(axis=1) for model in several]
        for number, run in enumerate(largest):
            panel.plot(np.arange(1, len(run) + 1), run, color=colour, label=None if number else cell)
    panel.set(title="The largest unit of s as a stream goes on", xlabel="letters read", ylabel="largest |s|")
    panel.set(xscale="log", yscale="log")
    panel.legend()


def leaving(panel: Any, models: dict[str, list[Any]], before: Sequences) -> None:
    """Draw how different a network's output is after each letter of a word that is marked by P and not by T."""
    changed = WORD.replace("BTB", "BPB").replace("ETE", "EPE")
    texts = [f"{word}BPBPVVEPE" for word in (WORD, changed)]
    after = [rnn.one_hot(LETTERS.encode(text), len(LETTERS)) for text in texts]
    for (cell, several), colour in zip(models.items(), common.COLOURS[1:], strict=True):
        for number, model in enumerate(several):
            one, other = (shown(model, before, letters) for letters in after)
            differences = np.linalg.norm(one - other, axis=2).mean(axis=1) / np.linalg.norm(one, axis=2).mean()
            panel.plot(differences, "o-", color=colour, markersize=3, label=None if number else cell)
    panel.axvspan(0.5, len(WORD) - 2.5, color=common.GREY, alpha=0.25, linewidth=0)
    panel.text(len(WORD) / 2 - 1, 0.9, "to be remembered", ha="center", transform=panel.get_xaxis_transform())
    panel.set_xticks(range(len(texts[0])), texts[0])
    panel.set(title="How different the output is with P for the marking T", xlabel="letter that is read")
    panel.set(xlim=(-0.5, len(texts[0]) - 0.5), ylabel="relative difference")
    panel.tick_params(axis="x", length=0)
    panel.legend(loc="upper right")


def after_words(model: Any, before: Sequences) -> Any:
    """Return the state at the end of the last whole word of streams."""
    times = np.arange(len(before.asked))[:, None]
    ends = np.max(times * before.asked * (times < len(times) - 2), axis=0) + 3
    with tg.no_grad():
        return rnn.unroll(model.cell, before.inputs, lengths=ends)[1]


def shown(model: Any, before: Sequences, letters: np.ndarray) -> np.ndarray:
    """Return what the cell shows, (T, N, H), for the same letters after different streams."""
    state = after_words(model, before)
    with tg.no_grad():
        hs, _ = rnn.unroll(model.cell, np.repeat(letters[:, None], before.inputs.shape[1], axis=1), state)
    return np.stack([h.numpy() for h in hs])


def gradients(path: Path, models: dict[str, Any], before: Sequences) -> None:
    """Draw how much of the gradient of the answer, T or P, comes back to each letter of a word in the stream."""
    letters = LETTERS.encode(WORD)
    losses = {}
    for cell, model in models.items():
        state = after_words(model, before)
        xs = np.repeat(rnn.one_hot(letters[:-2], len(LETTERS))[:, None], before.inputs.shape[1], axis=1)
        outputs, _ = model.run(xs, state)
        losses[cell] = rnn.cross_entropy(outputs[-1], np.full(xs.shape[1], letters[-2]))
    states = {cell: "s" if "LSTM" in cell else "h" for cell in models}
    title = f"{WORD} after a stream of {len(before.inputs)} letters: the gradient on its way back from the last T"
    common.save(viz.plot(losses, states, title=title), path)


if __name__ == "__main__":
    main()
