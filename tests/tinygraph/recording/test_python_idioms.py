"""What Python programs do with numbers and arrays, done with Tensors."""

import copy
import pickle

import numpy as np
import pytest

import rnn
import tinygraph as tg

w, s = tg.parameter([1.0, 2.0, 3.0]), tg.parameter(2.0)

# -- copies ------------------------------------------------------------------------------------------------------------


def pickled(x):
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_leaf_is_copied_with_its_gradient_and_name(copied):
    weights = tg.parameter(np.arange(3, dtype=np.float32))
    weights.grad = np.ones(3, np.float32)
    other = copied(weights)
    other.grad += 1
    other.data = [5, 5, 5]
    assert (other.name, other.dtype, other.requires_grad) == ("weights", np.float32, True)
    np.testing.assert_array_equal(weights.data, [0, 1, 2])
    np.testing.assert_array_equal(weights.grad, [1, 1, 1])
    (other * other).sum().backward()
    np.testing.assert_array_equal(other.grad, [12, 12, 12])
    assert copied(tg.tensor([1, 2])).requires_grad is False


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_model_is_copied_and_its_shared_parameters_stay_shared(copied):
    model = rnn.Forecaster(2, 3, rng=0)
    model.tied = model.cell.W
    other = copied(model)
    assert other.tied is other.cell.W is not model.cell.W
    window = np.ones((1, 2))
    np.testing.assert_array_equal(other.predict(window), model.predict(window))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_what_an_op_made_is_not_copied(copied):
    with pytest.raises(TypeError, match=r"value of multiply.*detach"):
        copied(w * 2)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_of_an_op_is_that_op(copied):
    assert all(copied(op) is op for forms in tg.registry.values() for op in forms)


def test_an_op_that_is_not_registered_where_it_is_read_is_named():
    stored = pickle.dumps(tg.op(lambda x: x * 1.0, vjp=lambda g, y, x: g, name="op of a test"))
    del tg.registry["op of a test"]
    with pytest.raises(LookupError, match="op of a test"):
        pickle.loads(stored)


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda: np.float64(3) * s, 6.0),
        (lambda: np.ones(3) @ w, 6.0),
        (lambda: [1.0, 2.0, 3.0] * w, [1.0, 4.0, 9.0]),
        (lambda: [1.0, 2.0] * tg.parameter(2.0), [2.0, 4.0]),
        (lambda: 2**s - s**-1, 3.5),
        (lambda: divmod(s, 1.5)[1], 0.5),
        (lambda: sum([s, s, s]), 6.0),
        (lambda: sum(w), 6.0),
        (lambda: sum(x * x for x in w), 14.0),
        (lambda: max(s, s * 2), 4.0),
        (lambda: min(w), 1.0),
        (lambda: sorted([s * 3, s], key=float)[0], 2.0),
        (lambda: next(reversed(w)), 3.0),
        (lambda: (lambda a, *rest: rest[-1] * a)(*w), 3.0),
        (lambda: np.where([True, False, True], w, [0, 0, 0]), [1.0, 0.0, 3.0]),
        (lambda: np.concatenate([w, [4.0]]), [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_idioms_of_numbers_are_recorded(run, expected):
    result = run()
    assert type(result) is tg.Tensor and result.requires_grad
    np.testing.assert_allclose(result.data, expected)


def test_idioms_that_ask_for_a_plain_answer():
    assert bool(s) and len(w) == 3 and 2.0 in w and 5.0 not in w and s > 1 and s != 3
    assert {w: "w", s: "s"}[w] == "w"
    assert (f"{s:.2f}", f"{s:>6}", "%.1f" % s, f"{s}") == ("2.00", "   2.0", "2.0", "Tensor(2., requires_grad=True)")  # noqa: UP031
    assert (float(s), int(s), list(range(tg.tensor(2)))) == (2, 2, [0, 1])
    assert np.arange(4)[tg.tensor([1, 2])].tolist() == [1, 2]
    np.testing.assert_array_equal(w == [1, 5, 3], [True, False, True])
    np.testing.assert_array_equal(np.ones(3) < w, [False, True, True])
    np.testing.assert_array_equal(w == None, [False] * 3)  # noqa: E711 - as an array does


@pytest.mark.parametrize("run", [lambda: bool(w), lambda: w in [s], lambda: bool(w == w)])
def test_a_truth_value_of_several_numbers_is_refused_as_numpy_does(run):
    with pytest.raises(ValueError, match="ambiguous"):
        run()


def into(array):
    array += w
    return array


@pytest.mark.parametrize(
    "run",
    [
        lambda: into(np.ones(3)),
        lambda: np.array([w, w]),
        lambda: w * [s, s, s],
        lambda: np.add([s, s, s], 1.0),
        lambda: np.zeros(3).__setitem__(slice(None), w),
        lambda: np.random.default_rng(0).normal(w),
        lambda: list(s),
        lambda: w + None,
        lambda: "a" + w,
    ],
)
def test_what_would_cut_the_graph_in_silence_is_refused(run):
    with pytest.raises(TypeError):
        run()
