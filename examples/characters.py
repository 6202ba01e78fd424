"""Write a text letter by letter: an LSTM beside n-grams, and what each of them cannot see.

    python examples/characters.py            # 3 networks, six minutes
    python examples/characters.py --quick    # seconds

The text is thirteen books of the King James Bible. Of 493 chapters 30 are the test, and 30 choose the n-gram; chapters
that repeat another one were left out. The LSTM has 128 units and reads 32 places of the text at once;
an update goes over 50 letters, and the next one begins with the state that they left. The n-grams are smoothed as
Kneser and Ney did.

What to see: with 92,575 numbers the LSTM needs 1.62 bits a letter, a 5-gram with 127,761 counts 1.70. An 11-gram with
three million counts needs 1.50. It is ahead inside words, 58 % of all letters, which it has learned by heart; the LSTM
is ahead where a verse begins and ends. It does not owe that to a long memory: 6 % of its gradient lies before the ten
letters that the 11-gram sees. But an n-gram has to have counted its context letter by letter, and the LSTM does not:
it finds a plural after "until their fellowservant". Half of each needs 1.45.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import bible, common
from examples.bible import LETTERS

HIDDEN, EMBEDDED, STRETCH, EPOCHS = 128, 32, 50, 7
GRAMS, DISCOUNT = (3, 5, 7, 9, 11), 0.9
SHOWN, ROWS, SURE = 64, 8, 0.5  # letters before a guess, how many of them, and the least chance the LSTM gave it
KINDS = {  # of a letter, by the one before it and itself
    "the first of a verse": lambda before, after: before == "\n",
    "the first of a word": lambda before, after: (before == " ") & np.char.isalpha(after),
    "the next of a word": lambda before, after: np.char.isalpha(before) & np.char.isalpha(after),
    "what ends a word": lambda before, after: np.char.isalpha(before) & ~np.char.isalpha(after),
    "the end of a verse": lambda before, after: after == "\n",
}


def network(seed: int) -> rnn.ManyToMany:
    """Return a network with its first weights."""
    rng, K = np.random.default_rng(seed), len(LETTERS)
    embedding = rnn.Embedding(K, EMBEDDED, rng=rng, dtype=np.float32)
    cell = rnn.LSTMCell(EMBEDDED, HIDDEN, rng=rng, dtype=np.float32)
    return rnn.ManyToMany(rnn.Layers(embedding, cell), K, rng=rng)


def chances(model: Any, text: np.ndarray) -> np.ndarray:
    """Return the chance that a model gives to each letter of a text that is read in 64 places at once, (T, 64)."""
    xs, ys = bible.streams(text, 64)
    with tg.no_grad():
        return np.stack([rnn.sampling_probabilities(o)[range(64), y] for o, y in zip(model(xs), ys, strict=True)])


def bits(chances: np.ndarray) -> float:
    """Return the bits a letter that chances come to."""
    return float(-np.log2(chances).mean())


def by_letter(model: Any, numbers: np.ndarray) -> np.ndarray:
    """Return ‖∂ log p(last letter)/∂x⁽ᵗ⁾‖ for each letter before it, x being its vector: (T, N) for (T + 1, N)."""
    embedding, cell = model.layer.layers

    def likelihood(xs: tg.Tensor) -> tg.Tensor:
        _, state = rnn.unroll(cell, xs)
        return -rnn.cross_entropy(model.readout(cell.output(state)), numbers[-1], reduction="sum")

    return np.linalg.norm(tg.grad(likelihood)(embedding.E.data[numbers[:-1]]).numpy(), axis=-1)


def before(text: np.ndarray, places: np.ndarray, count: int = 2 * SHOWN) -> np.ndarray:
    """Return the letters at these places, each after so many others, (count + 1, N)."""
    return text[places + np.arange(-count, 1)[:, None]]


def main() -> None:
    """Train, compare, write, draw."""
    options = common.options(__doc__)
    learned, validated, tested = (bible.numbers(part) for part in bible.parts(quick=options.quick))
    counted = {n: rnn.NGram(n, len(LETTERS), discount=DISCOUNT).count(learned) for n in GRAMS}
    best = min(GRAMS, key=lambda n: bits(chances(counted[n], validated)))
    models = [
        bible.learn(network(seed), learned, STRETCH, 1 if options.quick else EPOCHS, rate=0.012, seed=seed)
        for seed in common.progress(range(options.seeds), "learning")
    ]
    of_models = [chances(model, tested) for model in models]
    of_grams = {n: chances(counted[n], tested) for n in dict.fromkeys((5, best))}
    common.table(
        f"{len(tested):,} letters of other chapters, bits a letter",
        {
            f"LSTM, {models[0].num_parameters():,} numbers": [bits(p) for p in of_models],
            **{f"{n}-gram, {counted[n].num_counts():,} counts": bits(p) for n, p in of_grams.items()},
            f"LSTM and {best}-gram, half each": [bits((p + of_grams[best]) / 2) for p in of_models],
            "single letters": bits(chances(rnn.NGram(1, len(LETTERS)).count(learned), tested)),
        },
        "{:.3f}",
    )
    for temperature in (0.3, 0.6, 1.0):
        write(f"LSTM, temperature {temperature}", models[0], temperature)
    write(f"{best}-gram, temperature 1.0", counted[best], 1.0)
    with common.figure(options, "characters", rows=3, size=(9, 2.8)) as axes:
        if axes is not None:
            kinds(axes[0], tested, of_models, of_grams)
            distances(axes[1], tested, models, best)
            passages(axes[2], tested, models[0], of_models[0], best, of_grams[best])
    if options.output is not None:
        leaning(options.output / "characters-leaning.svg", models[0], tested)


def write(who: str, model: Any, temperature: float) -> None:
    """Let a model write, and print it."""
    numbers = rnn.generate(model, LETTERS.encode("\nAnd "), 240, choose=rnn.sampler(temperature, rng=1))
    common.console.print(f"[bold]{who}[/]: And {''.join(LETTERS.decode(numbers))}\n", markup=True)


def kinds(panel: Any, text: np.ndarray, of_models: list[np.ndarray], of_grams: dict[int, np.ndarray]) -> None:
    """Draw the bits a letter by kinds of letters."""
    before, after = (np.array(LETTERS.symbols)[numbers] for numbers in bible.streams(text, 64))
    members = {name: kind(before, after) for name, kind in KINDS.items()}
    rows = {"LSTM": np.mean([-np.log2(p) for p in of_models], axis=0)}
    rows |= {f"{n}-gram": -np.log2(p) for n, p in of_grams.items()}
    heights = {label: [losses[member].mean() for member in members.values()] for label, losses in rows.items()}
    common.bars(panel, heights, [f"{name}\n{member.mean():.1%}" for name, member in members.items()], "%.2f")
    panel.set(title="Where they differ: bits a letter, by what is to be guessed")
    panel.legend()


def distances(panel: Any, text: np.ndarray, models: list[Any], n: int) -> None:
    """Draw how much of the gradient lies in the letter that stands so many before the one that is guessed."""
    places = np.random.default_rng(0).integers(2 * SHOWN, len(text), 400)
    norms = np.mean([by_letter(model, before(text, places)) for model in models], axis=0)
    shares = (norms / norms.sum(axis=0)).mean(axis=1)[::-1]
    beyond = shares[n - 1 :].sum()
    panel.bar(np.arange(1, SHOWN // 2 + 1), shares[: SHOWN // 2], color=common.COLOURS[1])
    panel.axvspan(0.5, n - 0.5, color=common.GREY, alpha=0.25, linewidth=0)
    panel.text(n, shares[0], f"grey: what the {n}-gram sees; beyond it lies {beyond:.0%}", va="top")
    panel.set(
        title="How much a guess of the LSTM leans on a letter before it, on average", ylabel="share of ‖∂ log p/∂x⁽ᵗ⁾‖"
    )
    panel.set(xlabel="letters before the one that is guessed", xlim=(0.5, SHOWN / 2 + 0.5))


def passages(panel: Any, text: np.ndarray, model: Any, of_model: np.ndarray, n: int, of_gram: np.ndarray) -> None:
    """Draw places where the LSTM knows better than the n-gram, a letter the darker the more it leans on it."""
    gain = np.where(of_model > SURE, np.log(of_model / of_gram), 0)
    gain[: 2 * SHOWN] = 0
    t, stream = np.unravel_index(np.argsort(-gain, axis=None)[:200], gain.shape)
    numbers = before(text, stream * len(gain) + t + 1)
    norms = by_letter(model, numbers)
    beyond = norms[: 1 - n].sum(axis=0) / norms.sum(axis=0)
    for row, i in enumerate(np.argsort(-beyond)[:ROWS]):
        shades = np.sqrt(norms[-SHOWN:, i] / norms[:, i].max())
        *letters, guessed = LETTERS.decode(numbers[-SHOWN - 1 :, i])
        for x, (letter, shade) in enumerate(zip(letters, shades, strict=True)):
            panel.bar(x, 0.8, 1, -row - 0.4, color=common.COLOURS[1], alpha=0.75 * shade, linewidth=0)
            panel.text(x, -row, letter.replace("\n", "¶"), ha="center", va="center", family="monospace")
        place = t[i], stream[i]
        told = f"{guessed.replace(' ', '␣')}  LSTM {of_model[place]:.2f}, {n}-gram {of_gram[place]:.2f}"
        panel.text(SHOWN + 0.5, -row, told, va="center", family="monospace")
    panel.axvline(SHOWN - n + 0.5, color=common.GREY, linestyle="--")
    seen = f"right of the line: what the {n}-gram sees"
    panel.set(title=f"Where the LSTM knows better and looks farther. Shade: root of the share; {seen}")
    panel.set(xlim=(-1, 1.36 * SHOWN), ylim=(0.4 - ROWS, 0.6), xticks=[], yticks=[])
    panel.spines[:].set_visible(False)


def leaning(path: Path, model: Any, text: np.ndarray, place: int = 1000, letters: int = 46, back: int = 14) -> None:
    """Draw for each letter of a passage how much its guess leans on each of those before it."""
    norms = by_letter(model, before(text, place + np.arange(letters)))
    picture = viz.heat_map(
        (norms / norms.sum(axis=0))[::-1][:back],
        rows=[f"{distance} before" for distance in range(1, back + 1)],
        columns=[letter.replace("\n", "¶") for letter in LETTERS.decode(text[place : place + letters])],
        axes=("letter that the guess leans on", "letter that is guessed"),
        title="How much each guess leans on each letter before it",
    )
    common.save(picture, path)


if __name__ == "__main__":
    main()
