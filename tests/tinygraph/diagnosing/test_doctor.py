"""doctor: it names what is sick, with its line, and says nothing of a healthy network."""

import numpy as np
import pytest
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.programs.healthy import HEALTHY, healthy_loss
from tests.tools.ops import unregistered
from tinygraph.diagnosing import doctor, mix
from viz.terminal.session import Session

T, N, IN, H, OUT = 6, 8, 3, 5, 4


def cell_weights(rng, dtype=float):
    shapes = (H, IN), (H, H), (H,), (OUT, H), (OUT,)
    return [tg.parameter((rng.normal(size=shape) / 2).astype(dtype)) for shape in shapes]


def batches(rng):
    return rng.normal(size=(T, N, IN)), rng.integers(0, OUT, (T, N))


def classifier(*, mixing=None, softmax_axis=1, squash=np.tanh, leave=lambda h: h, scale=None):
    """An Elman network over a batch, with a hook for each sickness."""
    rng = np.random.default_rng(0)
    U, W, b, V, c = cell_weights(rng)
    xs, ys = batches(rng)
    if scale is not None:
        xs[scale] *= 60.0
    h, loss = np.zeros((N, H)), 0.0
    for x, y in zip(xs, ys, strict=True):
        h = squash(x @ U.T + h @ W.T + b)
        h = leave(h if mixing is None else mixing(h))
        o = h @ V.T + c
        e = np.exp(o)
        p = e / np.sum(e, axis=softmax_axis, keepdims=True)
        loss = loss - np.mean(np.log(p[np.arange(N), y]))
    return loss


def kinds(loss, **options):
    return {symptom.kind for symptom in doctor(tg.trace(loss), **options)}


def test_the_healthy_twin_of_all_that_follows():
    assert doctor(tg.trace(classifier())) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_a_healthy_program(name):
    assert list(map(str, doctor(tg.trace(healthy_loss(name))))) == []


# -- shapes ------------------------------------------------------------------------------------------------------------


def regression(target_shape):
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(16, 3)), tg.parameter(rng.normal(size=(3, 1)))
    return np.mean((X @ w - rng.normal(size=target_shape)) ** 2)


def test_a_column_less_a_row_is_a_square():
    [symptom] = doctor(tg.trace(regression((16,))))
    assert symptom.kind == "broadcast"
    assert "16×1 with 16 gives 16×16" in symptom.text
    assert "X @ w - rng" in symptom.node.source.text
    assert doctor(tg.trace(regression((16, 1)))) == []


def test_a_table_of_differences_that_is_meant_is_none():
    x = tg.parameter(np.linspace(0, 1, 6), name="x")
    assert doctor(tg.trace(np.sum((x[:, None] - x) ** 2 + (x.reshape(-1, 1) * x)))) == []


def test_a_softmax_over_the_batch():
    symptoms = doctor(tg.trace(classifier(softmax_axis=0)))
    found = {symptom.kind: symptom for symptom in symptoms}
    assert found.keys() == {"softmax", "mixed"}
    assert {found[kind].node.source.text.strip()[:5] for kind in ("softmax", "mixed")} == {"p = e"}
    assert symptoms[0].timesteps == [1, 2, 3, 4, 5, 6]


def test_a_softmax_against_a_one_hot_target():
    rng = np.random.default_rng(0)
    logits = tg.parameter(rng.normal(size=(6, 3)), name="logits")
    Y = np.eye(3)[[0, 1, 2, 0, 0, 1]]

    def loss(axis):
        return -np.sum(Y * np.log(tg.softmax(logits, axis=axis)))

    assert kinds(loss(0)) == {"softmax"}
    assert kinds(loss(1)) == set()


# -- examples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("join", "op"),
    [
        (lambda h: np.roll(h, 1, axis=0), "roll"),
        (lambda h: h[::-1], "getitem"),
        (lambda h: np.cumsum(h, axis=0) / 4, "cumsum"),
        (lambda h: tg.softmax(h @ h.T, axis=1) @ h, "matmul"),
    ],
    ids=["rolled", "reversed", "accumulated", "attended"],
)
def test_a_loss_that_reads_another_example(join, op):
    [symptom] = doctor(tg.trace(classifier(mixing=join)))
    assert symptom.kind == "mixed"
    assert str(symptom.node.op) == op or op == "roll"
    assert "of x reaches example" in symptom.text
    assert symptom.command == "mix x 0"


