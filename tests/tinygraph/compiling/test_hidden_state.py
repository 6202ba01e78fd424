"""State that no name leads to, in libraries or in objects: it is noticed, or what reads it is refused."""

import abc
import array
import collections
import contextvars
import decimal
import enum
import fractions
import functools
import gc
import inspect
import io
import itertools
import operator
import os
import queue
import random
import sys
import threading
import types
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import X, assert_follows, changing, refused

Y = np.array([1.5, 0.75, -1.0])


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    monkeypatch.setenv("TINYGRAPH_SCALE", "1.0")
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    with decimal.localcontext():
        yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


def of_libraries():
    """Yield functions of x, and what sets the state that they read to a number."""
    third, getenv, D = lambda: float(decimal.Decimal(1) / 3), os.getenv, decimal.Decimal

    def set_precision(number):
        decimal.getcontext().prec = int(number) + 1

    def set_environment(number):
        os.environ["TINYGRAPH_SCALE"] = str(number)

    def imports(x):
        import os as system

        return np.sum(x * float(system.environ["TINYGRAPH_SCALE"]))

    def from_inside(x):
        from gc import get_threshold

        return np.sum(x * get_threshold()[0])

    yield "decimal", lambda x: np.sum(x * third()), set_precision
    yield "decimal by another name", lambda x: np.sum(x * float(D("1.2345") * D("1.0"))), set_precision
    yield "getenv", lambda x: np.sum(x * float(getenv("TINYGRAPH_SCALE"))), set_environment
    yield "environ", imports, set_environment
    yield "gc", from_inside, lambda number: gc.set_threshold(int(700 * number), 10, 10)
    yield "sys", lambda x: np.sum(x * sys.getswitchinterval()), lambda number: sys.setswitchinterval(0.01 * number)
    value = contextvars.ContextVar("value", default=1.0)
    yield "a context variable", lambda x: np.sum(x * value.get()), value.set
    local = threading.local()
    yield "of a thread", lambda x: np.sum(x * local.scale), lambda number: setattr(local, "scale", number)
    waiting = queue.SimpleQueue()
    yield "a queue", lambda x: np.sum(x * waiting.qsize()), waiting.put

    class Base:
        pass

    subclasses = [type("Derived", (Base,), {})]

    def derive(number):
        subclasses.extend(type("Derived", (Base,), {}) for _ in range(int(number)))

    yield "subclasses", lambda x: np.sum(x * len(Base.__subclasses__())), derive
    for kind, name in ((type("Shape", (abc.ABC,), {}), "abc"), (collections.abc.Sized, "collections.abc")):
        shape = type("Square", (), {})()
        yield (
            name,
            lambda x, kind=kind, shape=shape: np.sum(x * (2.0 if isinstance(shape, kind) else 1.0)),
            lambda number, kind=kind, shape=shape: kind.register(type(shape)) if number > 1 else None,
        )
    text = "def scaled(x): return x * SCALE"
    frozen = types.ModuleType("<frozen made up>")
    exec(compile(text, "<frozen made up>", "exec"), vars(frozen))
    yield "a frozen module", lambda x: np.sum(frozen.scaled(x)), lambda number: setattr(frozen, "SCALE", number)
    scale = [1.0]

    def by_threads(x):
        with ThreadPoolExecutor(2) as threads:
            return sum(threads.map(lambda value: np.sum(value * scale[0]), [x, x]))

    yield "of threads", by_threads, lambda number: scale.__setitem__(0, number)


