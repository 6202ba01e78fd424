"""Compiled functions on disk: what another process compiled is loaded; whatever lies there, numbers are right."""

import errno
import hashlib
import json
import os
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import llvmlite
import numba
from llvmlite import binding
from llvmlite.binding import FeatureMap
from numba.core import config

from tests.tinygraph.compiling.backends import compiled_by_numba
from tinygraph.compiling.llvm import cache, numeric

pytestmark = pytest.mark.slow

FLOATS = [(np.dtype(float), 1, "C", writes) for writes in (False, True)]


def loop(function="exp"):
    return f"def loop(x, y):\n    for i in range(len(x)):\n        y[i] = {function}(x[i])\n    return True\n"


def compilations(text=None):
    """Return how many functions are compiled where a loop is needed that this process does not know."""
    numeric.kernels.clear()
    with compiled_by_numba() as names:
        run = numeric.kernel(text or loop(), np.dtype(float), FLOATS, {})
    x, y = np.linspace(-2, 2, 7), np.empty(7)
    assert run(x, y)
    np.testing.assert_allclose(y, {"exp": np.exp, "tanh": np.tanh}["exp" if text is None else "tanh"](x), rtol=1e-14)
    return len(names)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory for compiled functions."""
    use(tmp_path / "numba", monkeypatch)
    return tmp_path / "numba" / "tinygraph"


def use(path, monkeypatch):
    monkeypatch.setenv("TINYGRAPH_CACHE", "1")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(path))
    monkeypatch.setattr(config, "CACHE_DIR", str(path))


def only_file(place):
    (path,) = place.iterdir()
    return path


def test_what_was_compiled_is_loaded(place):
    assert compilations() == 1 and compilations() == 0
    assert (only_file(place).stat().st_mode, place.stat().st_mode) == (0o100600, 0o040700)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:5] + b"?" + content[6:],
        lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
        lambda content: signed(pickle.dumps("something else")),
        lambda content: signed(pickle.dumps(([], ()))),
        lambda content: signed(b"no pickle"),
        lambda content: signed(pickle.dumps((["no_such_function"], pickle.loads(content[32:])[1]))),
    ],
    ids=["empty", "head", "truncated", "longer", "digest", "corrupt", "object", "nothing", "text", "missing"],
)
def test_what_is_spoiled_is_compiled_again(place, spoil):
    compilations()
    path = only_file(place)
    path.write_bytes(spoil(path.read_bytes()))
    assert compilations() == 1 and compilations() == 0


def signed(content):
    return hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (numba, "__version__", "0.1"),
        (llvmlite, "__version__", "0.1"),
        (np, "__version__", "0.1"),
        (sys, "version", "2.7"),
        (config, "OPT", 1),
        (cache, "_SOURCES", ("blas",)),
        (binding, "get_host_cpu_name", lambda: "z80"),
        (binding, "get_host_cpu_features", lambda: FeatureMap({"mmx": True})),
    ],
)
def test_other_versions_have_files_of_their_own(place, monkeypatch, owner, name, value):
    compilations()
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, value)
        forget_surroundings()
        path = cache.Disk("name")._path(numba.njit(loop).targetctx)
    forget_surroundings()
    assert path != cache.Disk("name")._path(numba.njit(loop).targetctx)


def forget_surroundings():
    cache.sources.cache_clear()
    cache._surroundings.cache_clear()


def test_files_are_known_by_the_sources_of_the_whole_room():
    room = {file.stem for file in Path(cache.__file__).parent.glob("*.py")}
    assert set(cache._SOURCES) == room - {"__init__", "cache"}


def test_files_are_known_by_the_sources_that_were_imported(place):
    """Whatever is installed before the first function is compiled."""
    program = """