def test_statistics_of_the_batch_are_meant():
    loss = classifier(mixing=lambda h: (h - np.mean(h, axis=0)) / np.sqrt(np.var(h, axis=0) + 0.1))
    assert doctor(tg.trace(loss)) == []
    mixed = mix(tg.trace(loss), "x")
    assert mixed.first.op in ("mean", "sum")
    assert mixed.reached[0] == [1, 2, 3, 4, 5, 6, 7]


def test_mix_names_who_reads_whom():
    trace = tg.trace(classifier(mixing=lambda h: np.roll(h, 1, axis=0)))
    for name in ("x", "h[1]"):
        mixed = mix(trace, name)
        assert mixed.rows == N
        assert mixed.first.timestep in (1, 2)
    assert mix(tg.trace(classifier()), "x") == ("x", 0, N, None, None, {})


def test_mix_refuses_what_has_no_rows():
    trace = tg.trace(classifier())
    with pytest.raises(ValueError, match="there are no rows along axis 2"):
        mix(trace, "h[1]", 2)
    with pytest.raises(LookupError, match="no node is called 'q'"):
        mix(trace, "q")


def test_a_reshape_in_place_of_a_transpose():
    def network(time_major):
        rng = np.random.default_rng(0)
        xs = tg.tensor(rng.normal(size=(6, 4, 3)), name="xs")  # (examples, time, features)
        W, U = tg.parameter(rng.normal(size=(5, 5)) / 2), tg.parameter(rng.normal(size=(3, 5)))
        h = np.zeros((6, 5))
        for x in time_major(xs):
            h = np.tanh(h @ W + x @ U)
        return np.mean(np.mean(h * h, axis=1))

    [symptom] = doctor(tg.trace(network(lambda xs: xs.reshape(4, 6, 3))))
    assert symptom.text.startswith("reshape joins examples: example 0 of xs")
    assert doctor(tg.trace(network(lambda xs: np.swapaxes(xs, 0, 1)))) == []


def test_all_pairs_that_are_meant():
    assert doctor(tg.trace(classifier(mixing=lambda h: np.mean(np.abs(h[:, None] - h), axis=1)))) == []


def test_a_softmax_of_probabilities():
    logits = tg.parameter(np.random.default_rng(0).normal(size=(6, 3)))
    labels = np.array([0, 1, 2, 0, 1, 2])
    assert kinds(np.mean(tg.softmax_cross_entropy(tg.softmax(logits, axis=1), labels))) == {"softmax"}
    assert kinds(np.mean(tg.softmax_cross_entropy(logits, labels))) == set()


@pytest.mark.parametrize(("scale", "sick"), [(40.0, True), (0.5, False)])
def test_attention_that_chooses_one(scale, sick):
    rng = np.random.default_rng(0)
    Q, S = tg.parameter(rng.normal(size=(4, 4)) * scale), rng.normal(size=(9, 4))
    assert kinds(np.sum((tg.softmax(S @ Q @ S.T, axis=1) @ S) ** 2)) == ({"saturated"} if sick else set())


def test_an_index_that_reads_the_last_row():
    def embedded(mask):
        E = tg.parameter(np.random.default_rng(0).normal(size=(5, 2)), name="E")
        tokens = np.array([[0, 3, -1], [2, -1, -1]])
        return np.sum(np.tanh(E[tokens]) * mask(tokens)[..., None])

    [symptom] = doctor(tg.trace(embedded(np.ones_like)))
    assert "3 of the 6 indices into E are negative" in symptom.text
    assert doctor(tg.trace(embedded(lambda tokens: tokens >= 0))) == []


# -- units -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rectify",
    [tg.relu, lambda a: np.maximum(a, 0), lambda a: np.where(a > 0, a, 0.0), lambda a: a * (a > 0)],
    ids=["relu", "maximum", "where", "masked"],
)
def test_units_that_are_off_for_all_data(rectify):
    symptoms = doctor(tg.trace(classifier(squash=lambda a: rectify(a - 50.0))))
    off = [symptom for symptom in symptoms if symptom.kind == "units off"]
    assert len(off) == 1
    assert "5 of the 5 units" in off[0].text
    assert kinds(classifier(squash=lambda a: rectify(a + 0.5))) == set()


