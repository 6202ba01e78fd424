"""Where and when ops ran, in a trace file: time read as from the program, and files that say impossible things."""

from __future__ import annotations

import json
import zipfile
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygraph as tg
import viz
from tests import programs
from tests.programs import ALL, Cell, data
from tests.tools.folds import assert_unrolls, described
from tinygraph.tracing.packing import Packer, unpack


def told(T):
    cell = Cell()

    def step(epoch, t, h):
        with tg.iteration("epoch", epoch), tg.iteration("scan", t):
            return cell(h, data(T)[t])

    total = 0.0
    for epoch in range(2):
        h = np.zeros(2)
        for t in range(T):
            h = step(epoch, t, h)
        total = total + h.sum()
    return total


def labelled(T):
    cell, h, g = Cell(), np.zeros(2), np.zeros(2)
    for t in range(T):
        with tg.timestep(10 * t):
            h = cell(h, np.ones(2))
    for t in reversed(range(T)):
        with tg.timestep(10 * t):
            g = cell(g, np.ones(2))
    with tg.timestep(-3):
        g = np.tanh(g)
    return (g + h).sum()


def of_an_op_of_its_own(T):
    squash = tg.op(lambda x: np.tanh(x), vjp=lambda g, y, x: g * (1 - y * y), name="squash_in_time")
    W, h = tg.parameter(np.eye(2)), np.ones(2)
    for _ in range(T):
        h = squash(W @ h)
    return h.sum()


PROGRAMS = {**ALL, "told": told, "labelled": labelled, "of_an_op_of_its_own": of_an_op_of_its_own}


def time_of(graph: tg.Graph) -> tuple:
    timeline = graph.timeline
    numbers = {run: k for k, run in enumerate(dict.fromkeys(timeline.runs))}
    about = [run and (str(run.loop), run.first, run.last, run.backward) for run in numbers]
    return timeline.timesteps, timeline.slots, [numbers[run] for run in timeline.runs], about, timeline.precedes


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_time_of_a_loaded_trace_is_that_of_the_program(program, tmp_path):
    trace = tg.trace(program(4))
    trace.save(tmp_path / "once.trace")
    tg.load_trace(tmp_path / "once.trace").save(tmp_path / "twice.trace")
    for name in ("once.trace", "twice.trace"):
        graph = tg.load_trace(tmp_path / name).graph
        assert time_of(graph) == time_of(trace.graph)
        assert described(assert_unrolls(graph)) == described(tg.fold(trace.graph))
        assert tg.fold(graph).report() == tg.fold(trace.graph).report()
        assert graph.timesteps == trace.graph.timesteps


# -- files ------------------------------------------------------------------------------------------------------------


