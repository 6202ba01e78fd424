"""Programs with the habits of torch users: written in place, through views, with own functions, transformed."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import numpy as np  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import tinygraph.pytorch  # noqa: E402
from tests.pytorch.checking import agreement  # noqa: E402

EXACT, ROUNDED, NARROW = 0.0, 1e-6, 2e-2


class Parts(nn.Module):
    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


def in_place():
    model, x = Parts(a=nn.Linear(3, 4)), torch.randn(5, 3)

    def compute():
        h = model.a(x)
        h += 1
        h.sigmoid_()
        table = torch.zeros(5, 4, 2)
        table[:, :, 0] = h
        table[:, :, 1] = h * h
        table[0] = 0.0
        return table.pow(2).sum()

    return model, compute


def through_views():
    model, x = Parts(a=nn.Linear(3, 4)), torch.randn(5, 3)

    def compute():
        h = model.a(x) * 1.0
        row, turned = h[1], h.t()
        row.mul_(3)
        before = torch.tanh(h)
        part = turned[2]
        part += 1
        return (before * h).sum() + (row * row).sum() + turned.exp().mean()

    return model, compute


def filled_outputs():
    model, x = Parts(cell=nn.RNNCell(3, 4), out=nn.Linear(4, 2)), torch.randn(6, 2, 3)

    def compute():
        h, outputs = torch.zeros(2, 4), torch.zeros(6, 2, 2)
        for t in range(6):
            h = model.cell(x[t], h)
            outputs[t] = model.out(h)
        return outputs.log_softmax(-1)[..., 0].mean()

    return model, compute


def dropped_and_detached():
    model, x = Parts(a=nn.Linear(3, 4), drop=nn.Dropout(0.5), b=nn.Linear(4, 4)), torch.randn(5, 3)

    def compute():
        h = torch.zeros(5, 4)
        for t in range(4):
            h = torch.tanh(model.drop(model.a(x)) + model.b(h))
            if t == 1:
                h = h.detach()
        return (h**2).mean()

    return model, compute


def convolution():
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten()
    model, x = nn.Sequential(*layers, nn.Linear(27, 4)), torch.randn(4, 1, 8, 8)
    return model, lambda: F.cross_entropy(model(x), torch.arange(4))


def checkpointed():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)

    def compute():
        h = x
        for _ in range(3):
            h = checkpoint(lambda z: torch.tanh(model.a(z)), h, use_reentrant=False)
        return h.sum()

    return model, compute


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def custom_function():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)
    return model, lambda: Cube.apply(torch.tanh(model.a(Cube.apply(model.a(x))))).mean()


def parametrized(wrap):
    model, x = Parts(a=wrap(nn.Linear(3, 3))), torch.randn(5, 3)
    return model, lambda: torch.tanh(model.a(model.a(x))).mean()


def spectral_norm():
    return parametrized(nn.utils.parametrizations.spectral_norm)


def weight_norm():
    return parametrized(nn.utils.parametrizations.weight_norm)


def bfloat16():
    model, x = Parts(a=nn.Linear(3, 3)).bfloat16(), torch.randn(5, 3).bfloat16()
    return model, lambda: torch.tanh(model.a(model.a(x))).mean()


def mixed_precision():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)

    def compute():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.tanh(model.a(model.a(x))).float().mean()

    return model, compute


def transformer_layer():
    model, x = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1), torch.randn(5, 2, 8)
    return model, lambda: model(x).pow(2).mean()


def transformer_stack():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model, x = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), torch.randn(2, 5, 8)
    return model, lambda: model(x).pow(2).mean()


def inner_gradients():
    model, x, y = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3), torch.randn(5, 1)

    def compute():
        w, b = model.a.weight, model.a.bias
        for _ in range(2):
            inner = F.mse_loss(F.linear(x, w, b), y)
            of_w, of_b = torch.autograd.grad(inner, (w, b), create_graph=True)
            w, b = w - 0.1 * of_w, b - 0.1 * of_b
        return F.mse_loss(F.linear(x, w, b), y)

    return model, compute


def functional_gradients():
    model, x, y = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3), torch.randn(5, 1)
    model.forward = lambda z: model.a(z)

    def compute():
        weights = dict(model.named_parameters())
        loss = lambda w: F.mse_loss(torch.func.functional_call(model, w, (x,)), y)
        gradients = torch.func.grad(loss)(weights)
        adapted = {name: w - 0.1 * gradients[name] for name, w in weights.items()}
        return F.mse_loss(torch.func.functional_call(model, adapted, (x,)), y)

    return model, compute


def mapped():
    model, x = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3)
    return model, lambda: torch.func.vmap(lambda row: torch.tanh(model.a(row)))(x).sum()


def gradient_penalty():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), torch.randn(5, 3, requires_grad=True)

    def compute():
        d = model(x)
        (g,) = torch.autograd.grad(d.sum(), x, create_graph=True)
        return d.mean() + ((g.norm(dim=1) - 1) ** 2).mean()

    return model, compute


def many_functions():
    model, x = Parts(a=nn.Linear(4, 4)), torch.randn(5, 4)

    def compute():
        h = model.a(x)
        first, second = h.unbind(1)[:2]
        largest, where = h.max(1)
        std, mean = torch.std_mean(h, 1)
        values = (
            *(first * second, largest, h.sort(1)[0][:, 0], torch.einsum("ij,kj->ik", h, h), torch.where(h > 0, h, -h)),
            *(
                h.gather(1, where[:, None]),
                h.masked_fill(h < 0, 0.0),
                2 - h,
                1 / (h * h + 1),
                2**h,
                h.norm(),
                std,
                mean,
            ),
            *(h[[0, 2]], h[:, None].expand(5, 3, 4), F.softmax(h, 1), F.layer_norm(h, (4,)), h.cumsum(0), h.flatten()),
            *(torch.cat([h, h]), torch.logsumexp(h, 1), h.T @ h, h.clamp(-1, 1), F.pad(h, (1, 1)), h.roll(1, 0), mean),
        )
        return sum(value.mean() for value in values)

    return model, compute


PROGRAMS = {
    in_place: EXACT,
    through_views: EXACT,
    filled_outputs: EXACT,
    dropped_and_detached: EXACT,
    convolution: EXACT,
    checkpointed: EXACT,
    custom_function: EXACT,
    spectral_norm: EXACT,
    weight_norm: EXACT,
    bfloat16: NARROW,
    mixed_precision: NARROW,
    transformer_layer: ROUNDED,
    transformer_stack: ROUNDED,
    inner_gradients: ROUNDED,
    functional_gradients: ROUNDED,
    mapped: ROUNDED,
    gradient_penalty: EXACT,
    many_functions: ROUNDED,
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_contributions_add_up_to_torchs_gradients(program):
    agreed = agreement(program)
    assert agreed.parameters <= PROGRAMS[program]
    assert agreed.inside <= max(PROGRAMS[program], ROUNDED)


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