@pytest.mark.parametrize(
    "gate", [tg.sigmoid, lambda a: 1 / (1 + np.exp(-a)), np.tanh], ids=["sigmoid", "written out", "tanh"]
)
@pytest.mark.parametrize("far", [25.0, -25.0])
def test_gates_that_have_no_slope_left(gate, far):
    [symptom] = (s for s in doctor(tg.trace(classifier(squash=lambda a: gate(a + far)))) if s.kind == "saturated")
    assert "100% of its values" in symptom.text
    assert kinds(classifier(squash=gate)) == set()


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "offset", "sick"), [(np.float32, 3e3, True), (np.float64, 3e3, False)])
def test_a_difference_that_is_mostly_rounding(dtype, offset, sick):
    rng = np.random.default_rng(0)
    w = tg.parameter((offset + rng.normal(size=(4, 64))).astype(dtype), name="w")
    variance = np.mean(w * w, axis=1) - np.mean(w, axis=1) ** 2
    assert ("cancellation" in kinds(np.sum(np.sqrt(variance + dtype(1.0))))) is sick


def test_an_input_far_from_its_neighbours():
    [symptom] = doctor(tg.trace(classifier(scale=3)))
    assert symptom.kind == "input"
    assert symptom.timesteps == [4]
    [symptom] = doctor(tg.trace(classifier(scale=(3, 2))))
    assert symptom.text.startswith("row 2 of axis 0 of the input")


def test_a_feature_far_from_its_neighbours_and_data_with_a_long_tail():
    def network(xs):
        W, U = tg.parameter(np.eye(3) / 2), tg.parameter(np.full((3, 2), 0.1) * [[1.0], [2.0], [3.0]])
        h = np.zeros(3)
        for x in xs:
            h = tg.leaky_relu(W @ h + U @ x)
        return np.sum(h * h)

    rng = np.random.default_rng(0)
    weights = 2.0 + 0.2 * rng.normal(size=(12, 2))
    assert kinds(network(weights)) == set()
    weights[7, 1] *= 25.0
    [symptom] = doctor(tg.trace(network(weights)))
    assert symptom.timesteps == [8]
    assert kinds(network(np.exp(1.5 * rng.normal(size=(40, 2))))) == set()


def test_an_infinity_of_a_mask_is_where_nothing_begins():
    w = tg.parameter([0.5, 1.0, 2.0])
    with np.errstate(all="ignore"):
        p = tg.softmax(np.where([True, True, False], w, -np.inf))
        symptoms = doctor(tg.trace(-np.sum(p * np.log(p))))
    assert "begins in log" in symptoms[0].text


def test_where_nan_begins():
    with np.errstate(all="ignore"):
        symptoms = doctor(tg.trace(classifier(squash=lambda a: np.log(a))))
    assert symptoms[0].kind == "not finite"
    assert "nan begins in log" in symptoms[0].text
    assert symptoms[0].command == "nan"


# -- parameters --------------------------------------------------------------------------------------------------------


def test_a_parameter_whose_gradient_is_rounding():
    rng = np.random.default_rng(0)
    w, shared = tg.parameter(rng.normal(size=(5, 3))), tg.parameter(rng.normal(size=(1, 3)))
    loss = 0.0
    for _ in range(5):
        x = rng.normal(size=3)
        o = w @ x + shared @ x
        loss = loss + np.log(np.sum(np.exp(o))) - o[2]  # a softmax does not see what all of its arguments share
    [symptom] = doctor(tg.trace(loss))
    assert symptom.kind == "no gradient"
    assert "0 but for rounding" in symptom.text
    assert symptom.command == "contributions shared"


def test_a_parameter_that_no_gradient_reaches():
    w, dead = tg.parameter([0.5, 1.0]), tg.parameter([1.0, 2.0])
    loss = np.sum(np.tanh(w) * np.sign(dead))
    [symptom] = doctor(tg.trace(loss))
    assert "the gradient of dead is 0" in symptom.text


def test_behind_a_last_layer_that_starts_at_0_gradients_may_be_0():
    W, V = tg.parameter(np.eye(3) / 2), tg.parameter(np.zeros((1, 3)))
    h = np.ones(3)
    for _ in range(5):
        h = np.tanh(W @ h)
    assert kinds(np.sum((V @ h - 1.0) ** 2)) == set()


