"""What left the graph while a program was recorded: where, when, where it came back, and what it cut off."""

import gc
import weakref

import numpy as np
import pytest

import tinygraph as tg
import viz
from viz.terminal.session import Session


def by_data(h, t):
    return tg.tensor(h.data)


def by_asarray(h, t):
    with tg.no_grad():
        return np.asarray(h)


def by_tensor(h, t):
    with tg.no_grad():
        return tg.tensor(h)


def by_numpy(h, t):
    return h.numpy()


def by_detach(h, t):
    return h.detach()


def by_list(h, t):
    return tg.tensor(h.tolist())


def by_float(h, t):
    scale = np.sqrt(np.sum(h * h))
    return h / float(scale)


def by_item(h, t):
    scale = np.sqrt(np.sum(h * h))
    return h / scale.item()


def by_no_grad(h, t):
    with tg.no_grad():
        middle = np.mean(h)
    return h - middle


def in_part(h, t):
    return tg.tensor(h.data) if t == 3 else h


WAYS = {
    by_data: (".data", "h"),
    by_asarray: ("np.asarray", "h"),
    by_tensor: ("tg.tensor(t)", "h"),
    by_numpy: (".numpy()", "h"),
    by_detach: ("detach()", "h"),
    by_list: (".tolist()", "h"),
    by_float: ("float()", "scale"),
    by_item: (".item()", "scale"),
    by_no_grad: ("no_grad", "middle"),
    in_part: (".data", "h"),
}
T = 5


def program(leave):
    rng = np.random.default_rng(0)
    W, U = tg.parameter(rng.normal(size=(3, 3)) / 2), tg.parameter(rng.normal(size=(3, 2)))
    V = tg.parameter(rng.normal(size=(1, 3)))
    h, loss = tg.tensor(np.zeros(3)), 0.0
    for t in range(1, T + 1):
        h = np.tanh(W @ h + U @ rng.normal(size=2))
        h = leave(h, t)
        loss = loss + np.sum((V @ h - 1.0) ** 2)
    return loss


def comparable(cuts):
    return [(*cut[:6], [node.index for node in cut.returned], cut.parameters) for cut in cuts]


@pytest.mark.parametrize("leave", WAYS)
def test_every_way_out_is_named_with_its_line_and_what_it_cuts_off(leave, tmp_path):
    trace = tg.trace(program(leave))
    [cut] = trace.cuts
    assert (cut.how, cut.what) == WAYS[leave]
    first = leave.__code__.co_firstlineno
    assert first < cut.source.lineno <= first + 3
    assert cut.times == len(cut.returned) == (1 if leave is in_part else T)
    if leave is not by_no_grad:
        assert cut.parameters == ["U", "W"]
    trace.save(tmp_path / "run.trace")
    loaded = tg.load_trace(tmp_path / "run.trace")
    assert comparable(loaded.cuts) == comparable(trace.cuts)
    assert loaded.source_lines(cut.source.filename)[cut.source.lineno]
    loaded.save(tmp_path / "again.trace")
    assert comparable(tg.load_trace(tmp_path / "again.trace").cuts) == comparable(trace.cuts)


@pytest.mark.parametrize("leave", [by_float, by_item, by_no_grad])
def test_the_time_steps_are_those_in_which_it_left(leave):
    assert tg.trace(program(leave)).cuts[0].timesteps == [1, 2, 3, 4, 5]


def test_one_time_step_is_known_though_what_left_is_gone():
    assert tg.trace(program(in_part)).cuts[0].timesteps == [3]


def test_told_time_steps_are_taken():
    W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    for t in (10, 20, 30):
        with tg.timestep(t):
            h = np.tanh(W @ h)
            h = tg.tensor(h.data, name="h")
    [cut] = tg.trace(np.sum(W @ h)).cuts
    assert cut.timesteps == [10, 20, 30]
    assert len(cut.returned) == 1  # of those before, nothing is left


def test_a_table_that_is_filled_and_read_as_a_whole():
    W, h, table = tg.parameter([[0.5, 0.1], [0.2, 0.3]]), tg.tensor([1.0, 2.0]), np.zeros((4, 2))
    for t in range(4):
        h = np.tanh(W @ h)
        table[t] = h.data
    [cut] = tg.trace(np.sum(W @ table.T) + np.sum(h)).cuts
    assert (cut.how, cut.times, len(cut.returned)) == (".data", 4, 1)


def test_looking_is_no_cut():
    w = tg.parameter(0.3)
    y = np.tanh(w)
    for _ in (f"{y:.3f}", f"{y}", str(y), repr(y), np.isnan(y), bool(y > 0), y.shape, "%.2f" % y):  # noqa: UP031
        pass
    assert tg.trace(y * 2).cuts == []