class TraceFile:
    """A trace file, to be changed and written again."""

    def __init__(self, output: tg.Tensor, path):
        tg.trace(output).save(path)
        with zipfile.ZipFile(path) as archive:
            self.header = json.loads(archive.read("trace.json"))
            self.block = archive.read("arrays.bin")

    @property
    def visits(self) -> dict:
        return self.header["visits"]

    def array(self, key: str) -> np.ndarray:
        return unpack(self.header["arrays"], self.block)[self.visits[key]].astype(np.int64)  # as wide as a file may be

    def put(self, key: str, array: np.ndarray) -> None:
        packer = Packer()
        packer.add(array)
        ((dtype, shape, _, *rest),) = packer.entries
        self.visits[key] = len(self.header["arrays"])
        self.header["arrays"].append([dtype, shape, len(self.block), *rest])
        self.block += b"".join(packer.chunks)

    def load(self, path) -> tg.Trace:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("trace.json", json.dumps(self.header))
            archive.writestr("arrays.bin", self.block)
        return tg.load_trace(path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return TraceFile(programs.epochs(3), tmp_path_factory.mktemp("traces") / "epochs.trace")


@pytest.fixture
def file(saved):
    return deepcopy(saved)


def test_a_file_of_an_old_version_opens_draws_and_steps(file, tmp_path):
    del file.header["visits"]
    trace = file.load(tmp_path / "old.trace")
    assert [node.timestep for node in trace.graph.nodes if node.op == "tanh"] == [1, 2, 3] * 3
    assert [node.timestep for node in trace.graph.nodes if node.op == "sum"] == [None] * 3
    assert [step.index for step in trace] == list(range(len(trace)))
    assert "<svg" in viz.draw(trace).svg()
    assert "does not know its calls" in assert_unrolls(trace.graph).report()
    ops = [node for node in trace.graph.nodes if node.kind == "op"]
    timeline = trace.graph.timeline
    moments = {(timeline.slots[op.index], op.timestep, timeline.runs[op.index]) for op in ops}
    assert len(moments) == len(ops)


def set_loop(k, field, value):
    def change(file):
        file.visits["loops"][k][field] = value

    return change


def set_place(k, field, value):
    def change(file):
        file.visits["places"][k][field] = value

    return change


def set_key(key, value):
    def change(file):
        file.visits[key] = value

    return change


def set_array(key, change_array):
    def change(file):
        array = file.array(key)
        result = change_array(array)
        file.put(key, array if result is None else result)

    return change


HOSTILE = {
    "no visits": lambda file: file.header.update(visits=None),
    "visits a list": lambda file: file.header.update(visits=[]),
    **{f"no {key}": lambda file, key=key: file.visits.pop(key) for key in ("loops", "places", "place", "iterations")},
    **{f"{key} a string": set_key(key, "x") for key in ("loops", "places", "place", "iterations")},
    **{f"{key} nowhere": set_key(key, 10**6) for key in ("place", "iterations")},
    **{f"{key} negative": set_key(key, -1) for key in ("place", "iterations")},
    **{f"{key} a float": set_key(key, 1.0) for key in ("place", "iterations")},
    "a loop around itself": set_loop(0, 0, 0),
    "a loop around a later one": set_loop(0, 0, 1),
    "a loop around none": set_loop(1, 0, None),
    "a loop around -1": set_loop(1, 0, -1),
    "a loop around a string": set_loop(1, 0, "0"),
    "a loop around True": set_loop(1, 0, True),
    "a function that is none": set_loop(0, 1, None),
    "a file that is a number": set_loop(0, 2, 3),
    "a line that is a string": set_loop(0, 3, "3"),
    "a line that is a bool": set_loop(0, 3, True),
    "a loop of three": lambda file: file.visits["loops"][0].pop(),
    "a loop of five": lambda file: file.visits["loops"][0].append(0),
    "a loop that is a string": lambda file: file.visits["loops"].__setitem__(0, "loop"),
    "a place in no loop": set_place(0, 0, []),
    "a place in the inner loop only": set_place(0, 0, [1]),
    "a place in loops the wrong way round": set_place(0, 0, [1, 0]),
    "a place in one loop twice": set_place(0, 0, [0, 0]),
    "a place in an unknown loop": set_place(0, 0, [0, 99]),
    "a place in loop -1": set_place(0, 0, [0, -1]),
    "a place in a string": set_place(0, 0, "01"),
    "an order without iterations": set_place(0, 1, [1, 2, 3]),
    "an order of too many": set_place(0, 1, [None] * 5),
    "an order of floats": set_place(0, 1, [None, None, 1.5]),
    "an order of strings": set_place(0, 1, [None, None, "1"]),
    "an order beyond all numbers": set_place(0, 1, [None, None, 2**63]),
    "an order that is none": set_place(0, 1, None),
    "places too short": set_array("place", lambda array: array[:-1]),
    "places too long": set_array("place", lambda array: np.append(array, 0)),
    "places in rows": set_array("place", lambda array: array[:, None]),
    "places of floats": set_array("place", lambda array: array.astype(float)),
    "places of bools": set_array("place", lambda array: array > 0),
    "place -1": set_array("place", lambda array: array.__setitem__(0, -1)),
    "an unknown place": set_array("place", lambda array: array.__setitem__(0, 10**6)),
    "one place for all": set_array("place", lambda array: array.__imul__(0)),
    "iterations too short": set_array("iterations", lambda array: array[:-1]),
    "iterations too narrow": set_array("iterations", lambda array: array[:, :1]),
    "iterations too wide": set_array("iterations", lambda array: np.pad(array, ((0, 0), (0, 1)), constant_values=-1)),
    "iterations flat": set_array("iterations", lambda array: array.ravel()),
    "iterations of floats": set_array("iterations", lambda array: array.astype(float)),
    "iterations outside of loops": set_array("iterations", lambda array: array.__setitem__(slice(None), 0)),
    "no iterations": set_array("iterations", lambda array: array.__setitem__(slice(None), -1)),
    "iteration -2": set_array("iterations", lambda array: array.__setitem__((0, 0), -2)),
    "the same iteration twice": set_array("iterations", lambda array: array.__setitem__(array >= 0, 0)),
    "iterations without end": set_array("iterations", lambda array: array.__setitem__((0, 0), 2**62)),
    "iterations of which most are empty": set_array("iterations", lambda array: array.__setitem__((0, 1), 10_000)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_says_impossible_things_is_refused(change, file, tmp_path):
    change(file)
    with pytest.raises(tg.TraceFileError):
        file.load(tmp_path / "hostile.trace")


@pytest.mark.parametrize("timestep", ["1", 1.0, True, [1]])
def test_a_time_step_is_an_integer(timestep, file, tmp_path):
    file.header["nodes"][-1]["timestep"] = timestep
    with pytest.raises(tg.TraceFileError, match="a time step is malformed"):
        file.load(tmp_path / "hostile.trace")


def assert_can_be_looked_at(trace: tg.Trace) -> None:
    timeline = trace.graph.timeline
    for of_nodes in (timeline.timesteps, timeline.slots, timeline.runs, timeline.precedes):
        assert len(of_nodes) == len(trace.graph)
    assert assert_unrolls(trace.graph).report()


INTEGERS = st.integers(-2, 12) | st.sampled_from([-(2**63), 2**31, 2**62, 2**63, 2**70])


@pytest.mark.slow
@given(choices=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fuzz_what_opens_can_be_folded(saved, tmp_path, choices):
    file = deepcopy(saved)
    for _ in range(choices.draw(st.integers(1, 3))):
        kind = choices.draw(st.sampled_from(["place", "iterations", "plain", "timestep"]))
        if kind == "timestep":
            choices.draw(st.sampled_from(file.header["nodes"]))["timestep"] = choices.draw(st.none() | INTEGERS)
        elif kind == "plain":
            rows = choices.draw(st.sampled_from([file.visits["loops"], file.visits["places"]]))
            row = choices.draw(st.sampled_from(rows))
            numbers = st.lists(st.none() | INTEGERS, max_size=4)
            row[choices.draw(st.integers(0, len(row) - 1))] = choices.draw(st.none() | INTEGERS | numbers)
        else:
            array = file.array(kind)
            at = choices.draw(st.integers(0, array.size - 1))
            array.flat[at] = choices.draw(INTEGERS.filter(lambda n: abs(n) < 2**63))
            file.put(kind, array)
    try:
        trace = file.load(tmp_path / "fuzzed.trace")
    except tg.TraceFileError:
        return
    assert_can_be_looked_at(trace)