def test_one_parameter_under_two_names():
    def gated(share):
        rng = np.random.default_rng(0)
        W_i = tg.parameter(rng.normal(size=(3, 3)))
        W_f = W_i if share else tg.parameter(rng.normal(size=(3, 3)))
        h = np.zeros(3)
        for x in rng.normal(size=(5, 3)):
            i = tg.sigmoid(W_i @ h + x)
            f = tg.sigmoid(W_f @ h - x)
            h = f * h + i * np.tanh(x)
        return np.sum(h)

    assert doctor(tg.trace(gated(False))) == []
    trace, first = tg.trace(gated(True)), gated.__code__.co_firstlineno
    [symptom] = doctor(trace)
    where = f", made in line {first + 2}, read in lines {first + 6}, {first + 7}"
    assert symptom.text == f"W_i and W_f are one and the same parameter{where}"
    by_alias, by_name = (Session(viz.Debugger(trace)).run(f"info {name}").data for name in ("W_f", "W_i"))
    assert by_alias == by_name
    assert by_alias["aliases"] == "W_i, W_f"
    assert Session(viz.Debugger(trace)).run("info W_g").kind == "error"


def test_one_cell_in_three_layers():
    class Cell:
        def __init__(self, rng):
            self.W, self.U = (tg.parameter(rng.normal(size=(3, 3)) / 2) for _ in range(2))

        def __call__(self, h, x):
            return np.tanh(self.W @ h + self.U @ x)

    def by_loop(layers, states, x):
        for k, layer in enumerate(layers):
            x = states[k] = layer(states[k], x)
        return x

    def by_index(layers, states, x):
        for k in range(3):
            x = states[k] = functional(layers[k], states[k], x)
        return x

    def functional(cell, h, x):
        return np.tanh(cell.W @ h + cell.U @ x)

    def by_name(layers, states, x):
        [cell, *_] = layers
        for k in range(3):
            x = states[k] = cell(states[k], x)
        return x

    def stacked(share, step):
        rng = np.random.default_rng(0)
        cell = Cell(rng)
        layers = [cell if share else Cell(rng) for _ in range(3)]
        states = [np.zeros(3)] * 3
        for x in rng.normal(size=(5, 3)):
            y = step(layers, states, x)
        return np.sum(y)

    for step in (by_loop, by_index):
        assert doctor(tg.trace(stacked(False, step))) == []
        [symptom] = doctor(tg.trace(stacked(True, step)))
        assert symptom.kind == "shared"
        assert symptom.text.startswith("3 layers, each with a state of its own")
        assert f"called from line {stacked.__code__.co_firstlineno + 2}" in symptom.text  # that made the cell
    assert doctor(tg.trace(stacked(True, by_name))) == []  # one cell by its name: it is meant


def test_where_a_gradient_ends_is_named():
    w = tg.parameter([[0.5, 1.0]])
    loss = np.sum(np.clip(np.tanh(w) + 5.0, -1.0, 1.0) * np.ones((1, 2)))
    [symptom] = doctor(tg.trace(loss))
    assert "the gradient of w is 0 in all elements: it ends in clip, line " in symptom.text


def test_a_bias_that_is_normalised_away_is_no_symptom():
    rng = np.random.default_rng(0)
    W, b = tg.parameter(rng.normal(size=(3, 4))), tg.parameter(np.zeros(4))
    a = rng.normal(size=(16, 3)) @ W + b
    assert doctor(tg.trace(np.sum(np.tanh((a - np.mean(a, axis=0)) / np.std(a, axis=0))))) == []


def test_two_factors_that_both_start_at_0():
    def adapted(first):
        A, B = tg.parameter(first), tg.parameter(np.zeros((2, 4)))
        return np.sum((A @ B @ np.ones(4) - 1.0) ** 2)

    assert kinds(adapted(np.zeros((4, 2)))) == {"no gradient"}
    assert kinds(adapted(np.ones((4, 2)) * [1.0, 2.0])) == set()


def test_a_gate_that_starts_at_0_is_meant():
    W, gate = tg.parameter(np.eye(3)), tg.parameter(0.0)
    h = np.ones(3)
    for _ in range(5):
        h = h + gate * np.tanh(W @ h)
    assert kinds(np.sum(h * h)) == set()


