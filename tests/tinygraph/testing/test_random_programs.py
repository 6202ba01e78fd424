"""Random programs give the values and gradients that PyTorch gives.

``TINYGRAPH_PROGRAMS=10000 pytest tests/tinygraph/testing/test_random_programs.py`` tries as many.
"""

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.graphs.graph import graph
from tinygraph.testing import check_gradients, programs, sketch
from tinygraph.testing.strategies import ops

torch = pytest.importorskip("torch")
from tests.tools import torch_peer  # noqa: E402 - stands on torch

PROGRAMS = int(os.environ.get("TINYGRAPH_PROGRAMS", "300"))
SHARED = [op for op in ops() if op.name in torch_peer.PEERS or op.name in torch_peer.SEQUENCES]
many = settings(max_examples=PROGRAMS, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@many
@given(program=programs(ops=SHARED), seed=st.integers(0, 2**32 - 1))
def test_values_and_gradients_are_those_of_torch(program, seed):
    rng = np.random.default_rng(seed)
    ours = [tg.parameter(x) for x in program.inputs]
    theirs = [torch.tensor(x, requires_grad=True) for x in program.inputs]
    outputs, expected = program(*ours), torch_peer.run(program, theirs)
    adjoints = [rng.uniform(-1.5, 1.5, y.shape) for y in outputs]
    for y, reference in zip(outputs, expected, strict=True):
        agree(y.data, reference.detach().numpy(), 1e-9, outputs)
    for y, u in zip(outputs, adjoints, strict=True):
        if y.requires_grad:
            y.backward(u)
    pairs = [(y, torch.tensor(u)) for y, u in zip(expected, adjoints, strict=True) if y.requires_grad]
    torch.autograd.backward([y for y, _ in pairs], [u for _, u in pairs])
    for x, reference in zip(ours, theirs, strict=True):
        got = np.zeros(x.shape) if x.grad is None else x.grad
        wanted = np.zeros(x.shape) if reference.grad is None else reference.grad.numpy()
        agree(got, wanted, 1e-8, outputs)


def agree(got, wanted, rtol, outputs):
    assert got.shape == wanted.shape
    scale = 1 + np.max(np.abs(wanted), initial=0.0)
    if not (np.abs(got - wanted) <= rtol * scale).all():
        pytest.fail(f"tinygraph gives\n{got}\ntorch gives\n{wanted}\n{sketch(graph(*outputs))}")


@pytest.mark.slow
@settings(max_examples=max(60, PROGRAMS // 20), suppress_health_check=list(HealthCheck))
@given(program=programs(max_lines=5))
def test_programs_over_the_whole_registry_have_right_gradients(program):
    check_gradients(program, *program.inputs, order=1)


@pytest.mark.slow
@settings(max_examples=max(60, PROGRAMS // 20), suppress_health_check=list(HealthCheck))
@given(program=programs(max_lines=3))
def test_programs_have_right_second_derivatives(program):
    check_gradients(program, *program.inputs, order=2, rtol=1e-6)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_nothing_is_wrong_in_the_graph_of_a_program(program):
    assert tg.verify(graph(*program(*map(tg.parameter, program.inputs)))) == []


@pytest.mark.slow
def test_programs_are_varied():
    used = Counter()

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(program=programs())
    def look(program):
        used.update(line.op.name for line in program.instructions)

    look()
    assert len(used) > 0.6 * len({op.name for op in ops()})


def test_a_program_prints_as_source_that_runs():
    x = np.array([1.0, 2.0])
    program = programs_example()
    space = {"np": np, **{line.op.name: line.op for line in program.instructions}}
    exec(program.source, space)
    np.testing.assert_array_equal(space["program"](x)[0], program(x)[0])


def programs_example():
    from tinygraph.testing import Program
    from tinygraph.testing.random_programs import Instruction

    return Program(
        [np.array([1.0, 2.0])],
        [Instruction(tg.tanh, (0,), {}), Instruction(tg.sum, (1,), {"axis": 0, "keepdims": True})],
    )