def of_objects():
    """Yield functions of x, and what changes an object that they read."""

    class Private:
        __slots__ = ("__scale",)

        def set_to(self, number):
            self.__scale = number

        def get(self):
            return self.__scale

    class Meta(type):
        scale = 1.0

        @property
        def factor(cls):
            return cls.scale

        def __call__(cls, value):
            return value * Meta.scale

    class Made(metaclass=Meta):
        pass

    class Descriptor:
        scale = 1.0

        def __get__(self, instance, owner=None):
            return self.scale

    class Model:
        scale = 1.0
        described = descriptor = Descriptor()

        def __getattr__(self, name):
            return state[name]

        def __getitem__(self, name):
            return state[name]

        def __contains__(self, name):
            return state["scale"] > 1

        def __bool__(self):
            return state["scale"] > 2

        def __eq__(self, other):
            return state["scale"] > 1

        @functools.cached_property
        def doubled(self):
            return 2 * self.scale

        def multiply(self, factor, x):
            return np.sum(x * factor * self.scale)

        twice = functools.partialmethod(multiply, 2.0)

    class Kind(enum.Enum):
        SLOW, FAST = 1.0, 2.0

    state, private, model, kinds = {"scale": 1.0}, Private(), Model(), {"kind": Kind.SLOW}
    cached, attribute = functools.cache(lambda: state["scale"]), operator.attrgetter("scale")
    reference, weak = weakref.ref(model), weakref.WeakKeyDictionary()

    def generate():
        while True:
            yield state["scale"]

    def to(owner):
        return lambda number: setattr(owner, "scale", number)

    def forget(number):
        model.scale = number
        vars(model).pop("doubled", None)

    def update(number):
        state.update(scale=number)

    generator, counter, chained = generate(), collections.Counter(), collections.ChainMap({}, state)
    yield "a slot of a private name", lambda x: np.sum(x * private.get()), private.set_to
    yield "a metaclass's property", lambda x: np.sum(x * Made.factor), to(Meta)
    yield "a metaclass's call", lambda x: np.sum(Made(x)), to(Meta)
    yield "a descriptor", lambda x: np.sum(x * model.described), to(Model.__dict__["descriptor"])
    yield "__getattr__", lambda x: np.sum(x * model.missing), lambda number: state.update(missing=number)
    yield "__getitem__", lambda x: np.sum(x * model["scale"]), update
    yield "__contains__", lambda x: np.sum(x * (2.0 if "scale" in model else 1.0)), update
    yield "__bool__", lambda x: np.sum(x * (2.0 if model else 1.0)), update
    yield "__eq__", lambda x: np.sum(x * (2.0 if model == 1 else 1.0)), update
    yield "a cached property", lambda x: np.sum(x * model.doubled), forget
    yield "a partial method", lambda x: model.twice(x), to(model)
    yield "a member of an enum", lambda x: np.sum(x * kinds["kind"].value), lambda n: kinds.update(kind=Kind(min(n, 2)))
    yield "a cached function", lambda x: np.sum(x * cached()), update
    yield "an attribute getter", lambda x: np.sum(x * attribute(model)), to(model)
    yield "a weak reference", lambda x: np.sum(x * reference().scale), to(model)
    yield "a weak dict", lambda x: np.sum(x * weak["scale"]) if "scale" in weak else np.sum(x), lambda number: None
    yield "a generator", lambda x: np.sum(x * next(generator)), update
    yield "a counter", lambda x: np.sum(x * counter["a"]), lambda number: counter.update(a=int(number))
    yield "a chain of dicts", lambda x: np.sum(x * chained["scale"]), update
    yield "a fraction", lambda x: np.sum(x * float(state["scale"])), lambda n: update(fractions.Fraction(int(n), 3))
    cycle = itertools.cycle([1.0, 2.0])
    yield "an iterator", lambda x: np.sum(x * next(cycle)), lambda number: None
    buffer = bytearray(1)
    yield "bytes", lambda x: np.sum(x * buffer[0]), lambda number: buffer.__setitem__(0, int(number))


