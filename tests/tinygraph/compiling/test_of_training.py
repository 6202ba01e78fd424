"""What training needs of `tg.compile`: states beside the loss, rows read by data, loops in loops, `model.eval()`."""

import pickle
import warnings

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests.tinygraph.compiling.backends import BACKENDS
from tinygraph.compiling.calls.reach import Reach
from tinygraph.recording.questions import on_values

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_a_state_is_returned_beside_the_loss():
    W = tg.parameter(RNG.normal(size=(3, 3)))

    def step(xs, h):
        for x in xs:
            h = np.tanh(tg.linear(h, W) + x)
        return (h * h).sum(), [h.detach()]

    compiled = tg.compile(step)
    for _ in range(3):
        xs, h = RNG.normal(size=(4, 2, 3)), RNG.normal(size=(2, 3))
        W.grad = None
        loss, (state,) = compiled(xs, h)
        loss.backward()
        gradient, W.grad = W.grad, None
        expected, (last,) = step(xs, h)
        expected.backward()
        np.testing.assert_allclose(gradient, W.grad, rtol=1e-12)
        np.testing.assert_allclose(state.data, last.data, rtol=1e-12)
        assert not state.requires_grad
    assert compiled.plans_made == 1


@pytest.mark.parametrize("in_loop", [False, True])
def test_rows_are_read_by_an_index_that_is_data(in_loop):
    E = tg.parameter(RNG.normal(size=(7, 3)))

    def loss(index):
        h = 0.0
        for t in range(len(index)):
            h = np.tanh(h + (E[index[t]] if in_loop else E[index][t]))
        return (h * h).sum()

    compiled = tg.compile(loss)
    for _ in range(3):
        index = RNG.integers(-7, 7, (5, 2))  # from the end, too, as NumPy has it
        E.grad = None
        value = compiled(index)
        value.backward()
        gradient, E.grad = E.grad, None
        loss(index).backward()
        np.testing.assert_allclose(gradient, np.asarray(E.grad), rtol=1e-12)
        assert np.isclose(value.item(), loss(index).item())
    assert compiled.plans_made == 1
    with pytest.raises(IndexError):
        compiled(np.full((5, 2), 7))


LOOKUPS = {
    "one row": lambda E, k: E[k],
    "and all columns": lambda E, k: E[k, :],
    "np.take": lambda E, k: np.take(E, k, axis=0),
    "tg.take": lambda E, k: tg.take(E, k, axis=0),
}


@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS)
def test_a_lookup_token_by_token_reads_all_rows_at_once(lookup):
    def loss(E, V, tokens):
        h = 0.0
        for token in tokens:
            h = np.tanh(h + lookup(E, token) * lookup(V, token))
        return (h * h).sum()

    eager = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(eager)
    E, V = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 3))  # a table that is wanted, and others that are given
    for _ in range(3):
        tokens = RNG.integers(-7, 7, 6)
        for ours, theirs in zip(compiled(E, V, tokens), eager(E, V, tokens), strict=True):
            for a, b in zip(np.atleast_1d(ours), np.atleast_1d(theirs), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12)
    assert compiled.plans_made == 1
    assert "E[tokens]" in compiled.source
    with pytest.raises(IndexError):
        compiled(E, V, np.full(6, 7))


@pytest.mark.parametrize("columns", [0, slice(1, None), (slice(None), slice(None))])
def test_a_lookup_of_less_than_rows_or_of_too_much_is_none(columns):
    index = columns if isinstance(columns, tuple) else (columns,)

    def loss(E, tokens):
        return sum(np.sum(np.sin(E[token, *index])) for token in tokens)

    eager, E = tg.value_and_grad(loss), RNG.normal(size=(7, 3))
    compiled = tg.compile(eager)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tokens in ([1, 2], [1, 2], [3, 3]):
            if isinstance(columns, tuple):
                with pytest.raises(IndexError):
                    compiled(E, np.array(tokens))
                continue
            for ours, theirs in zip(compiled(E, np.array(tokens)), eager(E, np.array(tokens)), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-12)
            assert "runs eagerly" not in compiled.report()


