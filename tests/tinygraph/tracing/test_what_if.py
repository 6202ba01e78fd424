"""What if: a replay beside the program run again with that very change."""

import importlib
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs import ALL
from tinygraph.recording.sparse import dense

OUTSIDERS = sorted(path.stem for path in (Path(__file__).parents[2] / "programs" / "outsiders").glob("p*.py"))
PROGRAMS = {name: (lambda program=program: program(4)) for name, program in ALL.items()} | {
    name: lambda name=name: importlib.import_module(f"tests.programs.outsiders.{name}").main() for name in OUTSIDERS
}
T = 5


def network(*, h_at=None, detached=None, nonlinearity=np.tanh, first=0):
    """A loop of T steps over a state h, with a loss in every one; with the changes said by hand."""
    W = tg.parameter([[0.5, -0.3], [0.2, 0.4]], name="W")
    b = tg.parameter([0.1, -0.2], name="b")
    h = tg.tensor([0.3, -0.6], name="h")
    xs = np.sin(np.arange(2.0 * T)).reshape(T, 2)
    losses = []
    for t in range(T):
        before = h.detach() if detached == t + 1 else h
        a = W @ before + b + xs[t]
        z = 1 / (1 + np.exp(-(W @ h)))
        h = z * nonlinearity(a)
        if h_at is not None and h_at[0] == t + 1:
            h = tg.tensor(h_at[1])
        losses.append(np.sum(h**2))
    loss = losses[0]
    for each in losses[1:]:
        loss = loss + each
    return loss


def same_to_the_last_bit(one, other):
    """Compare output, parameters' gradients and the adjoints of named values, by name."""
    assert one.output.data.tobytes() == other.output.data.tobytes()
    for node in one.graph.parameters:
        assert one.gradient(node).tobytes() == other.gradient(node.name).tobytes(), node
    for name in ("a", "h", "z"):
        for t in range(1, T + 1):
            ours, theirs = named(one, name, t), named(other, name, t)
            if ours and theirs and ours[0].kind == theirs[0].kind == "op":
                assert ours[0].data.tobytes() == theirs[0].data.tobytes(), (name, t)
                assert one.gradient(ours[0]).tobytes() == other.gradient(theirs[0]).tobytes(), (name, t)


def named(trace, name, t):
    return [node for node in trace.graph.nodes if (node.kind, node.name, node.timestep) == ("op", name, t)]


def identical(one, other):
    assert len(one) == len(other)
    assert len(one.graph) == len(other.graph)
    for ours, theirs in zip(one.graph.nodes, other.graph.nodes, strict=True):
        assert (ours.dtype, ours.data.tobytes()) == (theirs.dtype, theirs.data.tobytes())
        assert (ours.name, ours.timestep, ours.kind) == (theirs.name, theirs.timestep, theirs.kind)
        assert ours.requires_grad == theirs.requires_grad
        assert one.symbols.of(ours) == other.symbols.of(theirs)
    for ours, theirs in zip(one.adjoints, other.adjoints, strict=True):
        assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()
    for node, total in one.gradients.items():
        assert dense(total).tobytes() == dense(other.gradients[other.graph.nodes[node.index]]).tobytes()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_replay_that_changes_nothing_is_the_original_to_the_last_bit(name):
    trace = tg.trace(PROGRAMS[name]())
    identical(trace, tg.what_if(trace))
    anew = tg.what_if(trace, {node: node.data for node in trace.graph.parameters})  # which runs every op again
    identical(trace, anew)
    assert anew.frozen == []


def test_a_value_that_is_set_is_the_program_run_with_it():
    trace = tg.trace(network())
    there = tg.what_if(trace, {"h[3]": [0.7, 0.0]})
    same_to_the_last_bit(there, tg.trace(network(h_at=(3, [0.7, 0.0]))))
    assert there.output.data != trace.output.data


def test_a_number_stands_for_a_whole_array():
    there = tg.what_if(tg.trace(network()), {"h[3]": 0})
    same_to_the_last_bit(there, tg.trace(network(h_at=(3, [0.0, 0.0]))))


@pytest.mark.parametrize("t", range(2, T + 1))
def test_a_cut_is_detach(t):
    there = tg.what_if(tg.trace(network()), cut=[(f"h[{t - 1}]", f"a[{t}]")])
    same_to_the_last_bit(there, tg.trace(network(detached=t)))


