"""What a program may rely on: higher order, accumulation, aliasing, threads, exceptions, anomalies, long chains."""

import gc
import re
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.testing.strategies import tensors


def cubes(x):
    return (x * x * x).sum()


# -- higher order ----------------------------------------------------------------------------------------------------


@given(x=tensors("N"))
def test_grad_of_grad_of_grad(x):
    first = tg.grad(cubes)
    second = tg.grad(lambda x: first(x).sum())
    third = tg.grad(lambda x: second(x).sum())
    np.testing.assert_allclose(first(x.data), 3 * x.data**2)
    np.testing.assert_allclose(second(x.data), 6 * x.data)
    np.testing.assert_allclose(third(x.data), np.full(x.shape, 6.0))


@given(A=tensors("N N"), x=tensors("N"))
def test_hessian_and_hvp_of_a_quadratic_form(A, x):
    matrix, point = A.numpy(), x.numpy()

    def form(z):
        return z @ (matrix @ z)

    symmetric = matrix + matrix.T
    np.testing.assert_allclose(tg.hessian(form)(point), symmetric, atol=1e-12)
    np.testing.assert_allclose(tg.hvp(form, (point,), (np.ones_like(point),)), symmetric.sum(1), atol=1e-12)


@given(W=tensors("M N"), x=tensors("N"))
def test_jacobian_jvp_and_vjp_agree_with_the_matrix(W, x):
    matrix, point = W.numpy(), x.numpy()
    np.testing.assert_allclose(tg.jacobian(lambda x: matrix @ x)(point), matrix)
    np.testing.assert_allclose(tg.jvp(lambda x: matrix @ x, (point,), (point,))[1], matrix @ point)
    _, pull = tg.vjp(lambda x: matrix @ x, point)
    np.testing.assert_allclose(pull(matrix[:, 0])[0], matrix.T @ matrix[:, 0])


def test_gradients_keep_the_structure_of_their_arguments():
    def f(parameters, pair):
        return np.sum(parameters["W"] @ parameters["deep"][0]) + pair[1] * pair[0]

    W, v = np.arange(6.0).reshape(2, 3), np.ones(3)
    by_name, by_place = tg.grad(f, argnums=(0, 1))({"W": W, "deep": [v]}, (2.0, 3.0))
    assert set(by_name) == {"W", "deep"}
    assert isinstance(by_name["deep"], list)
    assert isinstance(by_place, tuple)
    np.testing.assert_allclose(by_name["W"], np.ones((2, 3)))
    np.testing.assert_allclose(by_name["deep"][0], W.sum(0))
    np.testing.assert_allclose(by_place, (3.0, 2.0))


def test_the_recorded_backward_pass_is_a_graph_that_can_be_looked_at():
    x = tg.parameter(2.0)
    slope = tg.grad(lambda x: x * x * x)(x)
    assert "multiply" in {str(node.op) for node in tg.graph(slope).nodes}
    slope.backward()
    np.testing.assert_allclose(x.grad, 12.0)


def test_a_perturbation_of_an_inner_gradient_is_not_confused_with_the_outer():
    inner = lambda x: tg.grad(lambda y: x + y)(1.0)
    assert float(tg.grad(lambda x: x * inner(x))(1.0)) == 1.0


# -- accumulation and aliasing ---------------------------------------------------------------------------------------