import inspect
import numba
from tinygraph.compiling.llvm import cache, numeric
{}
print(cache.Disk("name")._path(numba.njit(lambda: 0).targetctx).name)
"""
    names = [
        subprocess.run([sys.executable, "-c", program.format(text)], check=True, stdout=subprocess.PIPE).stdout
        for text in ("", "inspect.getsource = lambda module: 'that of another version'")
    ]
    assert names[0] == names[1] and names[0].endswith(b".compiled\n")


def test_another_function_has_a_file_of_its_own(place):
    assert compilations() == 1 and compilations(loop("tanh")) == 1 and compilations() == 0
    assert len(list(place.iterdir())) == 2


def test_where_nothing_can_be_written_functions_are_compiled(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no directory")
    use(tmp_path / "file", monkeypatch)
    assert compilations() == 1 and compilations() == 1


def test_what_cannot_be_read_is_compiled_again(place):
    compilations()
    path = only_file(place)
    path.unlink()
    path.mkdir()
    assert compilations() == 1 and compilations() == 1
    assert only_file(place) == path


def test_where_the_disk_is_full_nothing_is_left(place, monkeypatch):
    def full(*paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert compilations() == 1 and compilations() == 1
    assert list(place.iterdir()) == []


def test_what_can_only_be_read_is_read(place, monkeypatch):
    def refused(*paths, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    compilations()
    for name in ("utime", "replace", "mkdir"):
        monkeypatch.setattr(os, name, refused)
    assert compilations() == 0 and compilations(loop("tanh")) == 1


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the directory is the user's alone")
def test_what_others_can_write_is_not_read(place, monkeypatch):
    compilations()
    path = only_file(place)
    for what in (path, place):
        mode = what.stat().st_mode
        for others in (0o002, 0o020):
            what.chmod(mode | others)
            before = path.stat()
            assert compilations() == 1
            what.chmod(mode)
        assert what is path or path.stat().st_mtime_ns == before.st_mtime_ns  # nor is anything written beside it
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    before = path.stat()
    assert compilations() == 1
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_it_can_be_turned_off(place, monkeypatch):
    compilations()
    monkeypatch.setenv("TINYGRAPH_CACHE", "0")
    assert compilations() == 1 and compilations(loop("tanh")) == 1
    assert only_file(place)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other variables elsewhere")
def test_it_is_in_the_users_cache_and_never_where_the_program_runs(tmp_path, monkeypatch):
    use("", monkeypatch)
    monkeypatch.chdir(tmp_path)
    for home in ("", "here"):
        monkeypatch.setenv("XDG_CACHE_HOME", home)
        assert compilations() == 1
    use("here", monkeypatch)
    assert compilations() == 1
    assert list(tmp_path.iterdir()) == []
    use("", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compilations()
    assert only_file(tmp_path / "tinygraph")


@pytest.mark.parametrize(("limit", "most"), [("_FILES", 3), ("_BYTES", 35)])
def test_what_was_used_least_recently_goes(tmp_path, monkeypatch, limit, most):
    monkeypatch.setattr(cache, limit, most)
    for k in range(3):
        path = tmp_path / f"{k}.compiled"
        path.write_bytes(b"ten bytes.")
        os.utime(path, (k, k))
    (tmp_path / "another").touch()
    os.utime(tmp_path / "0.compiled")
    cache._write(tmp_path / "3.compiled", b"")  # a digest: 32 bytes
    left = {path.name for path in tmp_path.iterdir()} - {"another"}
    assert left == ({"3.compiled", "0.compiled", "2.compiled"} if limit == "_FILES" else {"3.compiled"})
    assert (tmp_path / "another").exists()


PROGRAM = """
import json, sys
import numpy as np, tinygraph as tg
from tests.tinygraph.compiling import test_cache as own
from tests.benchmarks.programs import CELLS, make

with own.compiled_by_numba() as compilations:
    loss = tg.value_and_grad(CELLS["Elman"], (2, 3, 4, 5, 6))
    arrays = make("Elman", *json.loads(sys.argv[1]))
    run = tg.compile(loss, backend="numba")
    run(*arrays)
    (value, gradients), (expected, theirs) = run(*arrays), loss(*arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for ours, other in zip(gradients, theirs):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-5)
    assert "compiled by numba: 2 of 2 loops" in run.report()
    names = []
    for text in sys.argv[2:]:
        run = own.numeric.kernel(own.loop(text), np.dtype(float), own.FLOATS, {})
        x, y = np.linspace(-2, 2, 7), np.empty(7)
        run(x, y)
        np.testing.assert_allclose(y, getattr(np, text)(x), rtol=1e-14)
        names += [compiled.fndesc.mangled_name for compiled in run.overloads.values()]
    assert len(set(names)) == len(sys.argv[2:])
    text = "def loop(x, y):\\n    y[0] = np.dot(x, x)\\n    return True\\n"
    run = own.numeric.kernel(text, np.dtype(float), own.FLOATS, {})
    run(x, y)
    np.testing.assert_allclose(y[0], x @ x)
print(len(compilations))
"""


def start(*arguments):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)


def finished(process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output)


def test_processes_load_what_others_compiled(place):
    """Two at once compile the same; a third, of other sizes, compiles only what is new, by other names."""
    both = [start("[5, 1, 4, 6, 3]", "exp") for _ in range(2)]
    assert sum(finished(process) for process in both) >= 3  # where one is late it loads what the other has written
    assert len(list(place.iterdir())) == 3
    assert finished(start("[7, 3, 2, 5, 4]", "exp", "sign", "tanh")) == 2
    assert finished(start("[7, 3, 2, 5, 4]", "tanh", "exp")) == 0


def test_these_tests_leave_the_users_own_cache_alone():
    assert os.environ["TINYGRAPH_CACHE"] == "0" and import_module("tinygraph.compiling.llvm.cache")._directory() is None
