"""Updates from shards on two processes beside the whole batch in one.

An LSTM language model, float32, one BLAS thread. Recording takes as many Python steps for a shard as for the batch, so
workers pay once most of an update is arithmetic: at large batches and wide layers, from about 0.1 s an update on. The
least times of many updates are shown, since other programs take the cores meanwhile.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_workers.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time

import numpy as np

import rnn
from rnn.workers import Engine

ROWS = [(128, 32, 50), (128, 128, 50), (128, 512, 50), (256, 128, 50), (512, 128, 30), (512, 256, 30)]
SYMBOLS = 64


def least(H: int, N: int, T: int, updates: int, shards: int | None, workers: Engine) -> float:
    """Return the seconds of the fastest update."""
    text = np.random.default_rng(0).integers(0, SYMBOLS, (T + 1, N))
    batch = rnn.one_hot(text[:-1], SYMBOLS, np.float32), text[1:]
    model = rnn.ManyToMany(rnn.LSTMCell(SYMBOLS, H, rng=0, dtype=np.float32), SYMBOLS, rng=1)
    ends: list[float] = []
    after = lambda update: ends.append(time.perf_counter())
    options = {"loss": rnn.cross_entropy, "shards": shards, "workers": workers, "after_update": after, "quiet": True}
    rnn.fit(model, batch, epochs=updates, optimizer=rnn.Adam(model), **options)
    return float(np.diff(ends)[2:].min())


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=25)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds an update")
    print("   H    N   T    batch    shards   workers   speed-up")
    count = options.workers
    for H, N, T in ROWS:
        whole = least(H, N, T, options.updates, None, None)
        here = least(H, N, T, options.updates, count, None)
        there = least(H, N, T, options.updates, count, count)
        print(f"{H:4} {N:4} {T:3} {whole * 1e3:8.1f} {here * 1e3:9.1f} {there * 1e3:9.1f} {whole / there:10.2f}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
