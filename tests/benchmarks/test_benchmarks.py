"""The table of all peers, at tiny sizes: that it runs, and that all give the same losses and gradients."""

import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_table_at_tiny_sizes():
    ours = ["hand", "textbook", "eager", "numpy", "numba", "torch"]
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny", "--peers", *ours]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0 and not run.stderr, run.stdout + run.stderr
    for cell in ("Elman", "LSTM", "GRU"):
        assert f"| {cell}; T, N, I, H, K |" in run.stdout
    assert run.stdout.count("| NumPy by hand, textbook |") == run.stdout.count("| tinygraph, compiled: numpy |") == 3
    cold, loaded = (
        [int(first) for first in re.findall(rf"compiled: {name} \|.*?\| (\d+) \d+ \|", run.stdout)]
        for name in ("numba", "numba, loaded")
    )
    assert len(cold) == len(loaded) == 3
    assert all(again < first / 2 for first, again in zip(cold, loaded, strict=True)), (cold, loaded)
