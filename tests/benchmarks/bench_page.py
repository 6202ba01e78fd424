"""The page of a backward pass: size, time until it is ready, and frame times while stepping and scrubbing.

An Elman network with cross-entropy at every step, I = 4, K = 3; each page is opened in a fresh Chromium at 1440 × 900.
A frame time is what lies between two calls of requestAnimationFrame, with one move in each frame; the 95th percentile
of 200. Beside it stands the mean time of the processor in the page's main thread for a move, which other programs on
the machine disturb less. The browser draws at most 60 frames a second, as everywhere, or with --unlimited as many as
it can, which shows what a move costs where 60 hide it.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_page.py [--rounds 3] [--unlimited]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import tinygraph as tg
import viz
from examples.programs import worked_example

I, K = 4, 3
SIZES = {(10, 64): None, (100, 64): 600_000, (1_000, 64): 3_000_000}  # (T, H): the most bytes
UNLIMITED = ("--disable-frame-rate-limit", "--disable-gpu-vsync")

FRAMES = """move => new Promise(done => {
  const times = [];
  const last = page.last, count = 200;
  const moves = {
    next: () => page.state.k >= last ? page.move("first") : page.move("next"),
    scrub: (i) => {
      const scrubber = document.getElementById("scrubber");
      scrubber.value = Math.round(last * (1 - Math.abs(1 - 2 * i / count))); // to the end and back
      scrubber.dispatchEvent(new Event("input"));
    },
  };
  page.go(move === "next" ? Math.round(last / 2) : -1);
  let before;
  const frame = (now) => {
    if (before !== undefined) times.push(now - before);
    before = now;
    if (times.length >= count) return done(times);
    moves[move](times.length);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


def network(T: int, H: int) -> tg.Tensor:
    """Return the loss of an Elman network."""
    rng = np.random.default_rng(0)
    U, W, b = (tg.parameter(rng.normal(0, 0.1, shape)) for shape in ((H, I), (H, H), (H,)))
    V, c = tg.parameter(rng.normal(0, 0.1, (K, H))), tg.parameter(np.zeros(K))
    h, loss = np.zeros(H), 0.0
    for x, y in zip(rng.normal(size=(T, I)), rng.integers(K, size=T), strict=True):
        h = np.tanh(W @ h + U @ x + b)
        o = V @ h + c
        loss = loss + tg.softmax_cross_entropy(o, y)
    return loss


def measure(browser: Browser, path: Path) -> dict[str, Any]:
    """Open a page; return in ms how long it took, the 95th percentiles of frames, and the processor's time per move."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    tools.send("Performance.enable")

    def processor() -> float:
        metrics = tools.send("Performance.getMetrics")["metrics"]
        return next(1e3 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    start = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    measured: dict[str, Any] = {"ready": 1e3 * (time.perf_counter() - start)}
    for move in ("next", "scrub"):
        before = processor()
        times = page.evaluate(FRAMES, move)
        measured[move] = np.percentile(times, 95)
        measured[f"{move} processor"] = (processor() - before) / len(times)
    page.close()
    return measured


def main(rounds: int, unlimited: bool) -> None:
    """Print the table."""
    programs = {"worked series": (worked_example(), 100_000)}
    programs |= {f"T = {T}, H = {H}": (network(T, H), most) for (T, H), most in SIZES.items()}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        paths = {name: Path(folder) / f"{name}.html" for name in programs}
        for name, (loss, most) in programs.items():
            start = time.perf_counter()
            viz.export(loss, paths[name])
            seconds, size = time.perf_counter() - start, paths[name].stat().st_size
            print(f"{name:18} {size:10,} bytes{f', at most {most:,}' if most else '':20} written in {seconds:.1f} s")
        executable = shutil.which("chromium") or shutil.which("google-chrome")
        flags = ["--no-sandbox", *(UNLIMITED if unlimited else ())]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        runs = [{name: measure(browser, path) for name, path in paths.items()} for _ in range(rounds)]
        browser.close()
    print("\nms                   ready   stepping (processor)     scrubbing (processor)")
    for name in programs:
        m = {key: float(np.median([run[name][key] for run in runs])) for key in runs[0][name]}
        print(
            f"{name:18} {m['ready']:7.0f} {m['next']:10.1f} ({m['next processor']:.1f})"
            f" {m['scrub']:18.1f} ({m['scrub processor']:.1f})"
        )
    for move, word in (("next", "stepping"), ("scrub", "scrubbing")):
        pairs = [(run["T = 1000, H = 64"], run["T = 10, H = 64"]) for run in runs]
        frames, work = (np.median([a[key] / b[key] for a, b in pairs]) for key in (move, f"{move} processor"))
        print(f"{word:10} T = 1,000 / T = 10: {frames:.2f} (at most 1.5), of the processor's time {work:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is opened, in turns; medians")
    parser.add_argument("--unlimited", action="store_true", help="draw as many frames as possible, not 60 a second")
    chosen = parser.parse_args()
    main(chosen.rounds, chosen.unlimited)
