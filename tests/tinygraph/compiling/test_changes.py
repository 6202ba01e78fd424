"""Whatever a program can ask and change between calls of a compiled function, it gives what it gives eagerly."""

import builtins
import contextlib
import cProfile
import enum
import sys
import types
import warnings

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import X, assert_follows, changing

Y = np.array([1.5, 0.75, -1.0])
TABLE = np.array([3.0, 2.5, -0.5])


# -- a refusal that the program catches -------------------------------------------------------------------------------


def doubled_if_large(look):
    def program():
        return lambda w: look(np.sum(w * w)), [lambda s=s: (X * s,) for s in (0.5, 0.5, 0.5, 5.0, 0.5, 9.0)]

    return program


def catches_all(y):
    try:
        if float(y) > 10:
            y = y * 2
    except Exception:
        pass
    return y


def suppresses(y):
    factor = 1.0
    with contextlib.suppress(Exception):
        factor = 2.0 if y.data > 10 else 1.0
    return y * factor


@pytest.mark.parametrize("look", [catches_all, suppresses])
def test_a_refusal_stands_where_the_program_catches_it(look):
    assert_follows(doubled_if_large(look))


# -- what is like a number and holds more -----------------------------------------------------------------------------


class Rate(float):
    pass


class Word(str):
    pass


class Kind(enum.Enum):
    FAST = 1


@pytest.mark.parametrize(
    "make", [lambda: Rate(0.5), lambda: Word("a"), lambda: Kind.FAST], ids=["float", "str", "enum"]
)
@pytest.mark.parametrize("passed", [False, True])
def test_attributes_of_what_is_like_a_number_are_read(make, passed):
    def program():
        value = make()
        if passed:
            calls = changing(lambda number: setattr(value, "scale", number))
            return lambda x, like: np.sum(x * like.scale), [lambda call=call: (*call(), value) for call in calls]
        return lambda x: np.sum(x * value.scale), changing(lambda number: setattr(value, "scale", number))

    assert_follows(program)


def test_another_number_of_the_same_value_may_have_other_attributes():
    def rate(scale):
        rate = Rate(0.5)
        rate.scale = scale
        return rate

    calls = [lambda scale=scale: (X, rate(scale)) for scale in (1.0, 1.0, 2.0, 3.0)]
    assert_follows(lambda: (lambda x, rate: np.sum(x * rate * rate.scale), calls))


def test_fields_of_a_record_are_read():
    def program():
        record = np.zeros(1, [("scale", float)])[0]
        return lambda x: np.sum(x * record["scale"]), changing(lambda number: record.__setitem__("scale", number))

    assert_follows(program)


def test_the_length_that_a_bound_slot_gives_is_read():
    def program():
        numbers = [0.0]
        size = numbers.__len__
        return lambda x: np.sum(x * size()), changing(lambda n: numbers.__setitem__(slice(None), [0.0] * int(n)))

    assert_follows(program)


@pytest.mark.parametrize("make", [lambda n: range(n, n + 2), lambda n: slice(n, n + 2), lambda n: Word("a" * n)])
def test_arguments_that_live_for_one_call_are_compared_by_what_they_are(make):
    def function(x, part):
        if isinstance(part, str):
            return np.sum(x) * len(part)
        return np.sum(x[part]) if isinstance(part, slice) else sum(np.sum(x[k]) for k in part)

    numbers = np.arange(1.0, 7.0) ** 2
    assert_follows(lambda: (function, [lambda n=n: (numbers, make(n)) for n in (0, 1, 2, 3, 0, 1, 4)]))


def test_ranges_and_slices_of_the_same_numbers_have_one_plan():
    compiled = tg.compile(tg.value_and_grad(lambda x, steps, part: sum(np.sum(x[part] * k) for k in steps)))
    for _ in range(5):
        compiled(np.arange(1.0, 7.0), range(3), slice(1, 4))
    assert compiled.plans_made == 1


# -- keys of dicts ----------------------------------------------------------------------------------------------------


class Equal:
    """All objects of this class are equal."""

    def __init__(self, scale):
        self.scale = scale

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


@pytest.mark.parametrize(
    ("keys", "factor"),
    [
        ((1, 1, True, 1.0, 1), lambda key: 2.0 if key is True else 3.0),
        ((0.0, 0.0, -0.0, 0.0), lambda key: np.copysign(1.0, key)),
        (((1, 0.0), (1, 0.0), (1, -0.0), (1, 0.0)), lambda key: np.copysign(1.0, key[1])),
        (tuple(map(Equal, (1.0, 1.0, 2.0, 3.0))), lambda key: key.scale),
    ],
    ids=["one", "zero", "tuple", "object"],
)
def test_keys_that_are_equal_and_not_the_same(keys, factor):
    def function(tree):
        return sum(np.sum(factor(key) * value) for key, value in tree.items())

    assert_follows(lambda: (function, [lambda key=key: ({key: X},) for key in keys]))


