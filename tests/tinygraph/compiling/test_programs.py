"""Every program of tests/programs, and every model of rnn, compiled: as functions of their parameters, on new ones."""

import warnings
from importlib import import_module

import numpy as np
import pytest

import tinygraph as tg
from tests.programs import ALL
from tests.programs.healthy import OUTSIDERS, loss_of
from tests.rnn.test_fold_models import MODELS
from tests.tinygraph.compiling.backends import WITH_NUMBA
from tests.tinygraph.compiling.campaign import close
from tinygraph.backward.pytree import flatten
from tinygraph.recording.creation import parameters as known_parameters

LENGTH = 6
STEADY = {name: model for name, model in MODELS.items() if "dropping" not in name}  # dropout is refused
MAINS = {name: import_module(f"tests.programs.outsiders.{name}").main for name in OUTSIDERS}
STAYING = set(known_parameters)  # of cells and programs that made them when they were imported


def outputs_of(model):
    return lambda: model(np.random.default_rng(0).normal(size=(LENGTH, 3)))


def makes_its_parameters(run):
    return not any(node.tensor in STAYING for node in tg.graph(loss_of(run())).parameters)


ALL_RUNS = {
    **{f"programs {name}": lambda program=program: program(LENGTH) for name, program in ALL.items()},
    **{f"outsiders {name}": main for name, main in MAINS.items()},
    **{f"rnn {name}": outputs_of(model) for name, model in STEADY.items()},
}
RUNS = {name: run for name, run in ALL_RUNS.items() if makes_its_parameters(run)}
MODELS_THAT_STAY = {
    **{f"rnn {name}": model for name, model in STEADY.items() if f"rnn {name}" not in RUNS},
    **{
        f"outsiders {name}": lambda xs, main=main: main()
        for name, main in MAINS.items()
        if f"outsiders {name}" not in RUNS
    },
}


def both(names):
    """Each name with NumPy, and each model of rnn with numba too."""
    with_numpy = [pytest.param(name, "numpy", id=name) for name in names]
    models = [name for name in names if name.startswith("rnn")]
    return with_numpy + [pytest.param(name, "numba", id=f"{name}, numba", marks=WITH_NUMBA) for name in models]


def of_parameters(run):
    """Return a program as a function of the parameters that it makes, and what they are."""
    made = []
    parameter, tensor = tg.parameter, tg.tensor

    def noting(data, **options):
        made.append(np.array(data, float))
        return tensor(data, **options)

    def instead(make):
        tg.parameter = lambda data, name=None: make(data, name=name, requires_grad=True)
        tg.tensor = lambda data, **options: (make if options.get("requires_grad") else tensor)(data, **options)
        try:
            return run()
        finally:
            tg.parameter, tg.tensor = parameter, tensor

    instead(noting)

    def function(*parameters):
        rest = iter(parameters)
        return loss_of(instead(lambda data, **options: next(rest)))

    return function, made


@pytest.mark.parametrize(("name", "backend"), both(RUNS))
def test_a_compiled_program_gives_what_it_gives_eagerly(name, backend):
    state = np.random.get_state()  # noqa: NPY002 - some programs set it
    try:
        function, values = of_parameters(RUNS[name])
        function(*values)
    except Exception as error:  # it makes them when it is imported
        pytest.skip(f"its parameters are no arguments: {error}")
    if not values:
        pytest.skip("no parameters")
    eager = tg.value_and_grad(function, tuple(range(len(values))))
    compiled = tg.compile(eager, backend=backend)
    rng = np.random.default_rng(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(4):
                value, gradients = eager(*values)
                ours, our_gradients = compiled(*values)
                floor = 1e-12 * max(float(np.max(np.abs(x), initial=0.0)) for x in (value, *gradients))
                for a, b in zip([ours, *our_gradients], [value, *gradients], strict=True):
                    assert close(a, b, floor), compiled.report()
                values = [x * (1 + 0.2 * rng.uniform(-1, 1, x.shape)) for x in values]
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert compiled.report()


@pytest.mark.parametrize(("name", "backend"), both(MODELS_THAT_STAY))
def test_a_compiled_model_leaves_the_gradients_that_it_leaves_eagerly(name, backend):
    model, rng = MODELS_THAT_STAY[name], np.random.default_rng(0)

    def loss(xs):
        return sum(np.mean((y - 0.3) ** 2) for y in flatten(model(xs)))

    compiled = tg.compile(loss, backend=backend)
    for _ in range(3):
        xs = rng.normal(size=(LENGTH, 3))
        value, gradients, parameters = pulled(loss(xs))
        again, ours, _ = pulled(compiled(xs), parameters)
        floor = 1e-12 * max(float(np.max(np.abs(x), initial=0.0)) for x in (value, *gradients))
        for a, b in zip([again, *ours], [value, *gradients], strict=True):
            assert close(a, b, floor), compiled.report()
        for parameter in parameters:
            parameter.data = parameter.data * (1 + 0.2 * rng.uniform(-1, 1, parameter.shape))
    assert name.startswith("outsiders") or "runs eagerly" not in compiled.report()


def pulled(loss, parameters=None):
    """Return the value of a loss, and the gradients of the parameters that lead to it and stay from call to call."""
    if parameters is None:
        there = [node.tensor for node in tg.graph(loss).parameters]
        parameters = [tensor for tensor in there if tensor in STAYING]
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    return loss.data, [np.zeros(p.shape) if p.grad is None else p.grad for p in parameters], parameters