def test_who_takes_other_numbers_out_of_arrays_in_each_call_is_told_what_to_write():
    table = RNG.normal(size=(7, 3))

    def loss(x, tokens):
        return sum(np.sum(x * table[token]) for token in tokens)

    compiled = tg.compile(tg.value_and_grad(loss), plans=1)
    with pytest.warns(RuntimeWarning, match="by an index\n") as warned:
        results = [compiled(np.ones(3), np.array([k, 0]))[0] for k in range(7)]
    np.testing.assert_allclose(results, table.sum(axis=1) + table[0].sum())
    assert "table[token]" in str(warned[0].message)
    assert "let them stay in arrays: E[tokens]" in str(warned[0].message)


@on_values
def _checked(x, *, most):
    if x.max() > most:
        raise ValueError(f"{x.max()} is more than {most}")
    return x > 0


def test_a_check_of_data_is_made_in_each_call():
    W = tg.parameter(np.ones(3))
    compiled = tg.compile(lambda x: (tg.where(_checked(x, most=9), W, 0.0)).sum())
    assert [compiled(np.array(x)).item() for x in ([1, 2, 3], [1, -2, -3])] == [3.0, 1.0]
    with pytest.raises(ValueError, match="10 is more than 9"):
        compiled(np.array([1, 2, 10]))
    assert compiled.plans_made == 1
    np.testing.assert_array_equal(_checked(W, most=9), [True] * 3)


def test_layers_and_parts_of_a_state_run_in_the_loop_over_time():
    layers = [tg.parameter(RNG.normal(size=(3, 3)), name=f"W_{k}") for k in range(3)]

    def loss(xs, active):
        states = [tg.tensor(np.zeros((2, 3))) for _ in layers]
        total = 0.0
        for x, present in zip(xs, active, strict=True):
            new = []
            for W, h in zip(layers, states, strict=True):
                x = np.tanh(tg.linear(h, W) + x)
                new.append(x)
            states = [tg.where(present, n, h) for n, h in zip(new, states, strict=True)]
            total = total + sum((h * h).sum() for h in states)
        return total

    compiled = tg.compile(loss)
    for _ in range(2):
        xs, active = RNG.normal(size=(6, 2, 3)), RNG.random((6, 2, 1)) < 0.7
        for W in layers:
            W.grad = None
        compiled(xs, active).backward()
        gradients = [W.grad for W in layers]
        for W in layers:
            W.grad = None
        loss(xs, active).backward()
        for gradient, W in zip(gradients, layers, strict=True):
            np.testing.assert_allclose(gradient, W.grad, rtol=1e-10, atol=1e-12)
    assert "op by op" not in compiled.report(), compiled.report()


def test_a_parameter_from_a_pickle_makes_the_same_plan():
    def source(W):
        compiled = tg.compile(lambda x: np.tanh(tg.linear(x, W)).sum())
        compiled(np.ones((2, 3)))
        return compiled.source

    W = tg.parameter(RNG.normal(size=(3, 3)), name="W")
    assert source(pickle.loads(pickle.dumps(W))) == source(W)


class _Model:
    def eval(self):
        return self


def test_a_method_eval_is_no_builtin():
    model = _Model()
    Reach(lambda: model.eval())
    with pytest.raises(tg.compiling.errors.NotCompiled, match="eval in"):
        Reach(lambda: eval("1"))


def test_numbers_that_only_the_recording_drew_are_drawn_again():
    rng = np.random.default_rng(0)

    def noisy(x):
        eval("1")  # what it reaches can be told only after it has run
        return (x * rng.normal()).sum()

    compiled = tg.compile(noisy)
    with pytest.warns(RuntimeWarning):
        values = [compiled(tg.tensor(np.ones(1))).item()]
    values += [compiled(tg.tensor(np.ones(1))).item() for _ in range(2)]
    np.testing.assert_array_equal(values, np.random.default_rng(0).normal(size=3))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_only_a_detached_value_leads_to_gets_no_gradient(backend):
    maker, judge = tg.parameter(RNG.normal(size=3)), tg.parameter(RNG.normal(size=3))

    def made(noise):
        return np.tanh(noise * maker)

    def loss_of_judge(real, noise):
        return (judge * (made(noise).detach() - real)).sum()

    compiled = tg.compile(loss_of_judge, backend=backend)
    for _ in range(3):
        real, noise = RNG.normal(size=(2, 3))
        maker.grad = judge.grad = None
        compiled(real, noise).backward()
        assert maker.grad is None  # a zero would move it: by momentum, by Adam's means, by decay
        np.testing.assert_allclose(judge.grad, made(noise).data - real)
    assert compiled.plans_made == 1


