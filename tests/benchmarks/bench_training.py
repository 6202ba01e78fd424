"""One update of a language model beside PyTorch's: loss, gradients, clipping and Adam, in one run.

An embedding, one LSTM layer and a readout, float32, one BLAS thread each; the same weights, batches and optimizer. Ours
runs as `rnn.fit` runs it, recorded anew for each batch or compiled, by numba too where it is installed; PyTorch's is
its fused `nn.LSTM`. The rounds are interleaved, and the time is that of the processor, which other programs on the
cores lengthen little.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_training.py [--rounds 40] [--rows 1 2 3]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("OPENBLAS_CORETYPE", None)  # an older processor, which only NumPy would believe
os.environ.pop("OPENBLAS_L2_SIZE", None)

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import nn

import rnn
from rnn.measuring import call
from rnn.updating import Updater

ROWS = [(128, 32, 50, 60), (64, 16, 35, 60), (256, 32, 50, 60)]  # H, N, T, vocabulary
FEATURES, CLIP = 64, 1.0


class TheirModel(nn.Module):
    """PyTorch's model."""

    def __init__(self, H: int, K: int):
        super().__init__()
        self.embed, self.lstm, self.out = nn.Embedding(K, FEATURES), nn.LSTM(FEATURES, H), nn.Linear(H, K)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of the next symbol, (T, N, K)."""
        return self.out(self.lstm(self.embed(x))[0])


def our_model(their_model: TheirModel, H: int, K: int) -> rnn.ManyToMany:
    """Return our model with the same weights."""
    options: dict[str, Any] = {"rng": 0, "dtype": np.float32}
    cell = rnn.LSTMCell(FEATURES, H, recurrent_bias=True, **options)
    model = rnn.ManyToMany(rnn.Layers(rnn.Embedding(K, FEATURES, **options), cell), K, rng=0)
    weights = {name: array.numpy().copy() for name, array in their_model.state_dict().items()}
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=True)))
    return model


def theirs(model: TheirModel, K: int) -> Callable[[np.ndarray], float]:
    """Return PyTorch's update."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def update(text: np.ndarray) -> float:
        optimizer.zero_grad()
        scores = model(torch.from_numpy(text[:-1]))
        loss = nn.functional.cross_entropy(scores.reshape(-1, K), torch.from_numpy(text[1:]).reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        return loss.item()

    return update


def ours(model: rnn.ManyToMany, backend: str | None) -> Callable[[np.ndarray], float]:
    """Return our update, as `rnn.fit` makes it."""
    loss = partial(rnn.cross_entropy, reduction="mean")
    updater = Updater(model.train(), rnn.Adam(model, lr=1e-3), loss, call, clip_norm=CLIP, backend=backend)

    def update(text: np.ndarray) -> float:
        (made,) = updater(rnn.Batch(text[:-1], text[1:]))
        return made.loss.item()

    return update


def measure(H: int, N: int, T: int, K: int, rounds: int) -> dict[str, list[float]]:
    """Return the times of the updates of interleaved rounds, whose losses are the same."""
    torch.manual_seed(0)
    their_model = TheirModel(H, K)
    updates = {
        "torch": theirs(their_model, K),
        "eager": ours(our_model(their_model, H, K), None),
        "compiled": ours(our_model(their_model, H, K), "numpy"),
    }
    if find_spec("numba"):
        updates["numba"] = ours(our_model(their_model, H, K), "numba")
    rng, times = np.random.default_rng(0), {name: [] for name in updates}
    for _ in range(rounds + 2):
        text = rng.integers(0, K, (T + 1, N))
        losses = []
        for name, update in updates.items():
            start = time.process_time()
            losses.append(update(text))
            times[name].append(time.process_time() - start)
        np.testing.assert_allclose(losses, losses[0], rtol=1e-3)
    return {name: spent[2:] for name, spent in times.items()}


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", type=int, nargs="*", default=list(range(1, len(ROWS) + 1)))
    options = parser.parse_args()
    torch.set_num_threads(1)
    gc.set_threshold(200_000)  # as `rnn.fit` does
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds an update: least (median)")
    print("H, N, T, K: torch, eager, compiled by NumPy, by numba; then those divided by torch's: least, median")
    for row in (ROWS[number - 1] for number in options.rows):
        times = measure(*row, options.rounds)
        least = {name: min(spent) * 1e3 for name, spent in times.items()}
        middle = {name: statistics.median(spent) * 1e3 for name, spent in times.items()}
        columns = " ".join(f"{least[name]:6.1f} ({middle[name]:5.1f})" for name in times)
        ratios = ["  ".join(f"{x[name] / x['torch']:.2f}" for name in list(x)[1:]) for x in (least, middle)]
        print(f"{', '.join(map(str, row)):>17} {columns}   {'   median '.join(ratios)}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
