"""The table of all peers, at tiny sizes: that it runs, and that all give the same losses and gradients."""

import subprocess
import sys
from importlib.util import find_spec

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
    assert run.stdout.count("| tinygraph, compiled: numba, loaded |") == 3 * bool(find_spec("numba"))
