"""doctor: it names what is sick, with its line, and says nothing of a healthy network."""

import numpy as np
import pytest

import tinygraph as tg
from tests.programs.healthy import HEALTHY, healthy_loss
from tests.tinygraph.diagnosing.networks import N, classifier, kinds, regression
from tinygraph.diagnosing import doctor, mix


def test_the_healthy_twin_of_all_that_follows():
    assert doctor(tg.trace(classifier())) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_a_healthy_program(name):
    assert list(map(str, doctor(tg.trace(healthy_loss(name))))) == []


# -- shapes ------------------------------------------------------------------------------------------------------------


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
    def embedded(mask, words=5):
        E = tg.parameter(np.random.default_rng(0).normal(size=(words, 2)), name="E")
        tokens = [np.array([0, 4, 2]), np.array([3, -1, -1]), np.array([4, -1, -1])]
        return sum(np.sum(np.tanh(E[row]) * mask(row)[:, None]) for row in tokens)

    [symptom] = doctor(tg.trace(embedded(np.ones_like)))
    assert "4 of the 9 indices into E are negative" in symptom.text
    assert "row 4, which" in symptom.text
    assert doctor(tg.trace(embedded(lambda tokens: tokens >= 0))) == []
    assert doctor(tg.trace(embedded(np.ones_like, words=6))) == []  # the last row is that of the padding


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