def test_another_nonlinearity_is_the_program_with_it():
    there = tg.what_if(tg.trace(network()), swap={"tanh": "relu"})
    same_to_the_last_bit(there, tg.trace(network(nonlinearity=tg.relu)))
    assert "relu" in {str(node.op) for node in there.nodes}


def test_changes_add_up():
    trace = tg.trace(network())
    at_once = tg.what_if(trace, {"b": 0.5}, cut=[("h[2]", "a[3]")], swap={"tanh": "relu"})
    one_by_one = tg.what_if(trace, {"b": 0.5})
    one_by_one = tg.what_if(one_by_one, cut=[("h[2]", "a[3]")])
    one_by_one = tg.what_if(one_by_one, swap={"tanh": "relu"})
    identical(at_once, one_by_one)
    assert list(map(repr, at_once.effects)) == list(map(repr, one_by_one.effects))  # beside the first of all
    assert one_by_one.original is trace
    assert at_once.changes == one_by_one.changes == ["b = 0.5", "h⁽²⁾ → a⁽³⁾ cut", "tanh → relu"]


def test_the_gradient_is_that_of_the_changed_program_by_differences():
    trace = tg.trace(network())
    b = np.array([0.4, 0.9])
    gradient = tg.what_if(trace, {"b": b}, swap={"tanh": "relu"}).gradient("b")
    for i, step in enumerate(1e-6 * np.eye(2)):
        losses = [
            float(tg.what_if(trace, {"b": b + sign * step}, swap={"tanh": "relu"}).output.data) for sign in (1, -1)
        ]
        assert gradient[i] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-6)


def test_what_was_detached_follows_its_value():
    def program(h1=None):
        W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="x")
        h1 = np.tanh(W @ h) if h1 is None else tg.tensor(h1)
        teacher = h1.detach()
        y = W @ h1 - teacher
        loss = np.sum(y * y)
        return loss

    there = tg.what_if(tg.trace(program()), {"h1": [0.9]})
    again = tg.trace(program([0.9]))
    assert there.output.data.tobytes() == again.output.data.tobytes()
    assert there.gradient("W").tobytes() == again.gradient("W").tobytes()


def test_constants_made_of_a_value_outside_the_graph_are_told():
    W = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W")
    h = np.tanh(W @ np.array([1.0, 2.0]))
    mask = h.numpy()
    loss = np.sum(h * mask)
    trace = tg.trace(loss)
    [(constant, value)] = tg.what_if(trace, {"W": 0.5 * W.data}).frozen
    assert (constant.name, value) == ("mask", "h")
    assert tg.what_if(trace, swap={"sum": "mean"}).frozen == []


def test_effects_stand_beside_the_original():
    trace = tg.trace(network())
    there = tg.what_if(trace, {"h[5]": 0})
    assert there.original is trace
    loss, of_W, of_b = there.effects
    assert float(loss.after) == float(there.output.data)
    np.testing.assert_array_equal(of_W.before, trace.gradient("W"))
    assert of_b.change == pytest.approx(
        np.linalg.norm(there.gradient("b") - trace.gradient("b")) / np.linalg.norm(trace.gradient("b"))
    )
    assert there.value("h[3]").change == 0
    assert there.value("a[5]").after is None  # nothing leads from it to the loss any more


def test_it_is_saved_loaded_drawn_and_stepped(tmp_path):
    trace = tg.trace(network())
    there = tg.what_if(trace, {"h[2]": 0.5}, cut=[("h[3]", "a[4]")])
    there.save(tmp_path / "there.trace")
    loaded = tg.load_trace(tmp_path / "there.trace")
    identical(there, loaded)
    assert "<svg" in viz.draw(there).svg()
    assert "<svg" in viz.draw(there, view="variables", backward=True).svg()
    assert "<svg" in viz.draw(there, fold=True).svg()
    debugger = viz.Debugger(there)
    for _ in range(len(there) - 1):
        assert debugger.next().moved
    for node in there.graph.parameters:
        assert there.contributions(node).exact
    identical(there, tg.what_if(loaded))