def test_a_parameter_that_was_read_in_order_to_be_updated_is_no_cut():
    w = tg.parameter([0.3, 0.4])
    for _ in range(3):
        loss = np.sum(np.tanh(w))
        loss.backward()
        w.data = w.data - 0.1 * w.grad
        w.zero_grad()
    assert tg.trace(np.sum(np.tanh(w))).cuts == []


def test_a_parameter_read_as_a_constant_is_a_cut():
    w, V = tg.parameter([0.3, 0.4]), tg.parameter([1.0, 2.0])
    [cut] = tg.trace(np.sum(V * w.data)).cuts
    assert (cut.how, cut.what, cut.parameters, len(cut.returned)) == (".data", "w", ["w"], 1)


def test_what_left_for_another_pass_or_after_the_loss_is_none_of_this_one():
    w = tg.parameter([0.3, 0.4])
    first = np.sum(np.tanh(w))
    first.item()
    first.backward()
    second = np.sum(np.tanh(w))
    second.item()
    assert tg.trace(second).cuts == []
    assert [cut.how for cut in tg.trace(second * 2).cuts] == [".item()"]


def test_a_pass_of_what_is_computed_in_between_hides_nothing():
    w = tg.parameter([0.3, 0.4])
    y = np.tanh(w)
    z = y * float(np.sum(y))
    np.sum(y).backward()
    assert [cut.how for cut in tg.trace(np.sum(z)).cuts] == ["float()"]


def test_a_state_kept_as_numbers_from_the_sequence_before_is_known_again():
    W, h = tg.parameter([[0.5]]), tg.tensor([1.0])
    for _ in range(2):
        for _ in range(3):
            h = np.tanh(W @ h)
        loss = np.sum(h)
        trace = tg.trace(loss)
        loss.backward()
        h = tg.tensor(h.data)
    [cut] = trace.cuts
    assert (cut.how, len(cut.returned)) == (".data", 1)


def test_the_value_of_what_left_is_not_kept_alive():
    w = tg.parameter(np.full(1000, 0.5))
    y = np.tanh(w)
    value, tensor = weakref.ref(y._value), weakref.ref(y)
    assert y.data.shape == (1000,)
    y.detach()
    y.numpy()
    del y
    gc.collect()
    assert value() is None
    assert tensor() is None


def test_all_that_is_computed_without_a_graph_is_one_way_out():
    w = tg.parameter([0.3, 0.4], name="w")
    with tg.no_grad():
        y = np.tanh(w) * 2.0
        z = y + 1.0  # of constants only, by now
    [cut] = tg.trace(np.sum(w * z)).cuts
    assert (cut.how, cut.what) == ("no_grad", "z")


def test_what_a_part_of_rnn_computed_without_a_graph_is_on_the_line_that_called_it():
    import rnn

    encoder = rnn.GRUCell(2, 3, rng=0)
    with tg.no_grad():
        _, code = rnn.unroll(encoder, np.ones((4, 2)))
    w = tg.parameter(np.ones(3))
    [cut] = tg.trace(np.sum(w * code)).cuts
    assert "rnn.unroll(encoder" in cut.source.text


def test_healthy_constants_are_nobody_s_return():
    w = tg.parameter([0.0, 0.0])
    y = w * 2.0
    assert y.data.sum() == 0
    [cut] = tg.trace(np.sum(y + np.zeros(2) + 1.0)).cuts
    assert cut.returned == []


@pytest.mark.parametrize("read", [lambda loss: loss.data, lambda loss: loss.item(), lambda loss: np.array(float(loss))])
def test_a_loss_that_is_read_after_its_gradient_was_taken_has_not_left(read):
    w = tg.parameter([1.5, 0.3])
    loss, scale = np.sum(w * w), np.sum(w * w * w)
    loss.backward()
    [cut] = tg.trace(np.sum(w * read(loss) * float(scale))).cuts
    assert (cut.how, cut.what) == ("float()", "scale")


def test_what_came_back_changed_is_not_said_to_have_stayed_away():
    session = Session(viz.Debugger(program(lambda h, t: tg.tensor([round(float(value), 2) for value in h]))))
    text = "\n".join(line.plain for line in session.run("cuts").lines)
    assert "left here; whether it came back changed is not known" in text
    assert any("whether it came back changed is not known" in str(cut) for cut in session.trace.cuts)


def test_the_command_says_where_and_what():
    session = Session(viz.Debugger(program(by_float)))
    answer = session.run("cuts")
    text = "\n".join(line.plain for line in answer.lines)
    assert "float() of scale, 5 × in time steps 1–5" in text
    assert "float(scale)" in text
    assert "came back in h / float(scale)" in text
    assert "no gradient goes back through it to U, W" in text
    assert max(line.cell_len for line in answer.lines) <= 80
    assert Session(viz.Debugger(program(lambda h, t: h))).run("cuts").data == {"cuts": []}
