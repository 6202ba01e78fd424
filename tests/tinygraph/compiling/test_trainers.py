"""Of objects only those attributes matter that the code which ran reads: however it names them, and no others."""

import copy
import dataclasses
import functools
import json
import operator
import types
import warnings

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling import more_trainers  # noqa: F401 - which adds to the programs
from tests.tinygraph.compiling.comparing import X, assert_follows, changing
from tests.tinygraph.compiling.trainers import PROGRAMS

UPDATES = 20
ALIAS, GETTER, OF_PYTHON = getattr, operator.attrgetter("scale"), types.SimpleNamespace(read=getattr)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_trainer_needs_a_plan_for_each_state_that_its_loss_reads(name):
    make, plans = PROGRAMS[name]
    compiled = []

    def wrap(function):
        compiled.append(tg.compile(function))
        return compiled[-1]

    eager, ours = make(lambda function: function), make(wrap)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if plans and "made_once" not in name else "ignore")
        np.testing.assert_allclose(*([update(k) for k in range(UPDATES)] for update in (ours, eager)), rtol=1e-10)
    assert sum(function.plans_made for function in compiled) == plans


class Part:
    """What a model holds, with a number that functions read in some way, and numbers that none reads."""

    def __init__(self, scale=1.0):
        self.scale, self.updates, self.log = scale, 0, {}

    def __getstate__(self):
        return vars(self)

    def own(self, name):
        return getattr(self, name)

    def whole(self):
        return self.__dict__

    def __iter__(self):
        return iter(vars(self).values())


@dataclasses.dataclass
class Record:
    scale: float = 1.0


class Shape:
    __match_args__ = ("scale",)
    scale = 1.0


class Asked:
    """What NumPy asks for arrays, and for their methods."""

    def __setattr__(self, name, number):
        array = np.full(1, float(number))
        vars(self).update(array=array, __array_interface__=array.__array_interface__, max=array[0].max)


class Loud:
    def __getattribute__(self, name):
        return object.__getattribute__(self, "sca" + "le" if name == "rate" else name)


class Slotted:
    __slots__ = ("__dict__", "scale")
    scale: float


class Named:
    """A descriptor that keeps its value under a name of its own."""

    def __set_name__(self, owner, name):
        self.name = f"_{name}_of"

    def __get__(self, instance, owner=None):
        return getattr(instance, self.name)


class Described:
    rate = Named()


def matched(shape):
    match shape:
        case Shape(scale):
            return scale


def of_names(part):
    total = 0.0
    for name in ("sca" + tail for tail in ("le",)):
        total = total + getattr(part, name)
    return total


def reads():
    """Yield by name how a function reads a number of an object, which kind that is, and the attribute to be set."""
    yield "its name", lambda part: part.scale, Part, "scale"
    yield "getattr", lambda part: getattr(part, "scale", 1.0), Part, "scale"
    yield "getattr of a computed name", lambda part: getattr(part, "sca" + "le"[: len(X)]), Part, "scale"
    yield "getattr of names in a loop", of_names, Part, "scale"
    yield "getattr by another name", lambda part: ALIAS(part, "".join(("sca", "le"))), Part, "scale"
    yield "getattr that an object holds", lambda part: OF_PYTHON.read(part, "".join(("sca", "le"))), Part, "scale"
    yield "a partial getattr", lambda part: functools.partial(getattr, part)("sca" + "le"[: len(X)]), Part, "scale"
    yield "a mapped getattr", lambda part: next(map(getattr, [part], ["sca" + "le"[: len(X)]])), Part, "scale"
    yield "an attribute getter", GETTER, Part, "scale"
    yield "its getter", lambda part: GETTER(part), Part, "scale"
    yield "vars", lambda part: vars(part)["sca" + "le"[: len(X)]], Part, "scale"
    yield "vars of all", lambda part: sum(v for v in vars(part).values() if isinstance(v, float)), Part, "late"
    yield "__dict__", lambda part: part.__dict__["".join(("sca", "le"))], Part, "scale"
    yield "its own getattr", lambda part: part.own("".join(("sca", "le"))), Part, "scale"
    yield "its own __dict__", lambda part: part.whole()["".join(("sca", "le"))], Part, "scale"
    yield "its own iterator", lambda part: next(iter(part)), Part, "scale"
    yield "__getattribute__", lambda part: part.rate, Loud, "scale"
    yield "object's", lambda part: object.__getattribute__(part, "".join(("sca", "le"))), Part, "scale"
    yield "copy", lambda part: sum(v for v in copy.copy(part) if isinstance(v, float)), Part, "late"
    yield "asdict", lambda part: sum(dataclasses.asdict(part).values()), Record, "scale"
    yield "astuple", lambda part: dataclasses.astuple(part)[0], Record, "scale"
    yield "replace", lambda part: hash(dataclasses.replace(part).__eq__(Record(2.0))), Record, "scale"
    yield "json", lambda part: len(json.dumps(vars(part))), Record, "late"
    yield "format", lambda part: float("{.scale}".format(part)), Part, "scale"  # noqa: UP032
    yield "repr", lambda part: len(repr(part)) * 1.0, Record, "scale"
    yield "a field's comparison", lambda part: 2.0 if part == Record(2.0) else 1.0, Record, "scale"
    yield "a match", matched, Shape, "scale"
    yield "a slot", lambda part: getattr(part, "scale", 1.0), Slotted, "scale"
    yield "beside slots", lambda part: getattr(part, "late", 1.0), Slotted, "late"
    yield "a descriptor's name", lambda part: part.rate, Described, "_rate_of"
    yield "hasattr", lambda part: 2.0 if hasattr(part, "late") else 1.0, Part, "late"
    yield "dir", lambda part: float(len(dir(part))), Part, "late"
    yield "NumPy's interface", lambda part: np.sum(np.asarray(part)), Asked, "scale"
    yield "NumPy's methods", np.amax, Asked, "scale"
    yield (
        "a namespace",
        lambda part: 2.0 if part == types.SimpleNamespace(late=2.0) else 1.0,
        types.SimpleNamespace,
        "late",
    )