def test_units_that_begin_equal_never_part():
    def network(start):
        W, u = tg.parameter(start), tg.parameter(np.full(5, 0.1))
        h = np.zeros(5)
        for x in np.linspace(-1, 1, 6):
            h = np.tanh(W @ h + u * x)
        return np.sum(h * h)

    assert kinds(network(np.full((5, 5), 0.1))) == {"equal units"}
    assert kinds(network(0.1 * np.eye(5))) == set()


def test_one_cell_in_both_directions():
    def both(share):
        rng = np.random.default_rng(0)
        W = tg.parameter(rng.normal(size=(3, 3)) / 2)
        R = W if share else tg.parameter(rng.normal(size=(3, 3)) / 2)
        xs = rng.normal(size=(5, 3))
        forward, backward, h, g = [], [], np.zeros(3), np.zeros(3)
        for x in xs:
            h = np.tanh(W @ h + x)
            forward.append(h)
        for x in xs[::-1]:
            g = np.tanh(R @ g + x)
            backward.append(g)
        return sum(np.sum(np.tanh(a * b)) for a, b in zip(forward, backward[::-1], strict=True))

    assert doctor(tg.trace(both(False))) == []
    assert any("both forward and backward" in symptom.text for symptom in doctor(tg.trace(both(True))))


def test_a_parameter_that_stands_in_for_another():
    def cell(last):
        def build():
            return {name: tg.parameter(np.zeros(3), name=name) for name in ("b_i", "b_f", "b_o")}

        p, h = build(), np.full(3, 0.3)
        for _ in range(4):
            i = tg.sigmoid(h + p["b_i"])
            f = tg.sigmoid(h - 1.0 + p["b_f"])
            o = tg.sigmoid(h + 1.0 + p[last])
            h = o * np.tanh(i + f * h)
        return tg.trace(np.sum(h)), p

    trace, _kept_alive = cell("b_f")
    [symptom] = doctor(trace)
    assert symptom.kind == "unused"
    assert "b_o nowhere" in symptom.text
    trace, _kept_alive = cell("b_o")
    assert doctor(trace) == []


def test_an_embedding_that_is_the_decoder_too_is_meant():
    rng = np.random.default_rng(0)
    embedding = tg.parameter(rng.normal(size=(5, 4)))
    decoder, h, loss = embedding, np.zeros(4), 0.0
    for token, following in zip([0, 2, 1, 3], [2, 1, 3, 4], strict=True):
        h = np.tanh(h + embedding[token])
        loss = loss + tg.softmax_cross_entropy(decoder @ h, np.array(following))
    assert doctor(tg.trace(loss)) == []


# -- cuts and rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", [lambda h: tg.tensor(h.data), lambda h: h / np.sqrt(np.sum(h * h)).item()])
def test_a_value_that_left_the_graph_and_came_back(leave):
    symptoms = [symptom for symptom in doctor(tg.trace(classifier(leave=leave))) if symptom.kind == "cut"]
    [symptom] = symptoms
    assert "out of the graph" in symptom.text
    assert "no gradient goes back to" in symptom.text
    assert symptom.command == "cuts"


def test_a_state_that_is_detached_in_every_step_and_one_that_is_truncated():
    def detached(every):
        W, h, loss = tg.parameter(np.eye(3) / 2), tg.tensor(np.ones(3)), 0.0
        for t in range(9):
            h = np.tanh(W @ h)
            loss = loss + np.sum(h * h)
            if t % every == every - 1:
                h = h.detach()
        return loss

    assert kinds(detached(1)) == {"cut"}
    assert kinds(detached(3)) == set()


def test_a_state_that_is_detached_where_it_is_read():
    W, h, loss = tg.parameter(np.eye(3) / 2), tg.tensor(np.ones(3)), 0.0
    for _ in range(6):
        h = np.tanh(W @ h.detach())
        loss = loss + np.sum(h)
    assert kinds(loss) == {"cut"}


def test_a_straight_through_estimator_is_meant():
    leave = lambda h: h + (np.sign(h.data) - h).detach()  # not inside assert: pytest writes that anew
    assert kinds(classifier(leave=leave)) == set()


