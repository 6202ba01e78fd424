"""The command line, run as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
import numpy as np, tinygraph as tg
w = tg.parameter([0.5, 0.25])
h = tg.tensor([1.0, 2.0])
for t in range(3):
    h = np.tanh(w * h)
loss = h.sum()
print("arguments", sys.argv[1:])
loss.backward()
print("after the backward pass")
"""


def run(*arguments, cwd, stdin="", module="viz.cli"):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SCRIPT)
    return path


def test_draw_writes_the_graph_of_the_first_backward_pass(script, tmp_path):
    done = run("draw", "-o", "g.svg", script, "7", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arguments ['7']\nwrote g.svg\n"
    assert ElementTree.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


def test_a_script_written_with_grad_is_drawn_too(tmp_path):
    (tmp_path / "f.py").write_text("import numpy as np, tinygraph as tg\ntg.grad(lambda x: np.sin(x) * x)(1.0)\n")
    done = run("draw", "f.py", "-o", "f.dot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "multiply" in (tmp_path / "f.dot").read_text()


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("print('nothing')\n", 2, "without a backward pass"),
        ("1 / 0\n", 1, "ZeroDivisionError"),
        ("import sys\nsys.exit(7)\n", 7, ""),
        ("try:\n    raise ValueError\nexcept Exception:\n    pass\n", 2, "without a backward pass"),
    ],
)
def test_scripts_without_a_backward_pass(tmp_path, text, status, words):
    (tmp_path / "s.py").write_text(text)
    done = run("draw", "s.py", cwd=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert "runpy" not in done.stderr


def test_a_missing_script_is_named(tmp_path):
    done = run("draw", "absent.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "absent.py: there is no such script" in done.stderr


def test_an_output_that_cannot_be_written_leaves_the_old_file_whole(script, tmp_path):
    missing = run("draw", script, "-o", tmp_path / "no" / "g.svg", cwd=tmp_path)
    assert missing.returncode == 1
    assert "g.svg" in missing.stderr
    old = tmp_path / "g.txt"
    old.write_text("old")
    unknown = run("draw", script, "-o", old, cwd=tmp_path)
    assert unknown.returncode != 0
    assert old.read_text() == "old"


def test_debug_stops_at_the_first_backward_pass(script, tmp_path):
    done = run("debug", script, cwd=tmp_path, stdin="n\nq\n")
    assert done.returncode == 0, done.stderr
    assert "v̄" in done.stdout
    assert done.stdout.index("(tinygraph) q") < done.stdout.index("after the backward pass")


def test_abort_ends_the_script_too(script, tmp_path):
    done = run("debug", script, cwd=tmp_path, stdin="abort\n")
    assert done.returncode == 1
    assert "after the backward pass" not in done.stdout


def test_debug_answers_in_json_lines_and_nothing_else(script, tmp_path):
    done = run("debug", "--json", script, cwd=tmp_path, stdin="next\nquit\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) >= 2
    assert "arguments" in done.stderr


def test_debug_opens_a_saved_trace_without_the_program(script, tmp_path):
    text = SCRIPT.replace("loss.backward()", "tg.trace(loss).save('run.trace')")
    (tmp_path / "saver.py").write_text(text)
    subprocess.run([sys.executable, "saver.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    (tmp_path / "saver.py").unlink()
    done = run("debug", "run.trace", cwd=tmp_path, stdin="n\nl\nq\n")
    assert done.returncode == 0, done.stderr
    assert "h = np.tanh(w * h)" in done.stdout


def test_a_trace_that_is_none_is_named(tmp_path):
    (tmp_path / "bad.trace").write_bytes(b"nothing of the kind")
    done = run("debug", "bad.trace", cwd=tmp_path)
    assert done.returncode == 1
    assert "bad.trace" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_command_the_commands_are_listed(tmp_path):
    done = run(cwd=tmp_path)
    assert done.returncode == 2
    assert "demo" in done.stderr


def test_python_m_tinygraph_is_the_command_too(tmp_path):
    done = run("draw", "absent.py", cwd=tmp_path, module="tinygraph")
    assert done.returncode == 2
    assert done.stderr == run("draw", "absent.py", cwd=tmp_path).stderr


def test_the_engine_alone_brings_no_viz_along():
    program = "import sys, tinygraph; sys.exit('viz' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def test_the_installed_command_is_this_one():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"tinygraph": "viz.cli:main"}
