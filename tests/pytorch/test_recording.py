"""What is recorded of programs of torch: names, time steps, passes backward, and running statistics."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import numpy as np  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import tinygraph.pytorch  # noqa: E402
from tests.pytorch.test_habits import Cube, Parts  # noqa: E402


def test_a_loop_of_cells_has_time_steps_names_and_expressions():
    torch.manual_seed(0)
    cell, h = nn.RNNCell(3, 4), torch.zeros(2, 4)
    with tinygraph.pytorch.record(cell) as recording:
        for x in torch.ones(5, 2, 3):
            h = cell(x, h)
        loss = h.pow(2).mean()
    trace = recording.trace(loss)
    terms = trace.contributions("weight_hh")
    assert terms.timesteps == [5, 4, 3, 2, 1]
    assert terms.exact
    node = trace.node("h[3]")
    assert (node.expression, node.timestep, node.op) == ("cell(x, h)", 3, "tanh")
    assert node.source.filename == __file__
    assert len(tinygraph.fold(trace.graph).nodes) < 16


def test_parameters_are_called_as_named_parameters_calls_them():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    with tinygraph.pytorch.record() as recording:  # found by itself
        loss = model(torch.ones(2, 3)).sum()
    trace = recording.trace(loss)
    assert [node.name for node in trace.graph.parameters] == [name for name, _ in model.named_parameters()]
    assert trace.gradient("0.weight").shape == (4, 3)
    assert len({str(trace.symbols.of(node)) for node in trace.graph.parameters}) == 4


def test_the_trace_before_and_after_backward_is_the_same():
    torch.manual_seed(0)
    model, x = nn.Linear(3, 2), torch.randn(4, 3)
    with tinygraph.pytorch.record(model) as recording:
        loss = torch.tanh(model(x)).sum()
    before = recording.trace(loss)
    assert model.weight.grad is None
    loss.backward()
    recording._heard = None  # as if nobody had asked before: its graph is gone now
    after = recording.trace(loss)
    assert (before.gradient("weight") == model.weight.grad.numpy()).all()
    assert (after.gradient("weight") == model.weight.grad.numpy()).all()


def test_ten_updates_give_the_same_parameters_recorded_or_not():
    def train():
        torch.manual_seed(0)
        model = Parts(embed=nn.Embedding(9, 3), rnn=nn.LSTM(3, 4, 2, dropout=0.3), out=nn.Linear(4, 2))
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for _ in range(10):
            words, target = torch.randint(0, 9, (5, 2)), torch.randint(0, 2, (2,))
            optimizer.zero_grad()
            loss = F.cross_entropy(model.out(model.rnn(model.embed(words))[0][-1]), target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return [*model.state_dict().values(), torch.rand(1)]

    alone = train()
    traces = []
    with tinygraph.pytorch.record(on_pass=traces.append):
        recorded = train()
    assert len(traces) == 10
    assert all(torch.equal(a, b) for a, b in zip(alone, recorded, strict=True))


def test_constants_are_called_as_the_program_calls_them_whatever_stands_between():
    q, actions, keep = torch.randn(4, 3, requires_grad=True), torch.tensor([[0], [1], [2], [0]]), torch.ones(4, 3) > 0
    with tinygraph.pytorch.record() as recording:
        values = q.gather(1, actions)
        kept = q.masked_fill(keep, 0.0)
        added = torch.zeros(4, 3).index_add(0, torch.arange(4), q)
        loss = values.sum() + kept.sum() + added.mean()
    named = {str(node.op): node.name for node in recording.trace(loss).graph.nodes}
    assert (named["gather"], named["masked_fill"], named["index_add"]) == ("values", "kept", "added")
    constants = [node.name for node in recording.trace(loss).graph.nodes if node.kind == "constant"]
    assert constants == ["actions", "keep", "torch.zeros(4, 3)", "torch.arange(4)"]
    assert [node.name for node in recording.trace(loss).graph.parameters] == ["q"]


def test_parts_of_what_a_call_returns_are_called_as_the_program_unpacks_them():
    model, x = nn.LSTM(3, 4), torch.randn(5, 2, 3)
    with tinygraph.pytorch.record(model) as recording:
        outputs, (last, memory) = model(x)
        i, f = outputs.chunk(2, -1)
        values, where = (i * f).max(0)
        loss = values.sum() + last.mean() + memory.mean()
    trace = recording.trace(loss)
    ops = [("chunk", "i"), ("chunk", "f"), ("max", "values")]
    ops += [("stack", "outputs"), ("stack", "last"), ("stack", "memory")]
    named = {(str(node.op), node.name) for node in trace.graph.nodes}
    assert set(ops) <= named
    assert where.shape == (2, 2)


def test_a_pass_for_some_tensors_only_tells_their_gradients_and_what_it_left_out_is_computed():
    model, scale = nn.Linear(2, 3), torch.ones(2, requires_grad=True)
    traces = []
    with tinygraph.pytorch.record(model, on_pass=lambda trace, reason="": traces.append(trace)):
        for ask in (
            lambda loss: torch.autograd.grad(loss, list(model.parameters())),
            lambda loss: loss.backward(inputs=[model.weight]),
        ):
            loss = model(torch.ones(4, 2) * scale).tanh().pow(2).mean()
            ask(loss)
    loss = model(torch.ones(4, 2) * scale).tanh().pow(2).mean()
    gradients = torch.autograd.grad(loss, [model.weight, model.bias, scale])
    for trace in traces:
        for name, gradient in zip(("weight", "bias", "scale"), gradients, strict=True):
            np.testing.assert_allclose(trace.gradient(name), gradient.numpy(), rtol=1e-5)


def test_what_gradcheck_runs_is_no_pass_of_the_program():
    traces = []
    x = torch.ones(2, dtype=torch.double, requires_grad=True)
    with tinygraph.pytorch.record(on_pass=lambda trace, reason="": traces.append(trace)):
        assert torch.autograd.gradcheck(Cube.apply, (x,))
        assert torch.autograd.gradgradcheck(torch.tanh, (x,))
        Cube.apply(x).sum().backward()
    [trace] = traces
    assert [str(node.op) for node in trace.nodes] == ["sum", "Cube"]


def test_a_custom_function_that_torch_applies_is_shown_at_the_programs_line():
    traces = []
    with tinygraph.pytorch.record(on_pass=lambda trace, reason="": traces.append(trace)):
        torch.autograd.functional.jacobian(Cube.apply, torch.ones(2))
    assert "functional.jacobian(Cube.apply" in traces[0].nodes[-1].source.text


def test_what_torch_composes_of_ops_is_no_loop_and_its_parts_have_no_name_of_the_programs():
    model = nn.GRU(3, 4, batch_first=True)
    x, lengths = torch.randn(3, 5, 3, requires_grad=True), torch.tensor([2, 5, 4])
    with tinygraph.pytorch.record(model) as recording:
        packed = nn.utils.rnn.pack_padded_sequence(x * 2, lengths, batch_first=True, enforce_sorted=False)
        padded, _ = nn.utils.rnn.pad_packed_sequence(model(packed)[0], batch_first=True)
        spread = torch.distributions.Normal(x, 1.0).log_prob(torch.zeros(3, 5, 3))
        loss = (padded * padded).sum() + spread.sum()
    graph = recording.trace(loss).graph
    for name in ("packed", "padded", "spread"):
        assert len([node for node in graph.nodes if node.name == name]) == 1, name
    constants = {node.name for node in graph.nodes if node.kind == "constant"}
    assert {"sorted_indices", "lengths", "batch_sizes", "unsorted_indices"} <= constants


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(3), nn.InstanceNorm1d(3, affine=True, track_running_stats=True)])
def test_running_statistics_are_drawn_where_they_enter_the_value_and_called_as_named_buffers_calls_them(layer):
    model = nn.Sequential(nn.Conv1d(1, 3, 1), layer)

    def compute():
        return model(torch.arange(8.0).reshape(2, 1, 4)).pow(2).sum()

    for training, buffers in ((True, set()), (False, {"1.running_mean", "1.running_var"})):
        model.train(training)
        with tinygraph.pytorch.record(model) as recording:
            loss = compute()
        trace = recording.trace(loss)
        norm = next(node for node in trace.graph.nodes if str(node.op) in ("batch_norm", "instance_norm"))
        assert {x.name for x in norm.inputs if x.kind not in ("op", "parameter")} == buffers
        assert {x.name for x in norm.inputs if x.kind == "parameter"} == {"1.weight", "1.bias"}
        expected = torch.autograd.grad(compute(), list(model.parameters()))
        for (name, _), gradient in zip(model.named_parameters(), expected, strict=True):
            assert np.array_equal(trace.gradient(name), gradient.numpy())
            assert trace.contributions(name).gap < 1e-6
