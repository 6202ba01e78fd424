"""Scripts that use torch under ``tinygraph draw | debug | export``, as NumPy scripts are."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import tinygraph as tg  # noqa: E402
import tinygraph.pytorch  # noqa: E402
import viz  # noqa: E402
from tinygraph.tracing.expressions import typeset  # noqa: E402
from viz.cli import main  # noqa: E402

SCRIPT = Path(__file__).parent / "programs" / "word_classifier.py"


def debug(monkeypatch, capsys, commands, *arguments):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*commands, "quit"])))
    status = main(["debug", *arguments])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["svg", "dot"])
def test_draw(tmp_path, capsys, suffix):
    path = tmp_path / f"graph.{suffix}"
    assert main(["draw", str(SCRIPT), "--fold", "-o", str(path)]) == 0
    text = path.read_text()
    assert "lstm.weight_hh_l0" in text
    assert "scores" in text


def test_export(tmp_path):
    path = tmp_path / "page.html"
    assert main(["export", str(SCRIPT), "-o", str(path)]) == 0
    assert "Backward through loss" in path.read_text()


def test_debug_steps_through_the_layer_by_time_steps(monkeypatch, capsys):
    commands = ["next weight_hh_l0", "contributions lstm.weight_hh_l0", "goto h[3]", "list", "doctor", "net"]
    status, said = debug(monkeypatch, capsys, commands, str(SCRIPT))
    assert status == 0
    assert "time step 7 · linear" in said
    assert "sum of 7 terms" in said
    assert "hs, (h, c) = self.lstm(e)" in said
    assert "h̄⁽⁶⁾ = ā_h⁽⁷⁾ weight_hh_l0" in said
    assert "scores ← out.weight, out.bias, h" in said


def test_a_condition_finds_a_pass(monkeypatch, capsys):
    status, said = debug(monkeypatch, capsys, ["step"], str(SCRIPT), "--when", "update == 2")
    assert status == 0
    assert "■ backward pass 2, loss 1.035" in said
    status, said = debug(monkeypatch, capsys, [], str(SCRIPT), "--when", "norm(weight_hh_l0.grad) > 0")
    assert "backward pass 1" in said


@pytest.mark.slow
def test_the_script_runs_on_as_if_alone(monkeypatch, capsys):
    _, said = debug(monkeypatch, capsys, [], str(SCRIPT))
    alone = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout
    assert alone in said


@pytest.mark.slow
def test_a_script_that_imports_torch_itself(tmp_path):
    """Nothing of torch is there before the script imports it."""
    command = [sys.executable, "-m", "tinygraph", "draw", SCRIPT, "-o", tmp_path / "g.svg"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote " + str(tmp_path / "g.svg") + "\n", "")


def test_without_a_backward_pass_the_reason_is_said(tmp_path, capsys):
    script = tmp_path / "forward.py"
    script.write_text("import torch\nprint(torch.ones(2, requires_grad=True).sum().item())\n")
    assert main(["draw", str(script)]) == 2
    assert "the script ended without a backward pass" in capsys.readouterr().err
    script.write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\ntorch.autograd.backward([w.sum(), w.prod()])\n"
    )
    assert main(["draw", str(script)]) == 2
    assert "began at several tensors" in capsys.readouterr().err


def test_an_error_of_the_script_is_shown_as_torch_says_it(tmp_path, capsys):
    script = tmp_path / "wrong.py"
    script.write_text("import torch\ntorch.ones(2).sum().backward()\n")
    assert main(["draw", str(script)]) == 1
    assert "does not require grad" in capsys.readouterr().err


def test_viz_takes_the_trace_and_the_engine_does_not_import_torch():
    model = torch.nn.RNN(2, 3)
    with tinygraph.pytorch.record(model) as recording:
        loss = model(torch.ones(4, 1, 2))[0].sum()
    trace = recording.trace(loss)
    assert "weight_hh_l0" in viz.draw(trace, fold=True).svg()
    assert viz.Debugger(trace).next_write("weight_hh_l0").moved
    code = "import sys, tinygraph, rnn, viz; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
    assert tg.pytorch.record is tinygraph.pytorch.record


def test_gradients_that_are_not_reset_are_found(tmp_path, monkeypatch, capsys):
    text = SCRIPT.read_text()
    assert "optimizer.zero_grad()" in text
    script = tmp_path / "accumulating.py"
    script.write_text(text.replace("    optimizer.zero_grad()\n", ""))
    _, said = debug(monkeypatch, capsys, ["doctor"], str(script), "--when", "update == 3")
    assert "not reset: .grad of" in said
    _, said = debug(monkeypatch, capsys, ["doctor"], str(SCRIPT), "--when", "update == 3")
    assert "not reset" not in said


def test_a_tensor_of_torch_that_nobody_recorded_is_told_where_to_go():
    with pytest.raises(TypeError, match=r"a Tensor of torch: compute it inside `with tinygraph\.pytorch\.record"):
        viz.draw(torch.ones(2))
    with pytest.raises(TypeError, match="recording.trace"):
        viz.Debugger(torch.ones(2))


def test_a_method_of_a_tensor_is_written_with_what_it_is_called_on():
    assert typeset("targets.view(B * T)", {"targets": 2}) == "view(targets, B · T)"
    assert typeset("lengths.cpu()") == "cpu(lengths)"
