"""Learn to execute the program "58+74": write the sum, digit by digit.

    python examples/addition.py            # 3 seeds of each network, two minutes
    python examples/addition.py --quick    # seconds

An encoder reads the letters of two numbers of two digits, a decoder writes those of their sum. Compared are a
decoder that starts from the encoder's last state alone with one that looks back at every letter (attention), and each
reads the program as it stands or reversed (Zaremba and Sutskever 2014). No pair of numbers that is tested was learned
from, nor the same pair in the other order. The baseline answers with the sum of the nearest pair it has seen.

What to see: attention and reversed reading together learn soonest and in every seed; each by itself helps less, and
differs more from seed to seed than the two orders do. The sums that come out wrong are not those with carries. And α is
no table of what was used: an encoder's state after a letter holds what stood before it, too. For the tens the decoder
looks back at the first letter; the rest it takes from the state after the last one, which has read all. To see the
gradient go back that way, from the last digit that is written to the first letter that was read, open addition.html.
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
from examples import common, walks

DIGITS, TESTED = 2, 500
HIDDEN, BATCH, UPDATES, EVERY = 64, 64, 1500, 50
LETTERS = rnn.Vocabulary("0123456789+ ")
KINDS = {  # whether there is attention, and in which order the program is read
    "attention": (True, 1),
    "attention, reversed": (True, -1),
    "last state": (False, 1),
    "last state, reversed": (False, -1),
}


class Pairs(NamedTuple):
    """Numbers to be added, (N,) each."""

    first: np.ndarray
    second: np.ndarray

    def programs(self) -> np.ndarray:
        """Return them as numbers of letters, (5, N)."""
        return _numbers([f"{a}+{b}" for a, b in zip(*self, strict=True)])

    def sums(self) -> np.ndarray:
        """Return what is to be written, (3, N)."""
        return _numbers([f"{a + b:{DIGITS + 1}}" for a, b in zip(*self, strict=True)])

    def codes(self) -> np.ndarray:
        """Return a number for each pair, the same in either order."""
        return 10**DIGITS * np.minimum(*self) + np.maximum(*self)

    def carries(self) -> np.ndarray:
        """Return through how many columns in a row a carry goes, at most, (N,)."""
        longest = run = carry = np.zeros(len(self.first), int)
        for place in 10 ** np.arange(DIGITS):
            carry = (self.first // place % 10 + self.second // place % 10 + carry) // 10
            run = (run + 1) * carry
            longest = np.maximum(longest, run)
        return longest


def _numbers(texts: list[str]) -> np.ndarray:
    return np.stack([LETTERS.encode(text) for text in texts], axis=1)


def drawn(rng: np.random.Generator, count: int) -> Pairs:
    """Draw pairs of numbers."""
    return Pairs(*rng.integers(10 ** (DIGITS - 1), 10**DIGITS, size=(2, count)))


HELD_OUT = drawn(np.random.default_rng(99), TESTED)
SHOWN = Pairs(np.array([58]), np.array([74]))


def learned_from(rng: np.random.Generator, count: int) -> Pairs:
    """Draw pairs that are not tested, in neither order."""
    pairs = drawn(rng, count + count // 4 + 10)
    allowed = ~np.isin(pairs.codes(), HELD_OUT.codes())
    return Pairs(*(numbers[allowed][:count] for numbers in pairs))


def likeliest(scores: Any) -> np.ndarray:
    """Return the letter that is written, one-hot, for the decoder to read next."""
    return rnn.one_hot(rnn.greedy(scores), len(LETTERS))


def network(attention: bool, seed: int) -> Any:
    """Return a network with its first weights."""
    rng, size = np.random.default_rng(seed), len(LETTERS)
    encoder = rnn.GRUCell(size, HIDDEN, rng=rng)
    if not attention:
        decoder = rnn.Decoder(rnn.GRUCell(size, HIDDEN, rng=rng), size, feed=likeliest, rng=rng)
        return rnn.EncoderDecoder(encoder, decoder)
    looking = rnn.AdditiveAttention(HIDDEN, HIDDEN, HIDDEN // 2, rng=rng)
    cell = rnn.GRUCell(size + HIDDEN, HIDDEN, rng=rng)
    return rnn.AttentionEncoderDecoder(encoder, rnn.AttentionDecoder(cell, looking, size, feed=likeliest, rng=rng))


def inputs(pairs: Pairs, order: int) -> np.ndarray:
    """Return programs as the encoder reads them, (5, N, 11)."""
    return rnn.one_hot(pairs.programs()[::order], len(LETTERS))


def write(model: Any, programs: np.ndarray) -> np.ndarray:
    """Return the letters that a network writes, (3, N)."""
    with tg.no_grad():
        outputs = model(programs, steps=DIGITS + 1)
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    return np.stack([rnn.greedy(output) for output in outputs])


class Trained(NamedTuple):
    """A network, which held-out sums it writes without a mistake, and the share of them as it learned."""

    model: Any
    right: np.ndarray
    reached: list[float]


def train(kind: str, seed: int, updates: int) -> Trained:
    """Train on new pairs in every update; the decoder is fed the right letters."""
    attention, order = KINDS[kind]
    model = network(attention, seed)
    right = [np.all(write(model, inputs(HELD_OUT, order)) == HELD_OUT.sums(), axis=0)]

    def batches(rng: np.random.Generator) -> list[tuple[np.ndarray, ...]]:
        pairs = [learned_from(rng, BATCH) for _ in range(EVERY)]
        return [(inputs(some, order), some.sums()) for some in pairs]

    rnn.fit(
        model,
        batches,
        epochs=max(1, updates // EVERY),
        loss=partial(rnn.cross_entropy, reduction="mean"),
        optimizer=rnn.Adam(model, rnn.cosine_decay(0.01, updates)),
        clip_norm=1.0,
        compile=True,
        rng=seed,
        quiet=True,
        after_epoch=lambda _: right.append(np.all(write(model, inputs(HELD_OUT, order)) == HELD_OUT.sums(), axis=0)),
    )
    return Trained(model, right[-1], [float(some.mean()) for some in right])


def by_a_linear_map() -> float:
    """Return the share of held-out sums that a linear map of the letters gets right, fitted by least squares."""
    pairs = learned_from(np.random.default_rng(0), 20000)
    flat = lambda pairs: inputs(pairs, 1).swapaxes(0, 1).reshape(len(pairs.first), -1)
    answers = rnn.one_hot(pairs.sums().T, len(LETTERS)).reshape(len(pairs.first), -1)
    weights, *_ = np.linalg.lstsq(flat(pairs), answers, rcond=None)
    scores = (flat(HELD_OUT) @ weights).reshape(TESTED, DIGITS + 1, -1)
    return float(np.mean(np.all(HELD_OUT.sums() == rnn.greedy(scores).T, axis=0)))


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    updates = EVERY if options.quick else UPDATES
    runs = [(kind, seed) for kind in KINDS for seed in range(options.seeds)]
    trained = {run: train(*run, updates) for run in common.progress(runs, "training")}
    curves = {kind: np.array([trained[kind, seed].reached for seed in range(options.seeds)]) for kind in KINDS}
    common.table(
        f"Sums of two held-out numbers of {DIGITS} digits, written without a mistake",
        {
            **{kind: rows[:, -1] for kind, rows in curves.items()},
            "each column by itself, no carry": float(np.mean(HELD_OUT.carries() == 0)),
            "a linear map of the letters": by_a_linear_map(),
        },
        "{:.3f}",
    )
    with common.figure(options, "addition", rows=2, size=(9, 2.8)) as axes:
        if axes is not None:
            draw(axes, curves, np.array([trained["last state, reversed", seed].right for seed in range(options.seeds)]))
    if options.output is not None:
        shown = trained["attention", 0].model
        look(options.output / "addition-attention.svg", shown)
        walk = walks.through_a_sum(shown, inputs(SHOWN, 1), SHOWN.sums(), LETTERS)
        walks.page(options.output / "addition.html", walk)


def draw(axes: np.ndarray, curves: dict[str, np.ndarray], right: np.ndarray) -> None:
    """Draw how the networks learn, and of one kind how often sums are right by their carries."""
    for (kind, rows), colour in zip(curves.items(), common.COLOURS[1:], strict=True):
        seen = np.arange(rows.shape[1]) * EVERY * BATCH / 1000
        axes[0].plot(seen, rows.mean(0), "--" if KINDS[kind][1] < 0 else "-", label=kind, color=colour)
        axes[0].fill_between(seen, rows.min(0), rows.max(0), color=colour, alpha=0.15, linewidth=0)
    axes[0].set(xlabel="programs learned from, in thousands", ylabel="right sums", ylim=(0, 1.04), xlim=(0, seen[-1]))
    axes[0].legend()
    carries = HELD_OUT.carries()
    shares = [right[:, carries == count].mean() for count in range(DIGITS + 1)]
    axes[1].bar(range(DIGITS + 1), shares, width=0.5, color=common.COLOURS[4])
    axes[1].set(title="last state, reversed", xlabel="columns in a row that a carry goes through", ylabel="right sums")
    axes[1].set(xticks=range(DIGITS + 1), ylim=(0, 1.04))


def look(path: Path, model: Any) -> None:
    """Draw α: where the decoder looks as it writes each digit."""
    pair, answer = SHOWN, SHOWN.sums()
    outputs, _ = model(inputs(pair, 1), rnn.one_hot(answer, len(LETTERS)))
    picture = viz.heat_map(
        rnn.cross_entropy(outputs, answer),
        "α",
        at=np.s_[:, 0],
        rows=LETTERS.decode(answer[:, 0]),
        columns=LETTERS.decode(pair.programs()[:, 0]),
        axes=("digit that is written", "letter that is looked at"),
        title="α, where the decoder looks",
    )
    picture.save(path)
    common.wrote(path)


if __name__ == "__main__":
    main()
