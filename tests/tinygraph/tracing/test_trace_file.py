"""Trace files: they give the same bits back, and a bad one gives a clear error, whatever is in it."""

import json
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tests.tools.processes import run_python
from tinygraph.diagnosing.lag_matrix import lag
from tinygraph.tracing.packing import Packer, decode, encode, unpack


def network(dtype=float):
    rng = np.random.default_rng(0)
    W = tg.tensor(rng.normal(size=(3, 3)), requires_grad=True, name="W", dtype=dtype)
    V = tg.tensor(rng.normal(size=(4, 3)), requires_grad=True, name="V", dtype=dtype)
    X = tg.tensor(rng.normal(size=(5, 3)), requires_grad=True, name="X", dtype=dtype)
    h = tg.tensor(np.zeros(3), dtype=dtype)
    loss = 0.0
    for t in range(5):
        with tg.scope("cell"):
            h = np.tanh(W @ h + 0.5 * X[t, ::-1])
        loss = loss + tg.softmax_cross_entropy(V @ h, np.array(t % 4))
    return loss


def assert_same(trace, other):
    assert len(trace) == len(other)
    for a, b in zip(trace, other, strict=True):
        assert (a.node.index, str(a.node.op), a.node.name) == (b.node.index, str(b.node.op), b.node.name)
        assert (a.node.timestep, a.node.scope, a.node.expression) == (b.node.timestep, b.node.scope, b.node.expression)
        assert a.adjoint.tobytes() == b.adjoint.tobytes()
        for mine, its in zip((*a.contributions, *a.after), (*b.contributions, *b.after), strict=True):
            assert (mine is None) == (its is None)
            assert mine is None or (mine.tobytes(), mine.dtype, mine.shape) == (its.tobytes(), its.dtype, its.shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loaded_trace_is_bitwise_the_saved_one(tmp_path, dtype):
    trace = tg.trace(network(dtype))
    trace.save(tmp_path / "run.trace")
    loaded = tg.load_trace(tmp_path / "run.trace")
    assert_same(trace, loaded)
    for k in range(len(trace)):
        assert trace.formulas(k) == loaded.formulas(k)
    for name in ("W", "V", "X"):
        assert trace.gradient(name).tobytes() == loaded.gradient(name).tobytes()
        assert loaded.contributions(name).exact
    assert loaded.graph.timesteps == trace.graph.timesteps
    loaded.save(tmp_path / "again.trace")
    assert_same(loaded, tg.load_trace(tmp_path / "again.trace"))


def test_every_kind_of_argument_comes_back(tmp_path):
    x = tg.parameter(np.arange(24.0).reshape(4, 3, 2), name="x")
    y = np.concatenate([x[[0, 2, 2]], x[np.array([True, False, True, False])]], axis=0)
    z = np.transpose(y, (1, 0, 2))[..., None, 1:, ::-1] / 3
    loss = np.sum(np.mean(np.stack([z, z * 2]), axis=(1, 2))) + np.sum(x.astype("float32"))
    trace = tg.trace(loss)
    trace.save(tmp_path / "x.trace")
    assert_same(trace, tg.load_trace(tmp_path / "x.trace"))


def test_an_op_of_the_program_shows_its_contributions_without_the_program(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        "import numpy as np, tinygraph as tg\n"
        "cube = tg.op(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x * x, name='cube')\n"
        "x = tg.parameter([1.0, 2.0], name='x')\n"
        "y = cube(x)\n"
        f"tg.trace(np.sum(y)).save({str(tmp_path / 'cube.trace')!r})\n"
    )
    ran = run_python(script)
    assert ran.returncode == 0, ran.stderr
    script.unlink()  # another machine
    loaded = tg.load_trace(tmp_path / "cube.trace")
    step = loaded[1]
    assert step.node.op == "cube"
    assert step.contributions[0].tolist() == [3, 12]
    assert str(loaded.formulas(1)[0]) == "x̄ = ȳ · 3 ⊙ x ⊙ x"
    assert loaded.contributions("x").exact
    assert "y = cube(x)" in loaded.source_lines(step.node.source.filename).values()


def test_stored_contributions_are_not_given_for_another_adjoint(tmp_path):
    """The lag matrix splits the pass by losses: it needs rules, and says so where they are missing."""
    squash = tg.op(lambda x: np.tanh(x), vjp=lambda g, y, x: g * (1 - y * y), name="squash_of_a_file")
    w, h, loss = tg.parameter([2.0], name="w"), tg.tensor([1.0]), 0.0
    for t in (1, 2, 3):
        with tg.timestep(t):
            h = squash(w * h)
            loss = loss + np.sum(h)
    trace = tg.trace(loss)
    trace.save(tmp_path / "s.trace")
    loaded = tg.load_trace(tmp_path / "s.trace")
    assert_same(trace, loaded)
    assert loaded.verify() == []
    assert trace.verify() == []
    with pytest.raises(ValueError, match="only its recorded contributions are known"):
        lag(loaded, "h")
    assert lag(trace, "h").norms.shape == (3, 3)


def test_a_leaf_replaced_between_two_uses_keeps_both_values(tmp_path):
    p, x = tg.parameter([2.0], name="p"), tg.parameter([3.0], name="x")
    y = p * x
    p.data = [10.0]
    trace = tg.trace(np.sum(y * p))
    trace.save(tmp_path / "p.trace")
    assert_same(trace, tg.load_trace(tmp_path / "p.trace"))


def test_writing_is_whole_or_not_at_all(tmp_path):
    target = tmp_path / "run.trace"
    target.write_bytes(b"before")
    trace = tg.trace(network())
    trace.graph.nodes[3].attributes = {"odd": object()}
    with pytest.raises(TypeError, match="static argument of type object"):
        trace.save(target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["run.trace"]
    with pytest.raises(OSError, match="No such file"):
        tg.trace(network()).save(tmp_path / "missing" / "run.trace")


def test_files_that_are_no_traces(tmp_path):
    path = tmp_path / "file"
    for content in (b"", b"hello", b"PK\x03\x04", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(tg.TraceFileError, match="no trace file"):
            tg.load_trace(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(tg.TraceFileError, match=r"it holds other\.txt"):
        tg.load_trace(path)
    with pytest.raises(FileNotFoundError):
        tg.load_trace(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("traces") / "run.trace"
    tg.trace(network()).save(path)
    with zipfile.ZipFile(path) as archive:
        return path.read_bytes(), json.loads(archive.read("trace.json")), archive.read("arrays.bin")


def written(path, header, block):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trace.json", json.dumps(header))
        archive.writestr("arrays.bin", block)
    return path


def test_newer_versions_and_other_formats_are_told(tmp_path, parts):
    _, header, block = parts
    with pytest.raises(tg.TraceFileError, match="newer tinygraph"):
        tg.load_trace(written(tmp_path / "a", {**header, "version": 99}, block))
    with pytest.raises(tg.TraceFileError, match="its version is 'x'"):
        tg.load_trace(written(tmp_path / "b", {**header, "version": "x"}, block))
    with pytest.raises(tg.TraceFileError, match="header says otherwise"):
        tg.load_trace(written(tmp_path / "c", {"format": "other"}, block))


def test_a_bomb_is_not_unpacked(tmp_path, parts):
    _, header, _ = parts
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trace.json", json.dumps(header))
        archive.writestr("arrays.bin", bytes(20_000_000))
    with pytest.raises(tg.TraceFileError, match="would unpack to"):
        tg.load_trace(tmp_path / "bomb")
    huge = {**header, "arrays": [["<f8", [1, 1], 0, "C", [2**39, 2**39], False], *header["arrays"][1:]]}
    with pytest.raises(tg.TraceFileError, match="would have"):
        tg.load_trace(written(tmp_path / "huge", huge, parts[2]))
    objects = {**header, "arrays": [["|O", [1], 0, "C", [1], False], *header["arrays"][1:]]}
    with pytest.raises(tg.TraceFileError, match="no number"):
        tg.load_trace(written(tmp_path / "objects", objects, parts[2]))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("arrays", [True, 1]),  # equal to a form that was checked, and of another type
        ("arrays", [2.0, 2]),
        ("data", None),
        ("data", True),
        ("inputs", [0]),
    ],
)
def test_what_equals_something_checked_is_checked_too(tmp_path, parts, part, change):
    header = json.loads(json.dumps(parts[1]))
    if part == "arrays":
        shape = [int(n) for n in change]
        header["arrays"] += [["<f8", shape, 0, "C", shape, False], ["<f8", shape, 0, "C", change, False]]
    else:
        leaf = next(row for row in header["nodes"] if row["kind"] == "input")
        leaf[part] = change
    with pytest.raises(tg.TraceFileError, match="damaged"):
        tg.load_trace(written(tmp_path / "f", header, parts[2]))


def test_a_file_with_its_arrays_far_apart_opens(tmp_path, parts):
    """As older versions wrote them, and in an order of bytes that no machine of today has."""
    content, header, block = parts
    (tmp_path / "now").write_bytes(content)
    spread, apart = [], b""
    for number, (kind, *entry) in enumerate(header["arrays"]):
        view = np.asarray(unpack(header["arrays"], block)[number])
        stored = view[tuple(slice(0, 1) if n != m else slice(None) for n, m in zip(view.shape, entry[0], strict=True))]
        kind = np.dtype(kind).newbyteorder(">").str if number % 2 else kind
        spread.append([kind, entry[0], len(apart), *entry[2:]])
        data = np.array(stored, kind, order=entry[2]).tobytes(order=entry[2])
        apart += data + bytes(-len(data) % 64)
    other = tg.load_trace(written(tmp_path / "then", {**header, "arrays": spread}, apart))
    assert_same(tg.load_trace(tmp_path / "now"), other)
    assert other.nbytes > 0


def assert_opens_or_is_refused(path):
    """Every file either opens, and can be looked at, or gives the one documented error."""
    try:
        trace = tg.load_trace(path)
    except tg.TraceFileError:
        return
    for k in range(min(len(trace), 12)):
        with suppress(ValueError):  # of values that do not fit their op: told with the node
            assert trace[k].index == k
            assert all(formula.text for formula in trace.formulas(k))


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(data=st.data())
@FUZZ
def test_fuzz_damaged_bytes(tmp_path, parts, data):
    content = bytearray(parts[0])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    (tmp_path / "f").write_bytes(content if data.draw(st.booleans()) else content[:cut])
    assert_opens_or_is_refused(tmp_path / "f")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.slow
@given(data=st.data())
@FUZZ
def test_fuzz_hostile_headers(tmp_path, parts, data):
    header = json.loads(json.dumps(parts[1]))
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = header, data.draw(st.sampled_from(sorted(header)))
        for _ in range(data.draw(st.integers(0, 4))):
            inner = place[key]
            if isinstance(inner, dict) and inner:
                place, key = inner, data.draw(st.sampled_from(sorted(inner)))
            elif isinstance(inner, list) and inner:
                place, key = inner, data.draw(st.integers(0, len(inner) - 1))
        place[key] = data.draw(JSON | st.integers(-3, 70) | st.sampled_from(["tanh", "matmul", "<f4", "|b1", "op"]))
    block = parts[2] if data.draw(st.booleans()) else parts[2][: data.draw(st.integers(0, len(parts[2])))]
    assert_opens_or_is_refused(written(tmp_path / "f", header, block))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.just(Ellipsis)
        | st.text(max_size=4)
        | st.slices(9),
        lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    )
)
def test_static_arguments_come_back(value):
    packer = Packer()
    assert decode(json.loads(json.dumps(encode(value, packer))), []) == value


@given(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.sampled_from(["<f8", "<f4", "|b1", "<i8", "<c16"]))
def test_arrays_come_back_with_their_layout(rows, columns, transposed, dtype):
    array = np.arange(rows * columns).reshape(rows, columns).astype(dtype)
    array = array.T if transposed else array
    repeated = np.broadcast_to(np.asarray(2.5, dtype if dtype != "|b1" else float), (rows, columns))
    packer = Packer()
    numbers = [packer.add(x) for x in (array, repeated, array, np.float32(3))]
    assert numbers[0] == numbers[2]
    unpacked = unpack(json.loads(json.dumps(packer.entries)), b"".join(packer.chunks))
    np.testing.assert_array_equal(unpacked[numbers[0]], array)
    assert unpacked[numbers[0]].flags.c_contiguous == array.flags.c_contiguous
    np.testing.assert_array_equal(unpacked[numbers[1]], repeated)
    assert type(unpacked[numbers[3]]) is np.float32
