"""All that dir(np.ndarray) has: a Tensor has it too, or says what to write."""

import copy
import pickle

import numpy as np
import pytest

import tinygraph as tg

X = np.random.default_rng(0).permutation(12).reshape(3, 4) + 0.5
PRIVATE = {  # of NumPy's C code, of copying and of protocols that share memory: to have them would say what is not so
    "__array_finalize__", "__array_interface__", "__array_namespace__", "__array_struct__", "__array_wrap__",
    "__buffer__", "__class_getitem__", "__complex__", "__delitem__", "__dlpack__",
    "__array_priority__", "__dlpack_device__", "__setstate__",
}  # fmt: skip
IN_PLACE = {  # Python makes a = a + b of a += b
    f"__i{name}__"
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
        *("and", "or", "xor", "lshift", "rshift"),
    )
}


PUBLIC = {name for name in dir(np.ndarray) if not name.startswith("_") or name.startswith("__")}


@pytest.mark.parametrize("name", sorted(PUBLIC - PRIVATE - IN_PLACE - set(dir(object))))
def test_everything_of_an_ndarray_is_there_or_says_what_to_write(name):
    p = tg.parameter(X)
    if hasattr(p, name):
        return
    with pytest.raises(AttributeError, match=rf"a Tensor has no attribute '{name}'; write (t\.|np\.|tg\.)"):
        getattr(p, name)


@pytest.mark.parametrize("name", sorted(PRIVATE))
def test_protocols_see_that_they_are_not_there(name):
    assert not hasattr(tg.parameter(X), name)


def test_attributes_are_those_of_the_value():
    p = tg.parameter(X)
    for name in ("itemsize", "nbytes", "device"):
        if hasattr(X, name):
            assert getattr(p, name) == getattr(X, name)


def test_flat_is_read_by_number_slice_and_in_a_loop():
    p = tg.parameter(X)
    assert [y.item() for y in p.flat] == list(X.flat)
    assert len(p.flat) == 12
    np.testing.assert_array_equal(p.flat[2:5].data, X.flat[2:5])
    (p.flat[5] * 3).backward()
    assert p.grad[1, 1] == 3.0
    with pytest.raises(TypeError, match="not written in place"):
        p.flat[0] = 1.0


def test_item_is_read_by_number():
    p = tg.parameter(X)
    assert p.item(5) == p.item(1, 1) == X[1, 1]
    assert type(p.sum().item()) is float


def test_choose():
    which = tg.tensor([0, 2, 1])
    p = tg.parameter([10.0, 20.0, 30.0])
    y = which.choose([p, 2 * p, [7.0, 8.0, 9.0]])
    np.testing.assert_array_equal(y.data, [10.0, 8.0, 60.0])
    y.sum().backward()
    np.testing.assert_array_equal(p.grad, [1.0, 0.0, 2.0])
    assert which.choose([p, p, p], mode="wrap").shape == (3,)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("view", r"t\.reshape\(shape\) for another shape, t\.astype\(dtype\)"),
        ("strides", r"t\.data\.strides"),
        ("flags", r"t\.data\.flags"),
        ("tobytes", r"t\.numpy\(\)\.tobytes"),
        ("byteswap", r"t\.numpy\(\)\.byteswap"),
        ("square", r"np\.square\(t\)"),
        ("det", r"np\.linalg\.det\(t\)"),
        ("relu", r"tg\.relu\(t\)"),
        ("softmax", r"tg\.softmax\(t\)"),
        ("unsqueeze", r"np\.expand_dims\(t, axis\)"),
    ],
)
def test_the_advice_names_what_stands_for_it(name, advice):
    p = tg.parameter(X)
    assert not hasattr(p, name)
    with pytest.raises(AttributeError, match=advice):
        getattr(p, name)


def test_only_what_is_there_is_listed():
    p = tg.parameter(X)
    assert {"sum", "grad", "at"} <= set(dir(p))
    assert not [name for name in dir(p) if not name.startswith("_") and not hasattr(p, name)]


def test_what_nobody_has_is_a_plain_attribute_error():
    with pytest.raises(AttributeError, match=r"'Tensor' object has no attribute 'shap'$") as caught:
        _ = tg.parameter(X).shap
    assert caught.value.name == "shap"  # so that Python suggests the nearest


def test_bits_are_plain_answers():
    a, b = np.array([1, 2, 7]), np.array([3, 0, 1])
    s, t = tg.tensor(a), tg.tensor(b)
    for ours, theirs in ((s & t, a & b), (s | b, a | b), (a ^ t, a ^ b), (~s, ~a), (s << t, a << b), (a >> t, a >> b)):
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, theirs)
    mask = tg.tensor(np.array([True, False]))
    np.testing.assert_array_equal(~mask, [False, True])
    assert np.bitwise_or.reduce(s) == 7
    with pytest.raises(TypeError, match=r"bitwise_and.*not supported for the input types"):
        tg.parameter(X) & 1


def test_copies_of_an_argument_of_a_differentiated_function_are_recorded():
    def f(x, twin):
        y = twin(x)
        y *= 2.0  # the copy alone
        return np.sum(y * x)

    for twin in (copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x, x])[1]):
        np.testing.assert_array_equal(tg.grad(lambda x, twin=twin: f(x, twin))(X), 4 * X)
        second = tg.grad(lambda x, twin=twin: np.sum(tg.grad(lambda x: f(x, twin))(x) ** 2))
        np.testing.assert_array_equal(second(X), 32 * X)
    with pytest.raises(TypeError, match="pickled, it would cut the graph in silence") as caught:
        tg.grad(lambda x: pickle.loads(pickle.dumps(x)).sum())(X)
    assert __file__ in str(caught.value)


def test_parameters_that_a_differentiated_function_finds_outside_are_copied_as_leaves():
    p = tg.parameter(X)

    def f(x):
        assert copy.deepcopy(p).op is None
        return np.sum(x)

    tg.grad(f)(X)


def test_a_shape_is_not_assigned():
    p = tg.parameter(X) * 2
    with pytest.raises(TypeError, match=r"write t = t\.reshape\(\(4, 3\)\)") as caught:
        p.shape = (4, 3)
    assert __file__ in str(caught.value)


def test_copies_and_pickles_are_as_before():
    p = tg.parameter(X, name="p")
    for twin in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        np.testing.assert_array_equal(twin.data, X)
        assert twin.requires_grad and twin.op is None and twin.name == "p"
    assert not np.shares_memory(copy.deepcopy(p).data, p.data)
