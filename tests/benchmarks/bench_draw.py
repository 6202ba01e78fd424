"""Drawing an unrolled RNN: time, size and growth, beside other tools that draw recorded graphs.

An Elman network with cross-entropy at every step, one sequence, I = 4, H = 20, K = 3; every recorded op is drawn, as
SVG. Each measurement runs in a process of its own with a time limit; the median of three runs after a small one to warm
up, but one run of what takes over ten seconds. What is timed: from the loss (or, for the tools that record by
themselves, the network) to the SVG text.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_draw.py
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_draw.py --peers torchviz mygrad torchview torchlens

Peers must be installed beside torch, and need Graphviz' `dot` on the path.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

LENGTHS = (5, 20, 50, 100, 1_000, 10_000)
I, H, K = 4, 20, 3
OURS = ("ops", "variables", "folded")


def arrays(T: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Parameters, inputs (T, I) and classes (T,)."""
    rng = np.random.default_rng(0)
    shapes = [(H, I), (H, H), (H,), (K, H), (K,)]
    return [rng.normal(0, 0.2, s) for s in shapes], rng.normal(size=(T, I)), rng.integers(K, size=T)


# Each function prepares what is not timed, and returns what is: a call that makes the SVG.


def tinygraph(T: int, **options: Any) -> Callable[[], str]:
    import tinygraph as tg
    import viz

    (U, W, b, V, c), X, Y = arrays(T)
    U, W, b, V, c = (tg.parameter(a, name=n) for a, n in zip((U, W, b, V, c), "UWbVc", strict=True))
    h, loss = np.zeros(H), 0.0
    for x, y in zip(X, Y, strict=True):
        h = np.tanh(W @ h + U @ x + b)
        o = V @ h + c
        loss = loss + tg.softmax_cross_entropy(o, y)
    return lambda: viz.draw(loss, timesteps=None if options.get("fold") else slice(None), **options).svg()


def torch_network(T: int) -> tuple[Any, Any]:
    import torch

    parameters, X, Y = arrays(T)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.p = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(a)) for a in parameters])

        def forward(self, xs: Any) -> Any:
            U, W, b, V, c = self.p
            h, loss = torch.zeros(H, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
            for t in range(T):
                h = torch.tanh(W @ h + U @ xs[t] + b)
                o = V @ h + c
                loss = loss + torch.nn.functional.cross_entropy(o, torch.tensor(int(Y[t])))
            return loss

    return Network(), torch.tensor(X)


def torchviz(T: int) -> Callable[[], str]:
    from torchviz import make_dot

    network, xs = torch_network(T)
    loss = network(xs)
    return lambda: make_dot(loss, params=dict(network.named_parameters())).pipe(format="svg").decode()


def mygrad(T: int) -> Callable[[], str]:
    import mygrad as mg
    from mygrad.computational_graph import build_graph

    parameters, X, Y = arrays(T)
    U, W, b, V, c = map(mg.tensor, parameters)
    h, loss = mg.zeros(H), mg.tensor(0.0)
    for x, y in zip(X, Y, strict=True):
        h = mg.tanh(mg.matmul(W, h) + mg.matmul(U, x) + b)
        o = mg.matmul(V, h) + c
        loss = loss + mg.nnet.losses.softmax_crossentropy(o[np.newaxis], np.array([y]))
    return lambda: build_graph(loss).pipe(format="svg").decode()


def torchview(T: int) -> Callable[[], str]:
    from torchview import draw_graph

    network, xs = torch_network(T)
    return lambda: draw_graph(network, input_data=(xs,), device="cpu").visual_graph.pipe(format="svg").decode()


def torchlens(T: int) -> Callable[[], str]:
    import torchlens as tl

    network, xs = torch_network(T)

    def draw() -> str:
        with tempfile.TemporaryDirectory() as folder:
            target = str(Path(folder) / "graph")
            log = tl.trace(network, (xs,))
            log.draw(view="unrolled", vis_outpath=target, vis_fileformat="svg", vis_save_only=True)
            return next(Path(folder).glob("*.svg")).read_text()

    return draw


MAKERS: dict[str, Callable[[int], Callable[[], str]]] = {
    "ops": tinygraph,
    "variables": lambda T: tinygraph(T, view="variables"),
    "folded": lambda T: tinygraph(T, fold=True),
    "torchviz": torchviz,
    "mygrad": mygrad,
    "torchview": torchview,
    "torchlens": torchlens,
}


def measure(name: str, T: int) -> dict[str, float]:
    """Seconds and bytes of one drawing."""
    sys.setrecursionlimit(100_000)
    MAKERS[name](3)()
    draw = MAKERS[name](T)
    times = []
    while not times or (len(times) < 3 and times[0] < 10):
        start = time.perf_counter()
        svg = draw()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times), "bytes": len(svg.encode())}


def in_a_process(name: str, T: int, limit: float) -> dict[str, Any]:
    """The measurement, or why there is none."""
    command = [sys.executable, "-W", "ignore", __file__, "--one", name, str(T)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"failed": f"> {limit:.0f} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        return {"failed": last[:60]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", default=[], choices=[name for name in MAKERS if name not in OURS])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one measurement")
    parser.add_argument("--lengths", nargs="*", type=int, default=LENGTHS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]))))
        return
    print(f"{'':12}" + "".join(f"{f'T = {T:,}':>26}" for T in options.lengths))
    for name in (*OURS, *options.peers):
        cells, found = [], {}
        gave_up = False
        for T in options.lengths:
            result = {"failed": "-"} if gave_up else in_a_process(name, T, options.limit)
            gave_up = gave_up or "failed" in result
            found[T] = result
            text = result.get("failed") or f"{result['seconds']:.3f} s {result['bytes'] / T:,.0f} B/step"
            cells.append(f"{text:>26}")
        print(f"{name:12}" + "".join(cells) + _growth(found), flush=True)


def _growth(found: dict[int, dict[str, Any]]) -> str:
    """The exponent of time in T, from the first length of at least 100 to the last."""
    known = [(T, result["seconds"]) for T, result in found.items() if "seconds" in result and T >= 100]
    if len(known) < 2:
        return ""
    (a, first), (b, last) = known[0], known[-1]
    return f"   exponent {math.log(last / first) / math.log(b / a):.2f}"


if __name__ == "__main__":
    main()
