"""Learn to execute the program "58+74": write the sum, digit by digit.

    python examples/addition.py            # 3 seeds of each network, five minutes
    python examples/addition.py --quick    # seconds

An encoder reads the letters of two numbers, a decoder writes those of their sum. With two digits a decoder that starts
from the encoder's last state alone is compared with one that looks back at every letter (attention), and each reads the
program as it stands or reversed (Zaremba and Sutskever 2014). The best of these then adds numbers of three digits, and
so it does when it begins with shorter numbers, and when it writes the sum from its units. No pair of numbers that is
tested was learned from, nor the same pair in the other order.

What to see: of two digits, attention and reversed reading together learn soonest and in every seed. α is no table of
what was used there: an encoder's state after a letter holds what stood before it, too. To see the gradient go back that
way, from the last digit that is written to the first letter that was read, open addition.html.

The same network fails at three digits, and not at the carries: thousands and hundreds are right, the units, which need
no carry, are guessed. Whichever digit it writes, it depends on the hundreds above all, as the gradient shows. Shorter
numbers first teach it the units, though not in every seed the tens. If the sum is written from its units, hundreds,
tens and units each depend most on their own column, and nearly all is right.
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

TESTED, HIDDEN, BATCH, EVERY = 500, 64, 64, 50
UPDATES = {2: 1500, 3: 2000}  # by digits
LETTERS = rnn.Vocabulary("0123456789+ ")
COLUMNS = ["thousands", "hundreds", "tens", "units"]
likeliest = partial(common.likeliest, size=len(LETTERS))


class Kind(NamedTuple):
    """A network, the order in which it reads and writes, and whether it begins with shorter numbers."""

    digits: int
    attention: bool = True
    reads: int = 1
    writes: int = 1
    shorter_first: bool = False


KINDS = {
    "attention": Kind(2),
    "attention, reversed": Kind(2, reads=-1),
    "last state": Kind(2, attention=False),
    "last state, reversed": Kind(2, attention=False, reads=-1),
    "as with two digits": Kind(3, reads=-1),
    "shorter numbers first": Kind(3, reads=-1, shorter_first=True),
    "sum from its units": Kind(3, reads=-1, writes=-1),
}


class Pairs(NamedTuple):
    """Numbers to be added, (N,) each, of so many digits at most."""

    first: np.ndarray
    second: np.ndarray
    digits: int

    def programs(self, order: int = 1) -> np.ndarray:
        """Return them as numbers of letters, (2·digits + 1, N)."""
        return _numbers([f"{a:{self.digits}}+{b:{self.digits}}"[::order] for a, b in zip(*self[:2], strict=True)])

    def sums(self, order: int = 1) -> np.ndarray:
        """Return what is to be written, (digits + 1, N)."""
        return _numbers([f"{total:{self.digits + 1}}"[::order] for total in self.first + self.second])

    def inputs(self, kind: Kind) -> np.ndarray:
        """Return programs as the encoder reads them, (2·digits + 1, N, 12)."""
        return rnn.one_hot(self.programs(kind.reads), len(LETTERS))

    def codes(self) -> np.ndarray:
        """Return a number for each pair, the same in either order."""
        return 10**self.digits * np.minimum(*self[:2]) + np.maximum(*self[:2])

    def carries(self) -> np.ndarray:
        """Return through how many columns in a row a carry goes, at most, (N,)."""
        longest = run = carry = np.zeros(len(self.first), int)
        for place in 10 ** np.arange(self.digits):
            carry = (self.first // place % 10 + self.second // place % 10 + carry) // 10
            run = (run + 1) * carry
            longest = np.maximum(longest, run)
        return longest


def _numbers(texts: list[str]) -> np.ndarray:
    return np.stack([LETTERS.encode(text) for text in texts], axis=1)


def drawn(rng: np.random.Generator, count: int, digits: int) -> Pairs:
    """Draw pairs of numbers."""
    return Pairs(*rng.integers(10 ** (digits - 1), 10**digits, size=(2, count)), digits)


HELD_OUT = {digits: drawn(np.random.default_rng(99), TESTED, digits) for digits in UPDATES}
SHOWN = Pairs(np.array([58]), np.array([74]), 2)


def learned_from(rng: np.random.Generator, count: int, digits: int, shorter: float = 0) -> Pairs:
    """Draw pairs that are not tested, in neither order; a share of them have fewer digits."""
    numbers = np.stack(drawn(rng, count + count // 4 + 10, digits)[:2])
    if shorter:
        fewer = rng.integers(1, digits, numbers.shape[1])
        numbers = np.where(rng.random(numbers.shape[1]) < shorter, numbers // 10 ** (digits - fewer), numbers)
    allowed = ~np.isin(Pairs(*numbers, digits).codes(), HELD_OUT[digits].codes())
    return Pairs(*numbers[:, allowed][:, :count], digits)


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


def digits_right(model: Any, kind: Kind) -> np.ndarray:
    """Return which digits of the held-out sums a network writes right, the units last, (digits + 1, N)."""
    pairs = HELD_OUT[kind.digits]
    written = rnn.greedy(rnn.predict(model, pairs.inputs(kind), steps=kind.digits + 1))
    return (written == pairs.sums(kind.writes))[:: kind.writes]


class Trained(NamedTuple):
    """A network, which digits of held-out sums it writes right, and the share of right sums as it learned."""

    model: Any
    right: np.ndarray
    reached: list[float]


def train(name: str, seed: int, quick: bool) -> Trained:
    """Train on new pairs in every update; the decoder is fed the right letters."""
    kind = KINDS[name]
    updates = EVERY if quick else UPDATES[kind.digits]
    model = network(kind.attention, seed)
    right = [digits_right(model, kind)]

    def batches(rng: np.random.Generator) -> list[tuple[np.ndarray, ...]]:
        done = (len(right) - 1) * EVERY / updates
        shorter = kind.shorter_first * max(0, 0.9 * (1 - 2 * done))  # none in the second half
        several = [learned_from(rng, BATCH, kind.digits, shorter) for _ in range(EVERY)]
        return [(pairs.inputs(kind), pairs.sums(kind.writes)) for pairs in several]

    common.fit(
        model,
        batches,
        updates // EVERY,
        updates,
        rate=0.01,
        seed=seed,
        loss=common.mean_cross_entropy,
        after_epoch=lambda _: right.append(digits_right(model, kind)),
    )
    return Trained(model, right[-1], [float(np.all(digits, axis=0).mean()) for digits in right])


def by_a_linear_map(digits: int) -> float:
    """Return the share of held-out sums that a linear map of the letters gets right, fitted by least squares."""
    pairs, tested = learned_from(np.random.default_rng(0), 20000, digits), HELD_OUT[digits]
    flat = lambda pairs: pairs.inputs(Kind(digits)).swapaxes(0, 1).reshape(len(pairs.first), -1)
    answers = rnn.one_hot(pairs.sums().T, len(LETTERS)).reshape(len(pairs.first), -1)
    weights, *_ = np.linalg.lstsq(flat(pairs), answers, rcond=None)
    scores = (flat(tested) @ weights).reshape(TESTED, digits + 1, -1)
    return float(np.mean(np.all(tested.sums() == rnn.greedy(scores).T, axis=0)))


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    of_kind = common.each(KINDS, options.seeds, partial(train, quick=options.quick))
    for digits in UPDATES:
        common.table(
            f"Sums of two held-out numbers of {digits} digits, written without a mistake",
            {
                **{name: [run.reached[-1] for run in of_kind[name]] for name in KINDS if KINDS[name].digits == digits},
                "each column by itself, no carry": float(np.mean(HELD_OUT[digits].carries() == 0)),
                "a linear map of the letters": by_a_linear_map(digits),
            },
            "{:.3f}",
        )
    with common.figure(options, "addition", rows=3, size=(9, 2.6)) as axes:
        if axes is not None:
            for panel, digits in zip(axes, UPDATES, strict=False):
                learning(panel, digits, of_kind)
            mistakes(axes[2], of_kind)
    if options.output is not None:
        shown = of_kind["attention"][0].model
        look(options.output / "addition-attention.svg", shown)
        walk = walks.through_a_sum(shown, SHOWN.inputs(KINDS["attention"]), SHOWN.sums(), LETTERS)
        walks.page(options.output / "addition.html", walk)
        used(options.output / "addition-gradients.svg", of_kind)


def learning(panel: Any, digits: int, of_kind: dict[str, list[Trained]]) -> None:
    """Draw how the networks learn: the mean of the seeds, and all between the ends."""
    names = [name for name in KINDS if KINDS[name].digits == digits]
    for name, colour in zip(names, common.COLOURS[1:], strict=False):
        rows = np.array([run.reached for run in of_kind[name]])
        programs = np.arange(rows.shape[1]) * EVERY * BATCH / 1000
        common.curve(panel, programs, rows, name, colour, "--" if digits == 2 and KINDS[name].reads < 0 else "-")
    panel.set(title=f"{digits} digits", ylabel="right sums", ylim=(0, 1.04), xlim=(0, programs[-1]))
    panel.set(xlabel="programs learned from, in thousands")
    panel.legend()


def mistakes(panel: Any, of_kind: dict[str, list[Trained]]) -> None:
    """Draw which digits of sums of three digits are right."""
    names = [name for name in KINDS if KINDS[name].digits == 3]
    shares = {name: np.mean([run.right for run in of_kind[name]], axis=(0, 2)) for name in names}
    common.bars(panel, shares, COLUMNS)
    panel.set(title="3 digits: which digits of the sum are right", ylabel="right", ylim=(0, 1.04))


def look(path: Path, model: Any) -> None:
    """Draw α: where the decoder looks as it writes each digit."""
    pair, answer = SHOWN, SHOWN.sums()
    outputs, _ = model(pair.inputs(Kind(2)), rnn.one_hot(answer, len(LETTERS)))
    picture = viz.heat_map(
        rnn.cross_entropy(outputs, answer),
        "α",
        at=np.s_[:, 0],
        rows=LETTERS.decode(answer[:, 0]),
        columns=LETTERS.decode(pair.programs()[:, 0]),
        axes=("digit that is written", "letter that is looked at"),
        title="α, where the decoder looks",
    )
    common.save(picture, path)


def used(path: Path, of_kind: dict[str, list[Trained]]) -> None:
    """Draw on which letters of the program each digit of the sum depends, on average over the held-out pairs."""
    pictures = [
        viz.heat_map(
            dependence(of_kind[name][0].model, KINDS[name]),
            rows=COLUMNS,
            columns=["a₂", "a₁", "a₀", "+", "b₂", "b₁", "b₀"],
            axes=("digit of the sum", "letter of the program"),
            title=name,
        )
        for name in ("as with two digits", "sum from its units")
    ]
    common.save(viz.side_by_side(*pictures), path)


def dependence(model: Any, kind: Kind) -> np.ndarray:
    """Return ‖∂ log p/∂x‖ of each digit of the sum for each letter of the program, of each digit's largest."""
    pairs, written = HELD_OUT[kind.digits], HELD_OUT[kind.digits].sums(kind.writes)

    def likelihood(xs: tg.Tensor, step: int) -> tg.Tensor:
        outputs, _ = model(xs, rnn.one_hot(written, len(LETTERS)))
        return -rnn.cross_entropy(outputs[step], written[step], reduction="sum")

    gradients = [tg.grad(likelihood)(pairs.inputs(kind), step).numpy() for step in range(len(written))]
    norms = np.linalg.norm(gradients, axis=-1).mean(axis=-1)[:: kind.writes, :: kind.reads]
    return norms / norms.max(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