def test_a_trace_from_a_file_is_replayed_as_the_program_is(tmp_path):
    trace = tg.trace(network())
    trace.save(tmp_path / "run.trace")
    loaded = tg.load_trace(tmp_path / "run.trace")
    how = {"cut": [("h[2]", "a[3]")], "swap": {"tanh": "relu"}}
    identical(tg.what_if(trace, {"b": 0.5}, **how), tg.what_if(loaded, {"b": 0.5}, **how))


def test_copies_of_a_constant_are_set_together():
    Wz, Wr = tg.parameter(np.eye(2), name="Wz"), tg.parameter(2 * np.eye(2), name="Wr")
    x = np.array([1.0, 2.0])
    z = Wz @ x
    r = Wr @ x
    loss = np.sum(z * r)
    there = tg.what_if(tg.trace(loss), {"x": [3.0, 0.5]})
    assert float(there.output.data) == np.sum(np.array([3.0, 0.5]) * np.array([6.0, 1.0]))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"values": {"hh[3]": 0}}, LookupError, r"did you mean h\[3\]"),
        ({"values": {"h[3]": [1.0, 2.0, 3.0]}}, ValueError, r"h⁽³⁾ has shape 2, the value 3; give a number"),
        ({"values": {"h[3]": "x"}}, ValueError, "numbers"),
        ({"values": {"loss": 0.0}}, ValueError, "where the pass begins"),
        ({"cut": [("h[1]", "a[4]")]}, LookupError, r"a⁽⁴⁾ does not read h⁽¹⁾; .*a⁽²⁾.* do"),
        ({"swap": {"tahn": "relu"}}, LookupError, "did you mean tanh"),
        ({"swap": {"tanh": "relo"}}, LookupError, "did you mean relu"),
        ({"swap": {"tanh": "matmul"}}, ValueError, "tanh has 1 argument.*matmul takes 2"),
        ({"swap": {"tanh": "sum"}}, ValueError, r"sum at .* gives scalar, where 2 was recorded"),
        ({"swap": {"tanh": "isnan"}}, (ValueError, LookupError), "isnan"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, said):
    with pytest.raises(error, match=said):
        tg.what_if(tg.trace(network()), **change)


def test_a_pass_without_gradients_is_refused():
    W = tg.parameter(2.0, name="W")
    y = W * W
    loss = y + 1.0
    with pytest.raises(ValueError, match="no parameter leads to the output"):
        tg.what_if(tg.trace(loss), {"y": 3.0})


def test_ops_that_draw_at_random_are_refused():
    rng = np.random.default_rng(0)
    noisy = tg.op(lambda x: x + rng.normal(size=x.shape), vjp=lambda g, y, x: g, name="noisy")
    W = tg.parameter([0.5, 0.25], name="W")
    a = 2 * W
    loss = np.sum(noisy(a) * 3)
    trace = tg.trace(loss)
    with pytest.raises(ValueError, match=r"noisy at .*, line \d+ gives another value now than was recorded"):
        tg.what_if(trace, {"W": 1.0})
    tg.what_if(trace, swap={"sum": "mean"})  # nothing that leads to it changed


def test_ops_of_a_file_whose_forward_is_elsewhere_are_refused(tmp_path):
    cube = tg.op(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x * x, name="cube_of_mine")
    W = tg.parameter([0.5, 0.25], name="W")
    loss = np.sum(cube(W) * 3)
    tg.trace(loss).save(tmp_path / "run.trace")
    loaded = tg.load_trace(tmp_path / "run.trace")
    with pytest.raises(ValueError, match="cube_of_mine at .* its forward is not in the file"):
        tg.what_if(loaded, {"W": 1.0})


def test_a_cut_that_others_share_is_refused_with_a_way_out():
    W, h = tg.parameter(np.eye(4), name="W"), tg.parameter(np.arange(4.0), name="h")
    z, r = np.split(W @ h, 2)
    loss = np.sum(z * r)
    trace = tg.trace(loss)
    with pytest.raises(ValueError, match=r"by way of .* reads too; to cut it there write \('v\d+', 'z1'\)") as refusal:
        tg.what_if(trace, cut=[("h", "z")])
    source = str(refusal.value).rsplit("('", 1)[1].split("'")[0]
    there = tg.what_if(trace, cut=[(source, "z1")])
    assert not np.array_equal(there.gradient("h"), trace.gradient("h"))
