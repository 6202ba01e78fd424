"""Scripts that catch everything, or start processes and threads: drawn and debugged as guests."""

import io
import shutil
import subprocess
import sys

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.attacks.campaign import LONG, report
from tests.tools.processes import environment, run_python
from viz.cli import main

pytestmark = pytest.mark.slow

BEGIN = """
import sys, numpy as np, tinygraph as tg
w = tg.parameter([0.5, 0.25])
def run(*unused):
    (w * w).sum().backward()
    return 7
"""


@pytest.fixture
def guest(tmp_path, monkeypatch, capsys):
    """Give a script to the command, in this process; return its status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run_it(text, command="draw", *options, keys="q\n"):
        (tmp_path / "net.py").write_text(BEGIN + text)
        shutil.rmtree("g.dot", ignore_errors=True)
        monkeypatch.setattr(sys, "stdin", io.StringIO(keys))
        arguments = [command, "net.py", *(("-o", "g.dot") if command == "draw" else ()), *options]
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run_it


CATCHING = {
    "Exception": "try:\n    run()\nexcept Exception:\n    print('swallowed')\n",
    "everything, in a loop": "for _ in range(3):\n    try:\n        run()\n    except:\n        print('swallowed')\n",
    "SystemExit": "try:\n    run()\nexcept SystemExit:\n    pass\nprint('goes on')\n",
    "finally": "try:\n    run()\nfinally:\n    print('finally')\n",
    "a context manager": "import contextlib\nwith contextlib.suppress(BaseException):\n    run()\n",
    "a task": "import asyncio\nasync def main():\n    await asyncio.to_thread(run)\nasyncio.run(main())\n",
    "a coroutine": "import asyncio\nasync def main():\n    run()\nasyncio.run(main())\n",
    "a thread": "import threading\nt = threading.Thread(target=run)\nt.start()\nt.join()\n",
    "a pool of threads": "from multiprocessing.pool import ThreadPool\n"
    "with ThreadPool(2) as pool:\n    assert pool.map(run, range(4)) == [7] * 4\n",
    "an executor": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(2) as pool:\n    assert list(pool.map(run, range(4))) == [7] * 4\n",
    "another output": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    run()\n",
}


@pytest.mark.parametrize("text", CATCHING.values(), ids=CATCHING)
def test_whatever_a_script_catches_it_is_drawn(guest, text, tmp_path):
    status, output, errors = guest(text)
    assert (status, errors) == (0, "")
    assert output.count("wrote g.dot") == 1
    assert "digraph" in (tmp_path / "g.dot").read_text()


@pytest.mark.parametrize("text", CATCHING.values(), ids=CATCHING)
@pytest.mark.parametrize("error", [ValueError("ours"), KeyError("ours"), SystemExit("ours"), KeyboardInterrupt("ours")])
def test_an_error_of_ours_is_never_the_script_s(guest, monkeypatch, text, error):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(viz, "draw", fails)
    if isinstance(error, KeyError):  # a fault of ours: with its traceback, not the script's
        with pytest.raises(KeyError, match="ours"):
            guest(text)
        return
    status, output, errors = guest(text)
    assert status == {ValueError: 1, SystemExit: "ours", KeyboardInterrupt: 130}[type(error)]
    assert errors == ("tinygraph: ours\n" if isinstance(error, ValueError) else "")
    assert "wrote" not in output
    if "Exception" in text:
        assert "swallowed" not in output


@pytest.mark.parametrize("text", CATCHING.values(), ids=CATCHING)
def test_whatever_a_script_catches_it_is_debugged(guest, text):
    status, output, errors = guest(text + "print('the end')\n", "debug", keys="n\nq\n")
    assert (status, errors) == (0, "")
    assert output.count("step 1") == output.count("the end") == 1
    status, output, errors = guest(text + "print('the end')\n", "debug", keys="abort\n")
    assert (status, errors) == (1, "")


@pytest.mark.parametrize("command", ["debug", "debug --json", "draw"] if LONG else ["debug"])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing_is_one_line(tmp_path, command, redirection):
    (tmp_path / "net.py").write_text(f"{BEGIN}run()\n")
    shell = f'"$0" -m viz.cli {command} net.py {redirection}'
    settings = {"cwd": tmp_path, "env": environment(), "timeout": 60, "input": "n\n", "text": True}
    ran = subprocess.run(["sh", "-c", shell, sys.executable], stderr=subprocess.PIPE, **settings)
    silent = command == "draw" and redirection == ">&-"
    assert ran.stderr.count("\n") == (0 if silent else 1), ran.stderr
    assert ran.stderr.startswith("" if silent else "tinygraph: ")
    assert (tmp_path / "graph.svg").exists() == (command == "draw")


def test_a_leaf_as_loss_is_one_line(guest):
    status, output, errors = guest("w = tg.parameter(1.0)\nw.backward()\n", "debug")
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "tinygraph: there is nothing to step through: the output is a leaf" in errors
    assert guest("w = tg.parameter(1.0)\nw.backward()\n", "draw")[::2] == (0, "")


def test_a_script_s_own_end_is_its_own(guest):
    assert guest("try:\n    run()\nexcept SystemExit:\n    sys.exit(3)\n")[0] == 3
    assert guest("sys.exit('its words')\n") == (1, "", "its words\n")
    status, _, errors = guest("import asyncio\nraise asyncio.CancelledError\n")
    assert status == 1 and "CancelledError" in errors and "runpy" not in errors
    status, _, errors = guest("def f():\n    raise ValueError('its own')\nf()\n")
    assert status == 1 and "in f" in errors and "tinygraph:" not in errors


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--overlay", "colour"], 2, "invalid choice: 'colour'"),
        (["--view", "both"], 2, "invalid choice: 'both'"),
        (["--timesteps", "x"], 2, "expected time steps as 3:7"),
        (["--timesteps", ""], 2, "expected time steps as 3:7"),
        (["--timesteps", "1:2:3"], 2, "expected time steps as 3:7"),
        (["--fold", "--timesteps", "1"], 1, "fold=True excludes timesteps"),
        (["--fold", "--overlay", "value"], 1, "fold=True excludes"),
        (["-o", "g.txt"], 1, "the known ones are .svg"),
        (["-o", "none/g.svg"], 1, "No such file or directory: none/g.svg"),
        (["-o", "folder.svg"], 1, "Is a directory: folder.svg"),
        (["--width", "3"], 2, "unrecognized arguments"),
    ],
)
def test_options_are_checked_before_the_script_runs(guest, tmp_path, options, status, words):
    (tmp_path / "folder.svg").mkdir()
    ended, output, errors = guest("print('it runs')\nrun()\n", "draw", *options)
    assert (ended, output) == (status, "")
    assert words in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    "options", [["--timesteps", "1"], ["--timesteps", "1,3"], ["--timesteps=:2"], ["--timesteps=1:"]]
)
def test_ranges_that_are_right(guest, options):
    loop = "h = w\nfor t in range(4):\n    h = np.tanh(w * h)\nh.sum().backward()\n"
    assert guest(loop, "draw", *options)[0] == 0


def test_a_trace_is_known_by_what_it_holds(guest, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tg.trace(np.sum(tg.parameter([1.0, 2.0]) * 2)).save("run.py")
    content = (tmp_path / "run.py").read_bytes()
    assert main(["draw", "run.py", "-o", "g.dot"]) == 0
    assert "multiply" in (tmp_path / "g.dot").read_text()
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert main(["debug", "run.py"]) == 0
    for name, bad in {"cut.py": content[: len(content) // 2], "no.trace": b"print('it runs')\n"}.items():
        (tmp_path / name).write_bytes(bad)
        for command in ("draw", "debug"):
            capsys.readouterr()
            assert main([command, name]) == 1
            output, errors = capsys.readouterr()
            assert output == "" and f"{name}: this is no trace file" in errors and errors.count("\n") == 1
    assert main(["debug", "run.py", "an argument"]) == 2


WORKERS = {
    "Pool by fork": "assert multiprocessing.get_context('fork').Pool(2).map(run, range(3)) == [7] * 3",
    "executor by fork": "from concurrent.futures import ProcessPoolExecutor\n"
    "    with ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool:\n"
    "        assert list(pool.map(run, range(3))) == [7] * 3",
    "fork": "import os\n    if not (child := os.fork()):\n        run()\n        sys.exit(5)\n"
    "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5",
    "fork to the end": "import os\n    if not (child := os.fork()):\n        os.environ['CHILD'] = '1'\n"
    "    else:\n        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0",
    "Pool by spawn": "assert multiprocessing.get_context('spawn').Pool(2).map(run, range(3)) == [7] * 3",
    "executor by spawn": "from concurrent.futures import ProcessPoolExecutor\n"
    "    with ProcessPoolExecutor(2, multiprocessing.get_context('spawn')) as pool:\n"
    "        assert list(pool.map(run, range(3))) == [7] * 3",
    "Pool by forkserver": "assert multiprocessing.get_context('forkserver').Pool(2).map(run, range(3)) == [7] * 3",
}
END = "    print('in the parent')\n    import os\n    if 'CHILD' not in os.environ:\n        run()\n"


def with_workers(names):
    lines = "".join(f"    {WORKERS[name]}\n" for name in names)
    return f"{BEGIN}import multiprocessing\nif __name__ == '__main__':\n{lines}{END}"


COMBINATIONS = [[name] for name in WORKERS] if LONG else [list(WORKERS)[:4], ["Pool by spawn"]]


@pytest.mark.parametrize("names", COMBINATIONS, ids=" ".join)
@pytest.mark.parametrize("command", ["draw", "debug"] if LONG else ["draw"])
def test_workers_of_a_script_are_left_alone(tmp_path, names, command):
    (tmp_path / "net.py").write_text(with_workers(names))
    ran = run_python("-m", "viz.cli", command, "net.py", cwd=tmp_path, stdin="n\nq\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("in the parent") == 1 + ("fork to the end" in names)
    assert (tmp_path / "graph.svg").exists() == (command == "draw")
    report("workers of a script", kinds=len(names))


def test_passes_in_workers_alone_are_not_drawn_and_that_is_said(tmp_path):
    (tmp_path / "net.py").write_text(with_workers(["Pool by fork"]).replace("        run()\n", "        pass\n"))
    ran = run_python("-m", "viz.cli", "draw", "net.py", cwd=tmp_path)
    assert ran.returncode == 2
    assert "without a backward pass in its own process" in ran.stderr
    assert ran.stderr.count("\n") == 1
