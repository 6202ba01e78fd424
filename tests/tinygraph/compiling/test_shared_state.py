"""What a compiled function reads besides its arguments may change between calls: the answer is never a stale one."""

import dataclasses
import sys
import types
import warnings
from collections import defaultdict, deque

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import assert_same

X = np.array([0.5, -0.25, 2.0])
SCALE, TABLE, NESTED = 2.0, np.array([1.0, 2.0, 3.0]), {"a": [np.ones(3), {"b": 1.5}]}


def helper(x):
    return x * SCALE


def other_helper(x):
    return x * SCALE * 10.0


class Config:
    gain = 3.0
    limits = [1.0, 2.0]

    def __init__(self):
        self.power = 2
        self.bias = np.array([1.0, 1.0, 1.0])

    def apply(self, x):
        return self.gain * x**self.power + self.bias

    @property
    def doubled(self):
        return 2 * self.power

    @staticmethod
    def fixed(x):
        return x + SCALE

    def __call__(self, x):
        return x * self.power


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1.0, np.ones(3)


class Derived(dict):
    pass


def setter(owner, name, value):
    return lambda: setattr(owner, name, value)


setter.rate = 2.0


@dataclasses.dataclass
class Settings:
    rate: float = 0.5
    cells: list = dataclasses.field(default_factory=lambda: [1.0, 2.0])


