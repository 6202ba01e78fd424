"""Updates from shards on several processes beside the whole batch in one, and from which size on they pay.

An LSTM language model, float32, one BLAS thread a process. Recording takes as many Python steps for a shard as for the
batch, and the parameters travel to the workers and the gradients back: workers pay once most of an update is
arithmetic. The updates of all ways are interleaved, and the least time of each is shown; a machine whose cores do
something else meanwhile shows less than there is, which the line on the load tells.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_workers.py [--workers 2] [--compile] [--updates 20]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))  # of workers too

import argparse
import gc
import time
from contextlib import closing
from functools import partial

import numpy as np

import rnn
from rnn.measuring import call
from rnn.parallel import ShardedUpdater
from rnn.updating import Updater
from rnn.workers import Workers

WIDTHS = (64, 128, 256, 512)
BATCHES = (32, 64, 128, 256, 512)
T, SYMBOLS = 30, 64


def least(H: int, N: int, updates: int, workers: Workers, count: int, backend: str | None) -> dict[str, float]:
    """Return the seconds of the fastest update: of the whole batch, of shards here, and of shards on workers."""
    text = np.random.default_rng(0).integers(0, SYMBOLS, (T + 1, N))
    batch = rnn.Batch(rnn.one_hot(text[:-1], SYMBOLS, np.float32), text[1:])
    ways = {}
    for way in ("batch", "shards", "workers"):
        model = rnn.ManyToMany(rnn.LSTMCell(SYMBOLS, H, rng=0, dtype=np.float32), SYMBOLS, rng=1).train()
        made_of = (model, rnn.Adam(model), partial(rnn.cross_entropy, reduction="mean"), call)
        shards = {"shards": count, "workers": workers if way == "workers" else Workers()}
        ways[way] = Updater(*made_of, backend=backend) if way == "batch" else ShardedUpdater(
            *made_of, backend=backend, **shards
        )  # fmt: skip
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(updates + 2):
        for way, update in ways.items():
            start = time.perf_counter()
            list(update(batch))
            times[way].append(time.perf_counter() - start)
    return {way: min(spent[2:]) for way, spent in times.items()}


def main() -> None:
    """Print a line for each size, and from which batch on workers are faster."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--widths", type=int, nargs="*", default=list(WIDTHS))
    options = parser.parse_args()
    gc.set_threshold(200_000)  # as `rnn.fit` does
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; T = {T}; milliseconds an update, least")
    print("   H    N    batch    shards   workers   speed-up")
    with closing(Workers(options.workers)) as workers:
        for H in options.widths:
            faster = []
            for N in BATCHES:
                backend = "numpy" if options.compile else None
                t = least(H, N, options.updates, workers, options.workers, backend)
                faster += [N] if t["workers"] < t["batch"] else []
                columns = " ".join(f"{t[way] * 1e3:9.1f}" for way in t)
                print(f"{H:4} {N:4} {columns} {t['batch'] / t['workers']:10.2f}", flush=True)
            even = f"from a batch of {faster[0]} on" if faster else "at none of these sizes"
            print(f"H = {H}: {options.workers} workers are faster {even}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
