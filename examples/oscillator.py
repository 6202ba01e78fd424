"""Find the spring and the force of an oscillator from where it was: Euler's method is a recurrent network.

    python examples/oscillator.py            # 3 draws of the noise, about a minute
    python examples/oscillator.py --quick    # seconds

A mass on a spring is pushed by a periodic force: s″ = −k s + A cos t, k for k/m and A for A/m. Euler's method computes
the next place and speed from the last, with the same two numbers in every time step: a linear recurrent network with
two parameters. Back-propagation through its 200 time steps finds k = 4 and A = 1 from places that were seen with
noise. The baseline takes second differences of the places for s″ and solves for k and A by least squares.

What to see: without noise both are exact. With noise second differences are useless, for they divide it by h²; the
network fits the whole path at once. But its loss has other valleys: where the phase is wrong a small A is the best that
can be done, and there a start that is too far away ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

K, A, STEP, STEPS = 4.0, 1.0, 0.05, 200
TIMES = STEP * np.arange(1, STEPS + 1)
NOISES = (0.0, 0.05, 0.2)


def path_of(oscillator: rnn.ForcedOscillator) -> tg.Tensor:
    """Return the places at `TIMES`, (200,)."""
    states = oscillator.run(STEP, STEPS)
    return tg.stack([state[0] for state in states[1:]])


def fit(seen: np.ndarray, start: tuple[float, float], updates: int) -> rnn.ForcedOscillator:
    """Return the oscillator whose path is nearest to what was seen, as gradient descent finds it."""
    oscillator = rnn.ForcedOscillator(*start)
    optimizer = rnn.Adam(oscillator, rnn.cosine_decay(0.1, updates))
    for _ in range(updates):
        oscillator.zero_grad()
        np.mean((path_of(oscillator) - seen) ** 2).backward()
        optimizer.step()
    return oscillator


def by_differences(seen: np.ndarray) -> tuple[float, float]:
    """Return k and A by least squares on second differences: (s⁽ⁿ⁺²⁾ − 2s⁽ⁿ⁺¹⁾ + s⁽ⁿ⁾) / h² = −k s⁽ⁿ⁾ + A cos(nh)."""
    s = np.concatenate([[0.0], seen])
    accelerations = (s[2:] - 2 * s[1:-1] + s[:-2]) / STEP**2
    times = STEP * np.arange(STEPS - 1)
    (k, amplitude), *_ = np.linalg.lstsq(np.column_stack([-s[:-2], np.cos(times)]), accelerations, rcond=None)
    return float(k), float(amplitude)


def main() -> None:
    """Fit, compare, draw."""
    options = common.options(__doc__)
    updates = 20 if options.quick else 300
    true = path_of(rnn.ForcedOscillator(K, A)).data
    runs = [(noise, seed) for noise in NOISES for seed in range(options.seeds)]
    errors: dict[str, list[float]] = {}
    for noise, seed in common.progress(runs, "fitting"):
        seen = true + noise * np.random.default_rng(seed).normal(size=STEPS)
        fitted = fit(seen, (3.0, 0.5), updates)
        errors.setdefault(f"noise {noise:.2f}: back-propagation", []).append(abs(fitted.k.item() - K))
        errors.setdefault(f"noise {noise:.2f}: second differences", []).append(abs(by_differences(seen)[0] - K))
    common.table(f"Error of k = {K:g}, from k = 3 and A = 0.5", errors, "{:.4f}")
    far = fit(true, (1.5, 0.3), updates)
    common.table("From k = 1.5 and A = 0.3, without noise", {"k": far.k.item(), "A": far.A.item()}, "{:.4f}")
    with common.figure(options, "oscillator", rows=2, size=(9, 2.6)) as axes:
        if axes is not None:
            draw(axes, true, seen, fitted, far)
    if options.output is not None:
        target = options.output / "oscillator-gradient.svg"
        loss = (path_of(rnn.ForcedOscillator(3.0, 0.5))[-1] - true[-1]) ** 2
        title = "The last place, on its way back: Euler's method turns the gradient and makes it larger"
        common.save(viz.plot(loss, title=title), target)


def draw(
    axes: np.ndarray, true: np.ndarray, seen: np.ndarray, fitted: rnn.ForcedOscillator, far: rnn.ForcedOscillator
) -> None:
    """Draw the paths, and the loss by k with its valleys."""
    axes[0].plot(TIMES, true, label="true", linewidth=3)
    axes[0].plot(TIMES, path_of(fitted).data, label=f"fitted, k = {fitted.k.item():.2f}")
    axes[0].plot(TIMES, path_of(rnn.ForcedOscillator(3.0, 0.5)).data, ":", label="before, k = 3")
    axes[0].plot(TIMES, seen, ".", label="seen", color=common.GREY, markersize=4)
    axes[0].set(title=f"The path, seen with noise of {NOISES[-1]}", xlabel="time", ylabel="s", ylim=(-2, 2.6))
    axes[0].legend(ncols=4, loc="upper left")
    ks = np.linspace(0.5, 8, 151)
    with tg.no_grad():
        paths = [path_of(rnn.ForcedOscillator(k, 1.0)).data for k in ks]  # the path is proportional to A
    losses = [np.mean((path * (path @ true) / (path @ path) - true) ** 2) for path in paths]
    axes[1].plot(ks, losses, label="loss by k, with the best A for it")
    for k, label, colour in ((3.0, "start", common.COLOURS[1]), (1.5, "a start that is too far", common.COLOURS[2])):
        axes[1].axvline(k, color=colour, linestyle="--", label=label)
    axes[1].axvline(far.k.item(), color=common.COLOURS[2], linestyle=":", label="where that one ends")
    axes[1].set(title="The loss has more than one valley", xlabel="k", ylim=(0, None))
    axes[1].legend()


if __name__ == "__main__":
    main()