class _Stateful:
    """A layer that goes on from its own last state, and counts; it can be read from a file, too."""

    def __init__(self):
        self.W, self.h, self.calls = tg.parameter(np.eye(2) / 2), np.zeros(2), 0

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            self.h = np.array(file.read().split(), float)

    def __call__(self, xs):
        h = self.h
        for x in xs:
            h = np.tanh(self.W @ h + x)
        self.h, self.calls = h.detach(), self.calls + 1
        return (h * h).sum()


def test_what_a_function_changes_it_changes_once_also_where_other_code_reads_files():
    layer, twin = _Stateful(), _Stateful()
    compiled = tg.compile(lambda xs: layer(xs))
    xs = RNG.normal(size=(3, 4, 2))
    with pytest.warns(RuntimeWarning, match="changes what is outside it"):
        losses = [compiled(x).item() for x in xs]
    assert losses == [twin(x).item() for x in xs]
    assert layer.calls == 3


@pytest.mark.parametrize("attribute", ["grad", "data"])
def test_a_function_that_sets_gradients_or_values_does_so_in_each_call(attribute):
    def program():
        W, scale = tg.parameter(np.ones(3)), tg.parameter(np.ones(3))

        def loss(xs):
            setattr(W if attribute == "grad" else scale, attribute, None if attribute == "grad" else np.full(3, 2.0))
            return (W * scale * xs).sum()

        return W, scale, loss

    (W, scale, loss), (twin, twins_scale, eager) = program(), program()
    compiled = tg.compile(loss)

    def update(xs):
        scale.data, twins_scale.data = xs, xs
        value, expected = compiled(xs), eager(xs)
        value.backward(), expected.backward()
        assert value.item() == expected.item()
        np.testing.assert_array_equal(W.grad, twin.grad)
        np.testing.assert_array_equal(scale.data, twins_scale.data)

    with pytest.warns(RuntimeWarning, match=f"the function sets the .{attribute} of a Tensor\n"):
        update(RNG.normal(size=3))
    update(RNG.normal(size=3))


@pytest.mark.parametrize("passed", [False, True])
def test_what_is_refused_in_training_is_compiled_in_evaluation(passed):
    class Model(rnn.Module):
        def __init__(self):
            self.W, self.dropout, self.calls = tg.parameter(np.ones((3, 3))), rnn.Dropout(0.5, rng=0), 0

        def loss(self, x):
            return (np.tanh(self.dropout(x) @ self.W) ** 2).sum()

    model = Model()
    compiled = tg.compile((lambda model, x: model.loss(x)) if passed else model.loss)
    more = (model,) if passed else ()
    made = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for k, mode in enumerate((model.train, model.eval, model.train, model.eval)):
            mode()
            for x in RNG.normal(size=(3, 2, 3)):
                model.calls += 1
                value = compiled(*more, x).item()
                if k % 2:
                    assert np.isclose(value, model.loss(x).item())
                made.append((compiled.plans_made, sum(map(len, compiled._refused.values()))))
    assert len(warned) == 1
    assert made == [(0, 1)] * 3 + [(1, 1)] * 9


def test_a_refusal_for_a_state_that_changes_in_each_call_is_made_a_few_times():
    rng, counter = np.random.default_rng(0), {"calls": 0}
    compiled = tg.compile(lambda x: x.sum() * rng.random() * counter["calls"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(9):
            counter["calls"] = k
            compiled(np.ones(3))
    assert len(*compiled._refused.values()) == 4


def test_rows_of_a_plain_table_are_taken_by_an_index_that_is_data():
    table, W = RNG.normal(size=(7, 3)), tg.parameter(np.ones(3))

    def loss(index):
        return (np.tanh(tg.take(table, index, axis=0)) * W).sum()

    compiled = tg.compile(loss)
    for _ in range(4):
        index = RNG.integers(-7, 7, (5, 2))
        W.grad = None
        value = compiled(index)
        value.backward()
        gradient, W.grad = W.grad, None
        loss(index).backward()
        np.testing.assert_allclose(gradient, W.grad, rtol=1e-12)
        assert np.isclose(value.item(), loss(index).item())
    assert compiled.plans_made == 1
    with pytest.raises(IndexError):
        compiled(np.full((5, 2), 7))