def of_modules():
    """Yield functions of x that read an attribute of a module whose name is in none of their code."""
    scale, settings = operator.attrgetter("scale"), types.ModuleType("settings")
    settings.scale = 1.0

    def to(number):
        settings.scale = number

    def matched(x):
        match settings:
            case types.ModuleType(scale=number):
                return np.sum(x * number)

    class Lazy(types.ModuleType):
        scale = property(lambda self: 5.0)

    def become(number):
        settings.__class__ = Lazy if number > 1 else types.ModuleType

    def of_parameter(module):
        return vars(module)["".join(("sca", "le"))]

    yield "a module's, by a getter", lambda x: np.sum(x * scale(settings)), to
    yield "a module's, by getattr", lambda x, read=getattr: np.sum(x * read(settings, "".join(("sca", "le")))), to
    yield "a module's, by inspect", lambda x: np.sum(x * inspect.getattr_static(settings, "".join(("sca", "le")))), to
    yield "a module's, by its format", lambda x: np.sum(x * float("{.scale}".format(settings))), to  # noqa: UP032
    yield "a module's, by vars", lambda x: np.sum(x * of_parameter(settings)), to
    yield "a module's, by a match", matched, to
    yield "a module's, from a dict", lambda x, of={"it": settings}: np.sum(x * scale(of["it"])), to
    yield "a module's, of a partial function", functools.partial(lambda it, x: np.sum(x * scale(it)), settings), to
    yield "a module of another class", lambda x: np.sum(x * settings.scale), become


def of_kinds():
    """Yield functions of x that read objects of unusual classes, and what changes these."""

    class Meta(type):
        scale = 1.0

    class Model(metaclass=Meta):
        __settings__ = {"scale": 1.0}

    class Aliased:
        __slots__ = ("_scale",)

    class Public(dict):
        def items(self):
            return [(key, value) for key, value in super().items() if not key.startswith("_")]

        def __iter__(self):
            return iter([key for key, _ in self.items()])

        def values(self):
            return [value for _, value in self.items()]

        def __len__(self):
            return len(self.items())

    class AttributeDict(dict):
        __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__

    class Own(types.ModuleType):
        scale = 1.0

    def unused(scale=1.0):
        pass

    def to(owner, name="scale"):
        return lambda number: setattr(owner, name, number)

    def base(kind, *arguments):
        return type("Derived", (kind,), {})(*arguments)

    Aliased.rate = Aliased._scale
    aliased, module, hiding, attributes = Aliased(), Own("own"), Public(_scale=1.0), AttributeDict(scale=1.0)
    aliased.rate = 1.0
    partial, static, random_numbers = functools.partial(max, 1.0), staticmethod(max), base(random.Random)
    partial.scale = static.scale = random_numbers.scale = 1.0
    times, error, octets = functools.partial(np.multiply, 1.0), base(ValueError, 1.0), base(bytearray, b"\1")
    numbers, text, held = base(array.array, "d", [1.0]), base(io.StringIO, "1.0"), base(types.SimpleNamespace)
    first, second = base(object), base(object)
    first.scale = second.scale = 1.0
    reference, held.scale = type("Reference", (weakref.ref,), {})(first), 1.0
    names = {Model.__name__: 1.0, "M1.0": 1.0, "M2.0": 2.0, "M3.0": 3.0}

    def write(number):
        text.seek(0)
        text.write(str(number))

    def either(one, other):
        return (one or other).__dict__["".join(("sca", "le"))]

    yield "a metaclass's attribute", lambda x: np.sum(x * Model.scale), to(Meta)
    yield (
        "a dunder of a class",
        lambda x: np.sum(x * Model.__settings__["scale"]),
        (lambda number: Model.__settings__.update(scale=number)),
    )
    yield (
        "a class's name",
        lambda x: np.sum(x * names[Model.__name__]),
        (lambda number: setattr(Model, "__name__", f"M{number}")),
    )
    yield "a slot of another name", lambda x: np.sum(x * aliased.rate), to(aliased, "rate")
    yield "a dict that hides items", lambda x: np.sum(x * hiding["_scale"]), lambda n: hiding.update(_scale=n)
    yield "a dict of attributes", lambda x: np.sum(x * attributes.scale), to(attributes)
    yield "a partial function's attribute", lambda x: np.sum(x * partial.scale), to(partial)
    yield "a partial function", lambda x: np.sum(times(x)), lambda n: times.__setstate__((np.multiply, (n,), {}, {}))
    yield "a static method's attribute", lambda x: np.sum(x * static.scale), to(static)
    yield "a generator's attribute", lambda x: np.sum(x * random_numbers.scale), to(random_numbers)
    yield "a class of modules", lambda x: np.sum(x * module.scale), to(Own)
    yield (
        "a function's defaults",
        lambda x: np.sum(x * unused.__defaults__[0]),
        (lambda number: setattr(unused, "__defaults__", (number,))),
    )
    yield (
        "a function's signature",
        lambda x: np.sum(x * inspect.signature(unused).parameters["scale"].default),
        (lambda number: setattr(unused, "__defaults__", (number,))),
    )
    yield "an exception", lambda x: np.sum(x * error.args[0]), lambda number: setattr(error, "args", (number,))
    yield "bytes of a class", lambda x: np.sum(x * octets[0]), lambda number: octets.__setitem__(0, int(number))
    yield "an array of a class", lambda x: np.sum(x * numbers[0]), lambda number: numbers.__setitem__(0, number)
    yield "a text of a class", lambda x: np.sum(x * float(text.getvalue())), write
    yield "a reference of a class", lambda x: np.sum(x * reference().scale), to(first)
    yield "a namespace of a class", lambda x: np.sum(x * held.scale), to(held)
    yield "the __dict__ of either", lambda x: np.sum(x * either(first, second)), to(first)


