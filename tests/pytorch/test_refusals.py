"""What cannot be recorded is refused with one clear line, and the program is left alone."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import tinygraph.pytorch  # noqa: E402
from tinygraph.pytorch.versions import refusal  # noqa: E402


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Linear(3, 3)


def test_no_tensor_no_gradient_no_scalar_no_recording(model):
    outside = model(torch.ones(3)).sum()
    with tinygraph.pytorch.record(model) as recording:
        y = model(torch.ones(3))
        constant = torch.ones(3).sum()
    with pytest.raises(TypeError, match="expected a torch tensor, got float"):
        recording.trace(1.0)
    with pytest.raises(ValueError, match="requires no gradient"):
        recording.trace(constant)
    with pytest.raises(ValueError, match=r"only a scalar .* shape \(3,\)"):
        recording.trace(y)
    with pytest.raises(ValueError, match="was not recorded; compute it inside the block"):
        recording.trace(outside)


def test_a_model_that_changes_between_forward_and_backward(model):
    scale = nn.Parameter(torch.ones(3))
    with tinygraph.pytorch.record(model) as recording:
        loss = (torch.tanh(model(torch.ones(3)) * scale) ** 2).sum()
    with torch.no_grad():
        scale.mul_(2)
    with pytest.raises(ValueError, match="written to in place after it was used"):
        recording.trace(loss)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()  # as without us


def test_what_is_not_a_number_is_shown(model):
    with tinygraph.pytorch.record(model) as recording:
        loss = torch.log(model(torch.ones(3)) * 0 - 1).sum()
    trace = recording.trace(loss)
    assert tinygraph.diagnosing.nonfinite_origin(trace).node.op == "log"


def test_what_torch_compile_compiles_runs_as_it_is_written(model):
    before = torch.compile(model, backend="aot_eager")
    with tinygraph.pytorch.record(model) as recording:
        compiled = torch.compile(model, backend="aot_eager")
        loss = torch.tanh(before(torch.ones(3)) + compiled(torch.ones(3))).sum()
    assert [str(node.op) for node in recording.trace(loss).nodes] == ["sum", "tanh", "add", "linear", "linear"]
    assert not hasattr(torch.compile, "__wrapped__")


def test_a_reentrant_checkpoint_leaves_training_alone(model):
    x = torch.ones(2, 3)

    def compute():
        return checkpoint(lambda z: torch.tanh(model(z)), model(x), use_reentrant=True).sum()

    compute().backward()
    alone, model.weight.grad = model.weight.grad, None
    with tinygraph.pytorch.record(model) as recording:
        loss = compute()
        loss.backward()
    assert torch.equal(model.weight.grad, alone)
    trace = recording.trace(loss)
    assert (trace.gradient("weight") == alone.numpy()).all()
    terms = trace.contributions("weight")  # what the checkpoint computed inside is not seen, and the sum says so
    assert len(terms) == 1
    assert terms.gap > 0.01


def test_a_torch_that_is_too_old():
    assert refusal("2.3.1") == (
        "tinygraph.pytorch needs torch 2.4 or newer, this is 2.3.1: pip install --upgrade torch"
    )
    assert refusal("3.0.0a0+git") == ""