def cases():
    """Return pairs of a function and what changes something that it reads."""
    here = sys.modules[__name__]
    config, slotted, settings, derived = Config(), Slotted(), Settings(), Derived(k=2.0)
    cell, arrays, names = [1.0], [np.ones(3)], {"f": np.sin}
    module = types.ModuleType("made_up")
    module.value, module.inner = 2.0, types.SimpleNamespace(depth=np.ones(3))
    factor = 2.0

    def closure(x):
        return np.sum(x * factor)

    def change_factor():
        nonlocal factor
        factor = 5.0

    def with_default(x, weight=[1.0, 2.0]):
        return np.sum(x * weight[1])

    def nested(x):
        def inner(y):
            return y * settings.rate

        return np.sum(inner(x))

    weights = tg.parameter(np.ones(3))
    holder = types.SimpleNamespace(W=tg.tensor(np.ones(3)), by=defaultdict(float, a=1.0), line=deque([1.0, 2.0]))
    partial_list = [3.0]
    chosen = {1, 2}
    objects = np.array([np.ones(2), 3.0], dtype=object)
    rows = X.copy()
    yield "a global number", lambda x: np.sum(x * SCALE), setter(here, "SCALE", 7.0)
    yield "a number of another type", lambda x: np.sum(x**SCALE), setter(here, "SCALE", 3)
    yield "a global array, in place", lambda x: np.sum(x * TABLE), lambda: TABLE.__setitem__(0, 9.0)
    yield (
        "a zero that changes its sign",
        lambda x: np.sum(np.arctan2(TABLE - TABLE[0], x)),
        lambda: TABLE.__setitem__(1, TABLE[0] - 1),
    )
    yield "a global array, replaced", lambda x: np.sum(x * TABLE), setter(here, "TABLE", np.full(3, 4.0))
    yield "deep in a global dict", lambda x: np.sum(x * NESTED["a"][1]["b"]), lambda: NESTED["a"][1].update(b=8.0)
    yield "an array in a dict", lambda x: np.sum(x * NESTED["a"][0]), lambda: NESTED["a"][0].fill(5.0)
    yield "a helper's global", lambda x: np.sum(helper(x)), setter(here, "SCALE", 11.0)
    yield "a helper, replaced", lambda x: np.sum(helper(x)), setter(here, "helper", other_helper)
    yield "a helper's code", lambda x: np.sum(helper(x)), setter(helper, "__code__", (lambda x: x * 3.5).__code__)
    yield "a closure cell", closure, change_factor
    yield "a default, in place", with_default, lambda: with_default.__defaults__[0].__setitem__(1, 6.0)
    yield "defaults, replaced", with_default, setter(with_default, "__defaults__", ([1.0, 12.0],))
    yield "an attribute", lambda x: np.sum(config.apply(x)), setter(config, "power", 3)
    yield "an attribute's array", lambda x: np.sum(config.apply(x) ** 2), lambda: config.bias.fill(3.0)
    yield "a class attribute", lambda x: np.sum(config.apply(x)), setter(Config, "gain", 0.5)
    yield "a class attribute, in place", lambda x: np.sum(x * Config.limits[0]), lambda: Config.limits.reverse()
    yield "an instance's attribute over the class's", lambda x: np.sum(config.apply(x)), setter(config, "gain", 9.0)
    yield "a method", lambda x: np.sum(config.apply(x)), setter(Config, "apply", lambda self, x: x**4)
    yield "a property's attribute", lambda x: np.sum(x * config.doubled), setter(config, "power", 5)
    yield "a property", lambda x: np.sum(x * config.doubled), setter(Config, "doubled", property(lambda self: 17.0))
    yield "a static method's global", lambda x: np.sum(config.fixed(x) ** 2), setter(here, "SCALE", 1.25)
    yield "an object's call", lambda x: np.sum(config(x)), setter(config, "power", 7)
    yield "a slot", lambda x: np.sum(x * slotted.a), setter(slotted, "a", 4.0)
    yield "a slot's array", lambda x: np.sum(x * slotted.b), lambda: slotted.b.fill(2.5)
    yield "a dataclass", lambda x: np.sum(x * settings.rate), setter(settings, "rate", 0.75)
    yield "a dataclass's list", lambda x: np.sum(x * settings.cells[0]), lambda: settings.cells.insert(0, 8.0)
    yield "a nested function's", nested, setter(settings, "rate", 0.125)
    yield (
        "the class of an object",
        lambda x: np.sum(config.apply(x)),
        setter(config, "__class__", type("Other", (Config,), {"apply": lambda self, x: x})),
    )
    yield "a list's length", lambda x: sum(np.sum(x * c) for c in cell), lambda: cell.append(2.0)
    yield (
        "an array in a list, replaced",
        lambda x: np.sum(x * arrays[0]),
        lambda: arrays.__setitem__(0, np.full(3, 2.0)),
    )
    yield "a function in a dict", lambda x: np.sum(names["f"](x)), lambda: names.update(f=np.cos)
    yield "a dict of one's own class", lambda x: np.sum(x * derived["k"]), lambda: derived.update(k=3.0)
    yield "a module's value", lambda x: np.sum(x * module.value), setter(module, "value", 6.0)
    yield "an object in a module", lambda x: np.sum(x * module.inner.depth), lambda: module.inner.depth.fill(4.0)
    yield "a parameter's data", lambda x: np.sum(x * holder.W), setter(holder.W, "data", np.full(3, 2.0))
    yield "a Tensor, replaced", lambda x: np.sum(x * holder.W), setter(holder, "W", tg.tensor(np.full(3, 8.0)))
    yield "a constant's gradient", lambda x: np.sum(x * holder.W), setter(holder.W, "requires_grad", True)
    yield "an attribute of a function that never runs", lambda x: np.sum(x * setter.rate), setter(setter, "rate", 4.0)
    yield (
        "what a module did not have",
        lambda x: np.sum(x * (module.late if hasattr(module, "late") else 1.0)),
        setter(module, "late", 2.0),
    )
    yield (
        "a module's value by its name",
        lambda x: np.sum(x * getattr(module, "l" + "ate", 1.0)),
        setter(module, "late", 3),
    )
    yield "a default dict", lambda x: np.sum(x * holder.by["a"]), lambda: holder.by.update(a=2.0)
    yield "a deque", lambda x: np.sum(x * holder.line[0]), lambda: holder.line.rotate()
    yield "what a partial holds", lambda x: np.sum(x * partial_list[0]), lambda: partial_list.__setitem__(0, 1.0)
    yield "a set", lambda x: np.sum(x * max(chosen)), lambda: chosen.add(9)
    yield "an array of objects", lambda x: np.sum(x * objects[1]), lambda: objects.__setitem__(1, 4.0)
    yield "a view's base", lambda x, view=rows[::-1]: np.sum(x * view), lambda: rows.__setitem__(0, 6.0)
    yield "a parameter that is read", lambda x: np.sum(x * weights.detach()), setter(weights, "data", np.full(3, 2.0))


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    here, code, table = sys.modules[__name__], helper.__code__, TABLE.copy()
    nested = {"a": [np.ones(3), {"b": 1.5}]}
    for name in ("SCALE", "TABLE", "helper"):
        monkeypatch.setattr(here, name, getattr(here, name))
    for name in ("gain", "limits", "apply", "doubled"):
        monkeypatch.setattr(Config, name, vars(Config)[name])
    yield
    helper.__code__, TABLE[:], setter.rate = code, table, 2.0
    NESTED.clear()
    NESTED.update(nested)
    Config.limits[:] = [1.0, 2.0]


NAMES = [name for name, _, _ in cases()]


@pytest.mark.parametrize("name", NAMES)
def test_a_change_shows_in_the_next_call(name):
    _, function, change = next(case for case in cases() if case[0] == name)
    eager = tg.value_and_grad(function)
    compiled = tg.compile(eager)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            assert_same(compiled(X), eager(X))
        assert "runs eagerly" not in compiled.report()
        change()
        for _ in range(3):
            assert_same(compiled(X), eager(X))
