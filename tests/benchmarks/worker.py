"""One peer in a process of its own: it prepares a network and runs it as often as it is told, line by line."""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks.peers import PEERS
from tests.benchmarks.programs import make


class Worker:
    """What a peer does."""

    def __init__(self, name: str):
        self.name = name
        self.run: Any = None
        self.arrays: list[np.ndarray] = []
        for module in PEERS[name][1]:
            import_module(module)  # which is not the first call's

    def prepare(self, cell: str, sizes: list[int]) -> dict[str, Any]:
        """Run a network of other sizes for the first time; return how long that took, its loss and its gradients' size.

        The loss of torch's GRU is another one: it multiplies the reset gate with a product.
        """
        self.arrays = make(cell, *sizes)
        start = time.perf_counter()
        self.run = PEERS[self.name][2](cell, self.arrays)
        loss, gradients = self.run()
        seconds = time.perf_counter() - start
        size = sum(float(np.abs(np.asarray(gradient)).sum()) for gradient in gradients)
        return {"first": seconds, "loss": float(loss), "gradients": size}

    def time(self, seconds: float) -> dict[str, Any]:
        """Run it for so long, at least once; return how long each run took."""
        times: list[float] = []
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            self.run()
            times.append(time.perf_counter() - start)
        return {"times": times}

    def memory(self, cell: str, sizes: list[int]) -> dict[str, Any]:
        """Return by how many megabytes the process grew at most in two runs."""
        self.prepare(cell, [3, *sizes[1:]])  # libraries are loaded, code is compiled
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.prepare(cell, sizes)
        self.run()
        return {"megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def main() -> None:
    """Answer requests, each a line of JSON on standard input."""
    gc.set_threshold(200_000)  # as `rnn.fit` does
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # jax asks for no number of threads
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        try:
            answer = getattr(worker, what)(*arguments)
        except (Exception, RecursionError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
