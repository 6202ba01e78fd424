"""Traces of torch programs in files, which open without torch, and the formulas that stand in them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import tinygraph as tg  # noqa: E402
import tinygraph.pytorch  # noqa: E402
from tests.pytorch.checking import relative  # noqa: E402


def trace_of(model, compute):
    with tinygraph.pytorch.record(model) as recording:
        loss = compute()
    return recording.trace(loss)


def distinct_bytes(trace):
    arrays = [node.data for node in trace.graph.nodes] + [*trace.adjoints, *trace.gradients.values()]
    return sum({(np.shape(a), np.asarray(a).tobytes()): np.asarray(a).nbytes for a in arrays}.values())


@pytest.fixture(scope="module")
def lstm():
    torch.manual_seed(0)
    model, x = nn.LSTM(20, 64), torch.randn(40, 32, 20)
    return trace_of(model, lambda: model(x)[0][-1].pow(2).mean())


def test_a_weight_is_stored_once(lstm, tmp_path):
    lstm.save(tmp_path / "lstm.trace")
    assert (tmp_path / "lstm.trace").stat().st_size < 1.3 * distinct_bytes(lstm)


def test_a_file_opens_without_torch(lstm, tmp_path):
    lstm.save(tmp_path / "lstm.trace")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        f"import tinygraph as tg; trace = tg.load_trace({str(tmp_path / 'lstm.trace')!r})\n"
        "terms = trace.contributions('weight_hh_l0')\n"
        "print(len(terms), terms.timesteps[:2], terms.gap < 1e-6, len(trace.formulas(5)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.stderr) == ("40 [40, 39] True 1\n", "")


def test_what_has_no_peer_keeps_its_contributions(tmp_path):
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(9, 4)), torch.randn(5, 2, 4)
    trace = trace_of(model, lambda: F.cross_entropy(model(x), torch.arange(5) % 4))
    trace.save(tmp_path / "conv.trace")
    loaded = tg.load_trace(tmp_path / "conv.trace")
    for name, _ in model.named_parameters():
        assert relative(loaded.contributions(name).sum, trace.gradient(name)) < 1e-6
    assert len(trace.verify()) == 0
    assert len(loaded.verify()) == 0


def test_a_formula_is_shown_only_where_it_agrees():
    W, x = torch.randn(3, 2, requires_grad=True), torch.randn(4, 2)
    trace = trace_of(None, lambda: torch.relu(torch.tanh(x @ W.T) - 0.1).sum())
    written = {str(node.op): str(trace.formulas(k)[0]) for k, node in enumerate(trace.nodes)}
    assert written["tanh"] == "v̄₃ = v̄₄ ⊙ (1 − v₄ ⊙ v₄)"
    assert written["relu"] == "v̄₆ = v̄₇ ⊙ [v₆ > 0]"
    halves = torch.tensor([0.0, 1.0], requires_grad=True)  # at 0 torch gives |x| the slope 0, and so do we: it agrees
    agreeing = trace_of(None, lambda: halves.abs().sum())
    assert agreeing.formulas(1)[0].rule == "g * np.sign(x)"
    tied = torch.tensor([1.0, 1.0], requires_grad=True)  # amax shares among ties in torch; clamp is ours by other rules
    leaning = trace_of(None, lambda: F.leaky_relu(tied, 0.3).sum())
    assert leaning.formulas(1)[0].rule == ""  # its slope is not the one of our op


def test_a_rule_that_does_not_agree_is_not_shown(monkeypatch):
    wrong = tg.op(np.tanh, vjp=lambda g, y, x: g * (1 + y * y), name="tanh_of_a_test")
    monkeypatch.setitem(tg.registry, "tanh", [wrong])
    monkeypatch.delitem(tg.registry, "tanh_of_a_test")
    x = torch.ones(2, requires_grad=True)
    assert trace_of(None, lambda: torch.tanh(x).sum()).formulas(1)[0].rule == ""