def test_a_value_that_is_only_looked_at_is_no_symptom():
    seen = []
    leave = lambda h: seen.append(float(np.sum(h))) or h
    assert kinds(classifier(leave=leave)) == set()


def test_a_rule_that_is_wrong():
    squash = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    loss = classifier(squash=squash)
    [symptom] = doctor(tg.trace(loss))
    assert symptom.kind == "rule"
    assert symptom.timesteps == [1, 2, 3, 4, 5, 6]
    assert f"line {squash.rules[0].__code__.co_firstlineno}" in symptom.text
    assert doctor(tg.trace(loss), thorough=False) == []  # opening the debugger runs nothing of the program's


# -- the debugger ------------------------------------------------------------------------------------------------------


def opened(loss, *lines):
    import io

    output = io.StringIO()
    viz.debug(loss, stdin=io.StringIO("\n".join(lines)), stdout=output, width=80)
    return output.getvalue()


def test_findings_stand_below_the_first_screen():
    text = opened(regression((16,)))
    assert "! broadcast: subtract of 16×1 with 16 gives 16×16" in text
    assert "! " not in opened(regression((16, 1)))


def test_a_gradient_that_is_infinite_in_several_time_steps_names_them_all():
    W, h, total = tg.parameter(np.full((2, 2), 0.5)), np.zeros(2), 0.0
    for x in (0.0, 0.0, 1.0, 2.0):
        new = h + W @ np.full(2, x)
        total = total + np.sqrt(np.sum((new - h) ** 2))
        h = new
    with np.errstate(all="ignore"):
        trace = tg.trace(total)
    [symptom] = [each for each in doctor(trace) if each.kind == "not finite"]
    assert symptom.timesteps == [1, 2]
    assert "time steps 1–2" in symptom.place
    answer = Session(viz.Debugger(trace)).run("nan")
    assert answer.data["timesteps"] == [1, 2]
    assert "it begins so in time steps 1–2" in answer.lines[-1].plain


def test_a_finding_in_another_file_than_the_scripts_names_it():
    [symptom] = doctor(tg.trace(regression((16,))))
    assert symptom.place == f"line {symptom.line}"
    assert symptom._replace(script="/home/ada/main.py").place == f"test_doctor.py:{symptom.line}"


def test_the_commands():
    text = opened(classifier(mixing=lambda h: h[::-1]), "doctor", "mix x 0", "mix h[1]")
    assert "! mixed: getitem joins examples: example 0 of x reaches example 7" in text
    assert "the 8 rows of axis 0 of x read one another" in text
    assert "joined first by getitem" in text
    assert "row 0 reaches row 7" in text
    assert "no check finds anything\n" in opened(classifier(), "doctor")
    assert max(map(cell_len, text.splitlines())) <= 80


def linear(factor, leave=lambda h, t: h, timesteps=14):
    W, h = tg.parameter(np.eye(3) * factor), np.ones(3)
    for t in range(timesteps):
        h = W @ leave(h, t)
    return np.sum(h)


def test_without_symptoms_it_points_to_what_other_commands_know():
    assert "also" not in opened(linear(1.0), "doctor")
    text = opened(linear(1.9), "doctor")
    assert "flow: exploding ×1.9 a step, of h · `flow`" in text
    assert "a healthy network" not in text
    cut_once = linear(1.0, lambda h, t: h.detach() if t == 7 else h)
    assert doctor(tg.trace(cut_once)) == []  # truncated backpropagation is no symptom
    text = opened(cut_once, "doctor")
    assert text.count("no gradient goes back") == 1  # by the command, not below the first screen
    assert "cuts: 1 place, no gradient goes back through it to W · `cuts`" in text


def test_the_answers_are_data():
    session = Session(viz.Debugger(regression((16,))))
    [symptom] = session.run("doctor").data["symptoms"]
    assert (symptom["kind"], symptom["op"], symptom["timesteps"]) == ("broadcast", "subtract", [])
    assert session.run("mix").kind == "error"


def test_a_trace_from_a_file_is_examined_too(tmp_path):
    trace = tg.trace(classifier(softmax_axis=0, scale=3))
    trace.save(tmp_path / "run.trace")

    def facts(trace):
        return [(s.kind, s.line, s.timesteps, s.command) for s in doctor(trace)]

    assert facts(tg.load_trace(tmp_path / "run.trace")) == facts(trace)