def test_attributes_of_keys_are_read():
    def program():
        key = Equal(1.0)
        calls = changing(lambda number: setattr(key, "scale", number))
        return lambda tree: sum(k.scale * np.sum(v) for k, v in tree.items()), [
            lambda call=call: ({key: call()[0]},) for call in calls
        ]

    assert_follows(program)


# -- names ------------------------------------------------------------------------------------------------------------


def test_names_among_the_builtins_are_read(monkeypatch):
    def set_to(number):
        monkeypatch.setattr(builtins, "SCALE_OF_ALL", number, raising=False)
        monkeypatch.setattr(builtins, "scaled_by_all", lambda x: x * number, raising=False)
        monkeypatch.setattr(builtins, "abs", lambda x: number)

    def program():
        return lambda x: np.sum(scaled_by_all(x) * abs(-1.0) + SCALE_OF_ALL), changing(set_to)  # noqa: F821

    assert_follows(program)


def test_bases_of_a_class_are_read():
    def program():
        bases = [type("Base", (), {"scale": scale}) for scale in (1.0, 2.0)]
        model = type("Model", (bases[0], Equal), {})(0.0)
        del model.scale

        def set_to(number):
            type(model).__bases__ = bases[int(number)], Equal

        return lambda x: np.sum(x * model.scale), changing(set_to, 0, 0, 0, 1, 0, 1)

    assert_follows(program)


@pytest.mark.parametrize("given", [(X, X, TABLE, X, TABLE), (TABLE, TABLE, X, TABLE, X)])
def test_whether_an_argument_is_a_global_array_is_a_question(given):
    def function(w, x):
        return np.sum(w * x) * (2.0 if x is TABLE else 3.0)

    assert_follows(lambda: (function, [lambda x=x: (Y, x) for x in given]))


def test_settings_of_libraries_are_refused():
    def program():
        return lambda x: np.sum(x) * np.get_printoptions()["precision"], changing(
            lambda number: np.set_printoptions(precision=int(number)), 8, 8, 8, 4, 8
        )

    with np.printoptions():
        assert_follows(program)


# -- where code lies --------------------------------------------------------------------------------------------------

FILES = {
    "beside tinygraph": tg.__path__[0] + "_models/cells.py",
    "beside numpy": np.__path__[0] + "_models/cells.py",
    "in a folder scipy": "/projects/scipy/cells.py",
    "in no file": "<string>",
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
@pytest.mark.parametrize("imports", [False, True])
def test_code_is_followed_wherever_it_lies(monkeypatch, file, imports):
    def program():
        module = types.ModuleType("module_of_a_program")
        exec(compile("def scaled(x): return x * SCALE", file, "exec"), vars(module))

        def set_to(number):
            monkeypatch.setitem(sys.modules, module.__name__, module)
            module.SCALE = number

        def function(x):
            import module_of_a_program

            return np.sum(module_of_a_program.scaled(x))

        scaled = module.scaled
        return function if imports else lambda x: np.sum(scaled(x)), changing(set_to)

    assert_follows(program)


@pytest.mark.parametrize("profile", [sys.setprofile, None], ids=["sys", "cProfile"])
def test_code_out_of_sight_is_noticed_under_a_profiler(monkeypatch, profile):
    module = types.ModuleType("module_of_a_program")
    exec(compile("def scaled(x): return x * SCALE", "cells.py", "exec"), vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def function(x):
        import module_of_a_program

        return np.sum(module_of_a_program.scaled(x))

    compiled = tg.compile(tg.value_and_grad(function))
    profiler = cProfile.Profile()
    values = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            sys.setprofile(lambda *event: None) if profile else profiler.enable()
            for module.SCALE in (1.0, 1.0, 2.0, 3.0):
                values.append(compiled(X)[0])
        finally:
            sys.setprofile(None) if profile else profiler.disable()
    assert np.allclose(values, np.array([1.0, 1.0, 2.0, 3.0]) * np.sum(X))


# -- errors -----------------------------------------------------------------------------------------------------------


def test_an_object_that_cannot_be_looked_at_is_left_to_the_function():
    def program():
        store = {"scale": 1.0}
        closed = type("Closed", (), {"__getattribute__": lambda self, name: store[name]})()
        return lambda x: np.sum(x * closed.scale), changing(lambda number: store.update(scale=number))

    assert_follows(program)


def test_a_token_that_is_not_in_the_table_is_said_as_ever():
    def function(table, tokens):
        h = np.zeros(3)
        for token in tokens:
            h = np.tanh(h + table[token])
        return np.sum(h)

    compiled = tg.compile(tg.value_and_grad(function))
    table = np.outer(X, Y)
    for _ in range(3):
        compiled(table, np.array([0, 1, 2]))
    for tokens in ([0, 3, 1], [0, -4, 1]):
        with pytest.raises(IndexError, match="getitem") as raised:
            compiled(table, np.array(tokens))
        assert "table[token]" in str(raised.value)