def cases():
    yield from of_libraries()
    yield from of_objects()
    yield from of_modules()
    yield from of_kinds()


@pytest.mark.parametrize("name", [name for name, _, _ in cases()])
def test_what_no_name_leads_to_is_noticed_or_refused(name):
    def program():
        _, function, set_to = next(case for case in cases() if case[0] == name)
        return function, changing(set_to)

    assert_follows(program)


def by_identity():
    """Yield functions of x and an array that ask which array that is, and arrays."""
    special, other, base, same = Y.copy(), Y.copy(), np.tile(Y, 3), id
    known = {id(special)}
    overlapping = [(base[:3], base[3:6]), (base[:3], base[3:6]), (base[:3], base[2:5])]
    strided = np.repeat(Y, 2)[::2]
    whole = Y.copy()
    yield lambda x, a: np.sum(x * a) * (2.0 if id(a) in known else 1.0), [(other,), (other,), (special,)]
    yield lambda x, a: np.sum(x * a) * (2.0 if same(a) in known else 1.0), [(other,), (other,), (special,)]
    yield lambda x, a: np.sum(x * a) * (2.0 if operator.is_(a, special) else 1.0), [(other,), (other,), (special,)]
    yield lambda x, a, b: np.sum(x * a) * (2.0 if np.shares_memory(a, b) else 1.0), overlapping
    yield lambda x, a: np.sum(x * a) * getattr(a, "strides", (8,))[0], [(whole,), (whole,), (strided,)]
    yield lambda x, a: np.sum(x * a) * (2.0 if a.flags.writeable else 1.0), [(whole,), (np.broadcast_to(Y, 3),)]


@pytest.mark.parametrize("number", range(6))
def test_which_array_an_argument_is_is_a_question(number):
    def program():
        function, arrays = list(by_identity())[number]
        return function, [lambda more=more: (X, *more) for more in arrays]

    assert_follows(program)


def test_a_refusal_of_what_a_library_holds_names_it():
    assert "getswitchinterval" in refused(tg.grad(lambda x: np.sum(x * sys.getswitchinterval())), X)
    assert "id in " in refused(tg.grad(lambda x: np.sum(x * (id(x) > 0))), X)


def test_what_gives_the_same_for_the_same_arguments_is_no_state():
    largest, total = sys.float_info.max, functools.reduce(operator.add, [1.0, 2.0])
    compiled = tg.compile(
        tg.grad(lambda x: np.sum(x * total / largest * sys.maxsize) + sum(itertools.accumulate([1.0, total])))
    )
    compiled(X)
    assert "runs eagerly" not in compiled.report()