def test_a_second_backward_adds_and_zero_grad_forgets():
    w = tg.parameter([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    once = w.grad.copy()
    loss.backward()
    np.testing.assert_allclose(w.grad, 2 * once)
    w.zero_grad()
    assert w.grad is None
    loss.backward()
    np.testing.assert_allclose(w.grad, once)


def test_a_second_backward_leaves_a_gradient_that_was_kept_as_it_was():
    w = tg.parameter([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    kept = w.grad
    value = kept.copy()
    loss.backward()
    np.testing.assert_array_equal(kept, value)


def test_two_losses_of_one_graph_add_up():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    h.sum().backward()
    (h * h).sum().backward()
    np.testing.assert_allclose(w.grad, 2 * w.data + 4 * w.data**3)


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
    held = [adjoint, np.asarray(y._data), np.asarray(a._data), np.asarray(b._data)]
    assert not np.may_share_memory(a.grad, b.grad)
    for array in held:
        assert not np.may_share_memory(a.grad, array)
        assert not np.may_share_memory(b.grad, array)
    a.grad += 1  # a gradient is the caller's own to clip in place
    np.testing.assert_array_equal(adjoint, np.ones(y.shape))


def test_the_step_s_adjoints_are_those_that_train():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    loss = (h + h).sum()
    seen = {step.node.op.name: np.array(step.adjoint) for step in tg.backprop(loss)}
    np.testing.assert_array_equal(seen["multiply"], [2.0, 2.0])
    np.testing.assert_array_equal(w.grad, [4.0, 8.0])


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
        TypeError, match=rf"w\.data = w\.data {re.escape(symbol)} .*no_grad(.|\n)*test_behaviour"
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


def test_detach_cuts_the_graph():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    (h.detach() * w).sum().backward()
    np.testing.assert_allclose(w.grad, w.data**2)
    assert h.detach().op is None
    assert not h.detach().requires_grad


# -- dtypes ----------------------------------------------------------------------------------------------------------


@given(x=tensors("B I", dtype=np.float32), W=tensors("H I", dtype=np.float32), b=tensors("H", dtype=np.float32))
def test_float32_stays_float32_through_a_layer_and_back(x, W, b):
    h = np.tanh(tg.linear(x, W, b)) * 2 + 1
    loss = (h * h).mean()
    loss.backward()
    assert {h.dtype, loss.dtype, x.grad.dtype, W.grad.dtype, b.grad.dtype} == {np.dtype(np.float32)}


def test_mixed_dtypes_promote_forward_and_come_back_in_their_own():
    narrow, wide = tg.parameter(np.ones(3, np.float32)), tg.parameter(np.ones(3))
    y = narrow * wide
    y.sum().backward()
    assert y.dtype == np.float64
    assert narrow.grad.dtype == np.float32
    assert wide.grad.dtype == np.float64


def test_integers_and_booleans_are_constants():
    w = tg.parameter([1.0, 2.0])
    count, mask = tg.tensor([1, 2]), tg.tensor([True, False])
    y = (w * count * mask).sum()
    y.backward()
    np.testing.assert_allclose(w.grad, [1.0, 0.0])
    assert count.grad is None
    assert not (count + count).requires_grad


# -- threads and exceptions ------------------------------------------------------------------------------------------


def in_a_thread(run):
    found = []
    thread = threading.Thread(target=lambda: found.append(run()))
    thread.start()
    thread.join()
    return found[0]


def test_no_grad_in_one_thread_does_nothing_in_another():
    w = tg.parameter(2.0)
    with tg.no_grad():
        assert in_a_thread(lambda: (w * w).requires_grad)
        assert not (w * w).requires_grad
    entered, leave = threading.Event(), threading.Event()

    def quiet():
        with tg.no_grad():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=quiet)
    thread.start()
    entered.wait()
    assert (w * w).requires_grad
    leave.set()
    thread.join()


def test_threads_share_parameters_and_get_their_own_gradients_right():
    W = tg.parameter(np.eye(3))
    expected = tg.grad(lambda W: np.tanh(W @ W @ np.ones(3)).sum())(W.data)
    wrong = []

    def work():
        for _ in range(50):
            got = tg.grad(lambda W: np.tanh(W @ W @ np.ones(3)).sum())(W.data)
            if not np.array_equal(got, expected):
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_exception_leaves_no_trace_behind():
    w = tg.parameter(2.0)

    def fails(x):
        with tg.scope("inside"), tg.timestep(3):
            raise KeyError("the user's own")

    for run in (tg.grad(fails), lambda x: tg.vjp(fails, x), lambda x: tg.jvp(fails, (x,), (1.0,)), tg.hessian(fails)):
        with pytest.raises(KeyError):
            run(2.0)
        with tg.no_grad(), pytest.raises(KeyError):
            run(2.0)
    y = w * w
    node = tg.graph(y).nodes[-1]
    assert (node.scope, node.timestep, y.requires_grad) == ("", None, True)
    assert w.grad is None
    np.testing.assert_allclose(tg.grad(lambda x: x * x)(3.0), 6.0)


def test_an_exception_in_a_rule_leaves_gradients_as_they_were():
    def rule(g, y, x):
        raise KeyError("the rule's own")

    broken = tg.op(lambda x: x * 1.0, vjp=rule, name="broken rule of a test")
    tg.registry.pop("broken rule of a test")
    a, b = tg.parameter(1.0), tg.parameter(2.0)
    a.grad = np.array(7.0)
    with pytest.raises(KeyError):
        (broken(a) * b).backward()
    assert float(a.grad) == 7.0
    assert b.grad is None


def test_a_backward_pass_that_is_left_half_way_writes_nothing():
    w = tg.parameter([1.0, 2.0])
    steps = tg.backprop((w * w).sum())
    next(steps)
    steps.close()
    assert w.grad is None


def test_grad_inside_no_grad_still_works():
    with tg.no_grad():
        np.testing.assert_allclose(tg.grad(lambda x: x * x)(3.0), 6.0)


# -- values that are not finite --------------------------------------------------------------------------------------


def said_by(run):
    with pytest.raises(FloatingPointError) as caught, tg.detect_anomaly(), np.errstate(all="ignore"):
        run()
    return str(caught.value)


def test_the_first_op_that_makes_an_infinity_is_named_with_time_step_scope_and_line():
    def run():
        h = tg.parameter([1.0])
        with tg.scope("encoder"):
            for t in range(1, 9):
                with tg.timestep(t):
                    h = np.exp(h * 2)

    said = said_by(run)
    for word in ("exp", "time step 3", "encoder", "h = np.exp(h * 2)", __file__):
        assert word in said


def test_the_time_step_of_an_anomaly_is_read_from_the_loop():
    def run():
        w, h = tg.parameter([2.0]), tg.tensor([1.0])
        for _ in range(8):
            h = np.exp(w * h)

    assert "time step 3" in said_by(run)


def test_the_first_rule_that_makes_an_infinity_is_named_with_time_step_scope_and_line():
    def run():
        h = tg.parameter([4.0])
        for t in range(1, 4):
            with tg.timestep(t), tg.scope("decoder"):
                h = np.sqrt(h - t) if t == 3 else h * 1.0 - 0.5
        h.sum().backward()

    said = said_by(run)
    for word in ("sqrt", "time step 3", "decoder", "np.sqrt(h - t)", "argument 0"):
        assert word in said


def test_an_anomaly_that_was_given_is_not_blamed_on_an_op():
    with tg.detect_anomaly():
        h = tg.parameter([np.inf, 1.0]) * 2.0
        assert np.isinf(h.data[0])


def test_without_detection_infinities_pass():
    x = tg.parameter(0.0)
    with np.errstate(divide="ignore"):
        y = np.log(x)
        y.backward()
    assert np.isinf(x.grad)


# -- long and wide graphs --------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_ops_is_recorded_differentiated_and_freed_without_recursion():
    x = tg.parameter(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert float(x.grad) == 1.0
    watched = [weakref.ref(y), weakref.ref(y._inputs[0])]
    del y
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = tg.parameter([1.0])
        y = np.tanh(x * 2)
        watched = weakref.ref(y)
        y.sum().backward()
        del y
        assert watched() is None
    finally:
        gc.enable()


def test_doubling_many_times_visits_each_node_once():
    x = tg.parameter(1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert sum(1 for _ in tg.backprop(y)) == 60
    assert float(x.grad) == 2.0**60


@given(uses=st.integers(1, 12))
def test_an_input_used_many_times_receives_the_sum(uses):
    x = tg.parameter([1.0, -2.0])
    total = x * 1.0
    for n in range(2, uses + 1):
        total = total + x * n
    total.sum().backward()
    np.testing.assert_allclose(x.grad, np.full(2, uses * (uses + 1) / 2))


def test_reading_single_rows_accumulates_into_one_gradient():
    X = tg.parameter(np.arange(12.0).reshape(6, 2))
    total = X[0] * 0.0
    for t in range(6):
        total = total + X[t] * t
    total = total + X[np.array([1, 1])].sum(axis=0)
    total.sum().backward()
    np.testing.assert_allclose(X.grad, np.array([[0, 0], [3, 3], [2, 2], [3, 3], [4, 4], [5, 5]]))


def test_reading_the_whole_of_a_number_accumulates():
    x = tg.parameter(2.0)
    y = x * 3.0 - x[()] + x[...] * x[()]
    y.backward()
    assert float(x.grad) == 3.0 - 1.0 + 4.0


# -- ops of the user's own that are wrong ------------------------------------------------------------------------------


def unregistered(forward, rule):
    made = tg.op(forward, vjp=rule, name="op of a test")
    del tg.registry["op of a test"]
    return made


def test_a_rule_of_the_wrong_shape_is_refused_and_writes_nothing():
    wrong = unregistered(lambda x: x * 2.0, lambda g, y, x: (g * 2).sum())
    a, b = tg.parameter(np.ones(3)), tg.parameter(np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(3,\) a contribution of shape \(\)"):
        (wrong(a) * b).sum().backward()
    assert a.grad is None and b.grad is None


def test_a_rule_of_a_wider_dtype_leaves_a_gradient_of_the_leaf_s_own():
    wide = unregistered(lambda x: x * 2, lambda g, y, x: g * np.float64(2))
    x = tg.parameter(np.ones(3, np.float32))
    wide(x).sum().backward()
    assert x.grad.dtype == np.float32