READS = {name: rest for name, *rest in reads()}


@pytest.mark.parametrize("in_an_object", [False, True])
@pytest.mark.parametrize("name", READS)
def test_a_number_is_read_in_whatever_way(name, in_an_object):
    read, kind, attribute = READS[name]

    def program():
        part = kind()
        if attribute != "late":
            setattr(part, attribute, 1.0)
        owner = types.SimpleNamespace(part=part)

        def late(number):
            if attribute != "late" or number > 1:
                setattr(part, attribute, number)

        if in_an_object:
            return lambda x: np.sum(x * read(owner.part)), changing(late)
        return lambda x: np.sum(x * read(part)), changing(late)

    assert_follows(program)


def caught(part):
    try:
        return part.late
    except AttributeError:
        return 1.0


def changes():
    """Yield by name what a function reads of an object that holds a `Part`, and what changes that."""

    def delete(owner, number):
        if number == 2:
            del owner.part.scale
        elif number == 3:
            owner.part.scale = 3.0

    def become(owner, number):
        owner.part.__class__ = type("Other", (Part,), {"scale": property(lambda self: number)}) if number > 1 else Part

    def swap(owner, number):
        owner.part.__dict__.pop("updates", None)
        if number > 1:
            owner.part.weight = number

    yield "replaced", lambda owner: owner.part.scale, lambda o, number: setattr(o, "part", Part(number))
    yield "late", lambda owner: caught(owner.part), lambda o, n: n > 1 and setattr(o.part, "late", n)
    yield "deleted", lambda owner: getattr(owner.part, "scale", 7.0), delete
    yield "of another class", lambda owner: owner.part.scale, become
    yield "of another dict", lambda o: o.part.scale, lambda o, n: setattr(o.part, "__dict__", {"scale": n})
    yield "of its class", lambda o: o.part.gain, lambda o, n: setattr(type(o.part), "gain", n)
    yield "one more and one less", lambda o: getattr(o.part, "weight", 1.0), swap
    yield "shadowed", lambda o: o.part.own.__name__ and o.part.decay, lambda o, n: setattr(o.part, "decay", n)
    yield "a method of its own", lambda o: o.part.rule(), lambda o, n: setattr(o.part, "rule", lambda: n)
    yield "deep", lambda o: o.part.log["a"], lambda o, n: o.part.log.update(a=n)


@pytest.mark.parametrize("name", [name for name, *_ in changes()])
def test_a_change_of_what_is_read_is_noticed(name):
    def program():
        _, read, change = next(case for case in changes() if case[0] == name)
        kind = type("Own", (Part,), {"decay": 0.5})
        owner = type("Owner", (), {})()
        owner.part = Part() if name == "of another class" else kind()
        return lambda x: np.sum(x * read(owner)), changing(lambda number: change(owner, number))

    assert_follows(program)


def test_what_none_reads_does_not_disturb():
    owner = Part()
    compiled = tg.compile(tg.value_and_grad(lambda x: np.sum(x * owner.scale)))
    for k in range(10):
        owner.updates, owner.log[Part()] = k, k
        setattr(owner, f"late_{k}", k)
        compiled(X)
    assert compiled.plans_made == 1
