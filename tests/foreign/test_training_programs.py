"""Programs that train: every way of writing a step of descent, compared with descent by hand."""

import copy
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygraph as tg
from tests.foreign.program import messages

A, b = np.array([[2.0, 0.3], [0.1, 1.0], [0.5, -1.0]]), np.array([1.0, -0.5, 0.25])
START = np.array([0.4, -0.2])


def loss_of(w):
    return np.sum((A @ w - b) ** 2)


def descended(steps=3, rate=0.1, start=START):
    """Return where gradient descent by hand ends."""
    w = start
    for _ in range(steps):
        w = w - rate * 2 * A.T @ (A @ w - b)
    return w


def fooled(reason):
    return pytest.mark.xfail(reason=reason, strict=True)


def stops(program, says):
    """Assert that a program stops with an error that shows its own line, and says what to write."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of whatever kind
        program()
    assert program.__code__.co_filename in messages(caught.value)
    assert says in messages(caught.value)


# -- steps -------------------------------------------------------------------------------------------------------------


def test_data_is_replaced_and_the_gradient_forgotten():
    w = tg.parameter(START)
    for _ in range(3):
        loss_of(w).backward()
        w.data = w.data - 0.1 * w.grad
        w.zero_grad()
    np.testing.assert_allclose(w.data, descended())


def test_a_new_parameter_in_every_step():
    w = tg.parameter(START)
    for _ in range(3):
        loss_of(w).backward()
        w = tg.parameter(w.data - 0.1 * w.grad)
    np.testing.assert_allclose(w.data, descended())


def test_gradients_of_a_function():
    w, gradient = START, tg.grad(loss_of)
    for _ in range(3):
        w = w - 0.1 * gradient(w)
    np.testing.assert_allclose(w, descended())


def test_gradients_of_a_function_update_an_array_in_place():
    w, step = START.copy(), tg.value_and_grad(loss_of)
    history = np.zeros(3)
    for k in range(3):
        history[k], g = step(w)
        w -= 0.1 * g
    np.testing.assert_allclose(w, descended())
    np.testing.assert_allclose(history[2], loss_of(descended(2)))


def test_momentum_and_a_dict_of_arrays():
    def loss(p):
        return loss_of(p["w"] + p["shift"])

    p = {"w": START.copy(), "shift": np.zeros(2)}
    velocity = {name: np.zeros(2) for name in p}
    for _ in range(3):
        g = tg.grad(loss)(p)
        for name in p:
            velocity[name] = 0.5 * velocity[name] - 0.05 * g[name]
            p[name] += velocity[name]
    w, v = START, np.zeros(2)
    for _ in range(3):
        v = 0.5 * v - 0.05 * 2 * A.T @ (A @ w - b)
        w = w + 2 * v
    np.testing.assert_allclose(p["w"] + p["shift"], w)


def test_the_parameter_is_assigned_to_in_place():
    def program():
        W = tg.parameter(START)
        for _ in range(3):
            loss_of(W).backward()
            W -= 0.1 * W.grad
        return W.data

    stops(program, says="W.data = W.data -")


def test_the_name_is_bound_to_the_new_value():
    def program():
        w = tg.parameter(START)
        for _ in range(3):
            loss_of(w).backward()
            w = w - 0.1 * w.grad
        return w.data

    stops(program, says="p.data = p.data -")


def test_the_parameter_is_assigned_to_in_place_without_recording():
    W = tg.parameter(START)
    for _ in range(3):
        loss_of(W).backward()
        with tg.no_grad():
            W -= 0.1 * W.grad
        W.zero_grad()
    np.testing.assert_allclose(W.data, descended())


def test_a_loop_over_a_list_of_parameters():
    def program():
        parameters = [tg.parameter(START), tg.parameter(np.array([0.1, 0.1]))]
        for _ in range(3):
            loss_of(parameters[0] + parameters[1]).backward()
            for p in parameters:
                p -= 0.05 * p.grad
                p.grad = None
        return parameters[0].data + parameters[1].data

    stops(program, says="p.data = p.data -")


def test_an_item_of_a_list_of_parameters_is_assigned_to_in_place():
    def program():
        parameters = [tg.parameter(START)]
        for _ in range(3):
            loss_of(parameters[0]).backward()
            for i in range(len(parameters)):
                parameters[i] -= 0.1 * parameters[i].grad
        return parameters[0].data

    stops(program, says=".data -")


@fooled("'output array is read-only', without a line and without what to write")
def test_data_is_assigned_to_in_place():
    def program():
        w = tg.parameter(START)
        for _ in range(3):
            loss_of(w).backward()
            w.data -= 0.1 * w.grad
            w.grad = None
        return w.data

    stops(program, says="w.data = w.data -")


def test_gradients_are_clipped_and_scaled_in_place():
    w = tg.parameter(START)
    loss_of(w).backward()
    by_hand = 2 * A.T @ (A @ START - b)
    np.clip(w.grad, -1, 1, out=w.grad)
    w.grad *= 0.5
    np.testing.assert_allclose(w.grad, 0.5 * np.clip(by_hand, -1, 1))


def test_gradients_add_up_over_minibatches():
    w = tg.parameter(START)
    for row, target in zip(A, b, strict=True):
        ((row @ w - target) ** 2).backward()
    np.testing.assert_allclose(w.grad, 2 * A.T @ (A @ START - b))


# -- what surrounds the steps ------------------------------------------------------------------------------------------


def test_the_best_parameters_are_kept():
    w, best, best_loss = tg.parameter(START), None, np.inf
    for rate in (0.1, 0.1, 2.0):
        loss = loss_of(w)
        if loss < best_loss:
            best, best_loss = copy.deepcopy(w), loss.item()
        loss.backward()
        w.data = w.data - rate * w.grad
        w.zero_grad()
    np.testing.assert_allclose(best.data, descended(2))
    assert best is not w and loss_of(best) == best_loss


def test_a_buffer_of_the_input_is_written_in_every_step():
    w, x, total = tg.parameter(START), np.zeros(2), 0.0
    for row, target in zip(A, b, strict=True):
        x[:] = row
        total = total + (w @ x - target) ** 2
    x.fill(np.nan)
    total.backward()
    np.testing.assert_allclose(w.grad, 2 * A.T @ (A @ START - b))


def test_truncated_backpropagation_by_detach():
    w, h = tg.parameter(0.5), tg.tensor(1.0)
    for k in range(4):
        if k == 2:
            h = h.detach()
        h = np.sin(w * h)
    h.backward()
    constant = np.sin(0.5 * np.sin(0.5))
    middle = np.sin(0.5 * constant)
    expected = np.cos(0.5 * middle) * (middle + 0.5 * np.cos(0.5 * constant) * constant)
    np.testing.assert_allclose(w.grad, expected)


def test_validation_without_recording():
    w, curve = tg.parameter(START), []
    for _ in range(2):
        with tg.no_grad():
            curve.append(float(loss_of(w)))
            table = np.zeros(2)
            table[:] = w
            table[0] = w[0]
        loss_of(w).backward()
    np.testing.assert_allclose(curve, [loss_of(START)] * 2)
    np.testing.assert_allclose(table, START)


def test_two_networks_take_turns():
    g, d = tg.parameter(np.array([0.3, 0.1])), tg.parameter(np.array([0.2, -0.4]))
    value = np.sum(np.tanh(d * g))
    value.backward()
    slope = 1 - np.tanh(d.data * g.data) ** 2
    np.testing.assert_allclose(d.grad, slope * g.data)
    d.zero_grad()
    (-np.sum(np.tanh(d.detach() * g))).backward()
    assert d.grad is None
    np.testing.assert_allclose(g.grad, slope * d.data - slope * d.data)


@pytest.mark.parametrize("pool", [True, False])
def test_threads_record_their_own_parts(pool):
    w, parts = tg.parameter(START), []

    def run(k):
        parts.append(np.sum((A[k] @ w - b[k]) ** 2))

    if pool:
        with ThreadPoolExecutor(2) as executor:
            list(executor.map(run, range(3)))
    else:
        threads = [threading.Thread(target=run, args=(k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sum(parts).backward()
    np.testing.assert_allclose(w.grad, 2 * A.T @ (A @ START - b))


def test_threads_fill_versions_of_one_table():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(40):
            assert _sums_of_threads() == [50.0, 99.0, 148.0]
    finally:
        sys.setswitchinterval(interval)


def _sums_of_threads():
    w = tg.parameter(np.array([1.0, 2.0, 3.0]))
    shared = tg.tensor(np.zeros(50)).at[0].set(w[0])

    def filled(k):
        table = shared
        for i in range(1, 50):
            table = table.at[i].set(w[k])
            assert shared[0].item() == 1.0
        return table.numpy().sum()

    with ThreadPoolExecutor(3) as executor:
        return list(executor.map(filled, range(3)))


# -- optimizers of SciPy -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "Newton-CG", "TNC", "SLSQP"])
def test_scipy_minimize_with_value_and_grad(method):
    optimize = pytest.importorskip("scipy.optimize")
    result = optimize.minimize(tg.value_and_grad(loss_of), START, jac=True, method=method)
    np.testing.assert_allclose(result.x, np.linalg.lstsq(A, b)[0], atol=1e-4)


def test_scipy_minimize_with_a_hessian():
    optimize = pytest.importorskip("scipy.optimize")
    result = optimize.minimize(loss_of, START, jac=tg.grad(loss_of), hess=tg.hessian(loss_of), method="trust-exact")
    np.testing.assert_allclose(result.x, np.linalg.lstsq(A, b)[0], atol=1e-6)


def test_scipy_least_squares_and_root_with_a_jacobian():
    optimize = pytest.importorskip("scipy.optimize")

    def residuals(w):
        return A @ w - b

    fit = optimize.least_squares(residuals, START, jac=tg.jacobian(residuals))
    np.testing.assert_allclose(fit.x, np.linalg.lstsq(A, b)[0])

    def system(z):
        return np.stack([z[0] ** 2 + z[1] - 1, z[0] - z[1] ** 2])

    root = optimize.root(system, np.array([0.5, 0.5]), jac=tg.jacobian(system))
    np.testing.assert_allclose(system(root.x), 0, atol=1e-9)


# -- functions that give no number -------------------------------------------------------------------------------------


def test_a_forgotten_return():
    def loss(w):
        np.sum(w**2)

    with pytest.raises((TypeError, ValueError), match="return"):
        tg.grad(loss)(START)


def test_a_value_of_shape_1():
    def program():
        return tg.grad(lambda w: np.sum(w**2, keepdims=True))(START)

    stops(program, says="sum it")


def test_an_argument_by_its_name():
    def program():
        return tg.grad(loss_of)(w=START)

    stops(program, says="positional")


@pytest.mark.parametrize("loss", [lambda w: float(np.sum(w**2)), lambda w: np.sum(w**2).item()])
def test_a_value_that_left_the_record(loss):
    def program():
        return tg.grad(loss)(START)

    stops(program, says="plain")


def test_integers_are_refused_with_what_to_write():
    with pytest.raises(TypeError, match=r"write 2\.0 for 2"):
        tg.grad(lambda w: w**2)(3)
