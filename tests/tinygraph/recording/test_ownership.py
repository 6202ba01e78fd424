"""What is whose: gradients alias nothing, the caller may overwrite its arrays, and nobody writes into a Tensor."""

import re

import numpy as np
import pytest

import tinygraph as tg


@pytest.mark.parametrize(
    "run",
    [
        lambda a, b: a + b,
        lambda a, b: (a + b) * 1.0 + a,
        lambda a, b: a.reshape(2, 2) + b.reshape(2, 2),
        lambda a, b: np.concatenate([a, b])[1:6],
        lambda a, b: np.stack([a, a, b]).T,
        lambda a, b: np.broadcast_to(a, (3, 4)) + b,
        lambda a, b: a[:] - b[::-1],
    ],
)
def test_gradients_alias_nothing(run):
    a, b = tg.parameter(np.arange(4.0)), tg.parameter(np.arange(4.0) + 1)
    y = run(a, b)
    adjoint = np.ones(y.shape)
    y.backward(adjoint)
    held = [adjoint, np.asarray(y._value), np.asarray(a._value), np.asarray(b._value)]
    assert not np.may_share_memory(a.grad, b.grad)
    for array in held:
        assert not np.may_share_memory(a.grad, array)
        assert not np.may_share_memory(b.grad, array)
    a.grad += 1  # a gradient is the caller's own to clip in place
    np.testing.assert_array_equal(adjoint, np.ones(y.shape))


def test_the_caller_may_overwrite_every_array_that_it_gave():
    data, constant, index = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]), np.array([0, 0, 2])
    w = tg.parameter(data)
    y = ((w * constant)[index] @ constant) / constant[0]
    for array in (data, constant):
        array[:] = 99.0
    index[:] = 1
    y.backward()
    np.testing.assert_allclose(w.grad, [4.0, 0.0, 2.0])


def test_writes_are_refused_with_the_op_and_its_line():
    w = tg.parameter([1.0, 2.0])
    h = np.exp(w)
    for write in (lambda: h.__setitem__(0, 5.0), lambda: setattr(h, "data", np.zeros(2))):
        with pytest.raises(TypeError) as caught:
            write()
        assert "exp" in str(caught.value)
        assert "h = np.exp(w)" in str(caught.value)
    for read_only in (w.data, h.data, tg.graph(h).nodes[-1].data):
        with pytest.raises(ValueError, match="read-only"):
            read_only[0] = 5.0


def test_augmented_assignment_of_a_computed_value_makes_a_new_one():
    w = tg.parameter([1.0, 2.0])
    h = alias = w * 1.0
    h += 1
    assert h is not alias
    np.testing.assert_array_equal(alias.data, [1.0, 2.0])
    np.sum(h * h).backward()
    np.testing.assert_array_equal(w.grad, [4.0, 6.0])


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "%", "//"])
def test_augmented_assignment_of_a_parameter_says_what_to_write(symbol):
    w = tg.parameter([1.0, 2.0])
    with pytest.raises(
        TypeError, match=rf"w\.data = w\.data {re.escape(symbol)} .*no_grad(.|\n)*test_ownership"
    ) as caught:
        exec(compile(f"w {symbol}= 2.0", __file__, "exec"), {"w": w})
    assert "optimiser" in str(caught.value)
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_a_parameter_is_changed_in_place_under_no_grad():
    parameters = [tg.parameter([1.0, 2.0]), tg.parameter([3.0])]
    recorded = np.sum(parameters[0] ** 2)
    recorded.backward()
    before = tg.graph(recorded)
    with tg.no_grad():
        for p in parameters:
            same = p
            p -= 0.5 * (p.grad if p.grad is not None else np.ones(1))
            assert p is same
    np.testing.assert_array_equal(parameters[0].data, [0.0, 0.0])
    np.testing.assert_array_equal(parameters[1].data, [2.5])
    np.testing.assert_array_equal(before.parameters[0].data, [1.0, 2.0])  # what was recorded stays
    assert all(p.requires_grad for p in parameters)


def test_writing_into_an_array_through_a_tensor_is_refused():
    plain, w = np.ones(2), tg.parameter([1.0, 2.0])
    with pytest.raises(TypeError):
        np.add(plain, w, out=plain)
    np.testing.assert_array_equal(plain, np.ones(2))


def test_an_optimiser_s_step_does_not_change_a_recorded_graph():
    w = tg.parameter([1.0, 2.0])
    loss = (w * w).sum()
    w.data = w.data - 10
    loss.backward()
    np.testing.assert_allclose(w.grad, [2.0, 4.0])


class Layer:
    def __init__(self, W):
        self.W = W


def test_augmented_assignment_of_data_replaces_it_and_leaves_recorded_graphs_as_they_were():
    W = tg.parameter([1.0, 2.0], name="W")
    layers, before, loss = [Layer(W)], W.data, (W * W).sum()
    W.data *= 0.5
    layers[0].W.data -= 0.1 * np.ones(2)
    layers[-1].W.data += W.data
    np.testing.assert_allclose(W.data, [0.8, 1.8])
    np.testing.assert_array_equal(before, [1.0, 2.0])
    loss.backward()
    np.testing.assert_array_equal(W.grad, [2.0, 4.0])


def test_augmented_assignment_of_data_keeps_shape_and_dtype():
    W, n = tg.parameter(np.ones(2, np.float32), name="W"), tg.tensor([1, 2])
    W.data *= np.float64(3)
    assert W.dtype == np.float32
    with pytest.raises(ValueError, match="broadcast"):
        W.data *= np.ones((2, 2))
    with pytest.raises(TypeError, match="cast"):
        n.data /= 2
    np.testing.assert_array_equal(n.data, [1, 2])


def test_data_of_a_computed_value_is_not_written():
    h = tg.parameter([1.0]) * 2
    with pytest.raises(TypeError, match=r"the value of multiply, recorded here:"):
        h.data *= 2
    with pytest.raises(ValueError, match="read-only"):
        h.data[0] = 1
    view = h.data
    with pytest.raises(ValueError, match="read-only"):
        view *= 2
