"""The command line, run as users run it."""

import json
import runpy
import tomllib
from xml.etree import ElementTree

import pytest

from tests.tools.javascript import unpacked
from tests.tools.processes import ROOT, run_python
from viz.cli import main

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
    """Run the command in a process of its own."""
    return run_python("-m", module, *arguments, cwd=cwd, stdin=stdin)


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Run the command in this process, which has imported everything, and return its status and its errors."""
    monkeypatch.chdir(tmp_path)

    def run_here(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # of argparse
            status = end.code
        return status, capsys.readouterr().err

    return run_here


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SCRIPT)
    return path


def test_calls_are_drawn_as_one_node_and_opened(here, tmp_path):
    path = tmp_path / "calls.py"
    path.write_text(
        SCRIPT.replace("w * h)", "step(h))").replace("h = tg.t", "def step(h):\n    return w * h\nh = tg.t")
    )
    for extra, expected in (((), 3), (("--open", "step"), 0)):
        assert here("draw", path, "--view", "calls", *extra, "-o", "calls.svg")[0] == 0
        assert (tmp_path / "calls.svg").read_text().count(">step</text>") == expected
    status, errors = here("draw", path, "--view", "calls", "--open", "leap", "-o", "calls.svg")
    assert status == 1
    assert "there is no call of 'leap'; those there are: 'step'" in errors


def test_draw_writes_the_graph_of_the_first_backward_pass(script, tmp_path):
    done = run("draw", "-o", "g.svg", script, "7", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arguments ['7']\nwrote g.svg\n"
    assert ElementTree.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("-2:", [29, 30]),
        ("2:4", [2, 3]),
        ("1", [1, 30]),
        ("5,7", [5, 7]),
        (":", [*range(1, 31)]),
        (None, [1, 2, 3, 28, 29, 30]),
    ],
)
def test_time_steps_mean_on_the_command_line_what_they_mean_in_python(here, tmp_path, wanted, shown):
    (tmp_path / "long.py").write_text(
        "import numpy as np, tinygraph as tg\n"
        "W, h = tg.parameter(np.eye(2)), np.ones(2)\n"
        "for t in range(30):\n    h = np.tanh(W @ h)\n"
        "h.sum().backward()\n"
    )
    steps = [] if wanted is None else ["--timesteps", wanted]
    assert here("draw", "-o", "g.json", "--view", "variables", "--backward", *steps, "long.py") == (0, "")
    scene = json.loads((tmp_path / "g.json").read_text(encoding="utf-8"))
    assert [column["timestep"] for column in scene["columns"] if "timestep" in column] == shown
    assert [node["detail"] for node in scene["nodes"] if node["kind"] == "gradient"] == ["Σ of 30 terms"]


@pytest.mark.parametrize(("wanted", "shown"), [("1:2", [1]), ("1", [1, 3]), ("2,3", [2, 3]), (":", [1, 2, 3])])
def test_time_steps_of_a_page_are_asked_for_alike(here, script, tmp_path, wanted, shown):
    assert here("export", script, "-o", "p.html", f"--timesteps={wanted}") == (0, "")
    data, _ = unpacked((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert data["timesteps"] == shown
    assert ("window" in data) == (shown != [1, 2, 3])


def test_a_script_written_with_grad_is_drawn_too(here, tmp_path):
    (tmp_path / "f.py").write_text("import numpy as np, tinygraph as tg\ntg.grad(lambda x: np.sin(x) * x)(1.0)\n")
    assert here("draw", "f.py", "-o", "f.dot") == (0, "")
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
def test_scripts_without_a_backward_pass(here, tmp_path, text, status, words):
    (tmp_path / "s.py").write_text(text)
    ended, errors = here("draw", "s.py")
    assert ended == status
    assert words in errors
    assert "runpy" not in errors


def test_a_missing_script_is_named(here):
    status, errors = here("draw", "absent.py")
    assert status == 2
    assert "absent.py: there is no such script" in errors


def test_an_output_that_cannot_be_written_leaves_the_old_file_whole(here, script, tmp_path):
    status, errors = here("draw", script, "-o", tmp_path / "no" / "g.svg")
    assert status == 1
    assert "g.svg" in errors
    old = tmp_path / "g.txt"
    old.write_text("old")
    status, _ = here("draw", script, "-o", old)
    assert status != 0
    assert old.read_text() == "old"


@pytest.mark.slow
def test_debug_stops_at_the_first_backward_pass(script, tmp_path):
    done = run("debug", script, cwd=tmp_path, stdin="n\nq\n")
    assert done.returncode == 0, done.stderr
    assert "v̄" in done.stdout
    assert done.stdout.index("(tinygraph) q") < done.stdout.index("after the backward pass")


@pytest.mark.slow
def test_abort_ends_the_script_too(script, tmp_path):
    done = run("debug", script, cwd=tmp_path, stdin="abort\n")
    assert done.returncode == 1
    assert "after the backward pass" not in done.stdout


@pytest.mark.slow
def test_debug_answers_in_json_lines_and_nothing_else(script, tmp_path):
    done = run("debug", "--json", script, cwd=tmp_path, stdin="next\nquit\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) >= 2
    assert "arguments" in done.stderr


@pytest.mark.slow
def test_debug_opens_a_saved_trace_without_the_program(tmp_path, monkeypatch):
    text = SCRIPT.replace("loss.backward()", "tg.trace(loss).save('run.trace')")
    (tmp_path / "saver.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("saver.py")
    (tmp_path / "saver.py").unlink()
    done = run("debug", "run.trace", cwd=tmp_path, stdin="n\nl\nq\n")
    assert done.returncode == 0, done.stderr
    assert "h = np.tanh(w * h)" in done.stdout


def test_a_trace_that_is_none_is_named(here, tmp_path):
    (tmp_path / "bad.trace").write_bytes(b"nothing of the kind")
    status, errors = here("debug", "bad.trace")
    assert status == 1
    assert "bad.trace" in errors
    assert "Traceback" not in errors


def test_without_a_command_the_commands_are_listed(here):
    status, errors = here()
    assert status == 2
    assert "demo" in errors


@pytest.mark.slow
def test_python_m_tinygraph_is_the_command_too(here, tmp_path):
    done = run("draw", "absent.py", cwd=tmp_path, module="tinygraph")
    assert (done.returncode, done.stderr) == here("draw", "absent.py")


def test_the_engine_alone_brings_no_viz_along():
    assert run_python("-c", "import sys, tinygraph; sys.exit('viz' in sys.modules)").returncode == 0


def test_the_installed_command_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"tinygraph": "viz.cli:main"}


def test_limits_of_colours_are_two_numbers_with_a_colon(here, script, tmp_path):
    for limits, expected in (
        ("1e-3:10", ["0.001", "0.01", "0.1", "1", "10"]),
        ("0.5:1", ["≤ 0.5", "0.59", "0.71", "0.84", "≥ 1"]),
    ):
        assert here("draw", script, "--overlay", "grad_norm", "--limits", limits, "-o", "g.svg")[0] == 0
        marks = [text.text for text in ElementTree.parse(tmp_path / "g.svg").iter() if text.get("class") == "key"]
        assert marks[1:6] == expected
    for limits, message in (
        ("1", "expected two numbers as 1e-6:10, not '1'"),
        ("a:b", "expected two numbers"),
        ("2:1", "the first of limits must be below the second, not 2 and 1"),
        ("0:1", "the scale is logarithmic"),
    ):
        status, errors = here("draw", script, "--overlay", "grad_norm", f"--limits={limits}", "-o", "g.svg")
        assert status in (1, 2)
        assert message in errors


def test_numbers_are_drawn_if_asked_for(here, script, tmp_path):
    assert here("draw", script, "--numbers", "--view", "variables", "-o", "g.svg") == (0, "")
    assert ">1, 2</text>" in (tmp_path / "g.svg").read_text()  # h⁽⁰⁾


def test_plot_writes_the_gradient_by_time_step(here, script, tmp_path):
    assert here("plot", script, "-o", "p.svg") == (0, "")
    texts = {text.text for text in ElementTree.parse(tmp_path / "p.svg").iter()}
    assert "The gradient on its way back through h" in texts
    assert here("plot", script, "--of", "w", "--show", "share", "-o", "p.svg")[0] == 0
    assert "bar" in (tmp_path / "p.svg").read_text()
    for extra, message in (
        (("--of", "q"), "no value called 'q' belongs to a time step; those that do: h"),
        (("--show", "share"), "say which, as in of='W'"),
        (("-o", "p.dot"), "the known ones are .svg"),
    ):
        status, errors = here("plot", script, *extra)
        assert status == 1
        assert message in errors


def test_plots_of_a_script_are_compared_by_limits_of_their_axis(here, script, tmp_path):
    assert here("plot", script, "--limits", "1e-3:10", "-o", "p.svg") == (0, "")
    texts = [text.text for text in ElementTree.parse(tmp_path / "p.svg").iter()]
    assert {"0.001", "10"} <= {*texts}
    assert here("plot", script, "--of", "w", "--show", "share", "--limits", "-1:2", "-o", "p.svg") == (0, "")
    assert {"−1", "2"} <= {text.text for text in ElementTree.parse(tmp_path / "p.svg").iter()}


@pytest.mark.parametrize(
    ("limits", "status", "message"),
    [
        (("--limits", "1"), 2, "argument --limits: expected two numbers as 1e-6:10, not '1'"),
        (("--limits", "2:1"), 1, "the first of limits must be below the second, not 2 and 1"),
        (("--limits", "0:inf"), 1, "limits must be finite, not 0 and inf"),
        (("--limits", "0:1", "--of", "w", "--show", "norm"), 1, "the scale is logarithmic: its limits must be above 0"),
        (("--limits", "1:2", "--of", "w", "--show", "share"), 1, "bars stand on 0, which limits must include"),
    ],
)
def test_limits_of_a_plot_that_are_none_are_refused_before_the_script_runs(here, tmp_path, limits, status, message):
    (tmp_path / "late.py").write_text("open('has_run', 'w')\n")
    ended, errors = here("plot", "late.py", *limits)
    assert ended == status
    assert message in errors
    assert not (tmp_path / "has_run").exists()


def test_limits_mean_what_the_plot_is_that_the_script_asks_for(here, script, tmp_path):
    assert here("plot", script, "--limits", "0:1")[1].endswith("logarithmic: its limits must be above 0, not 0\n")
    own = tmp_path / "own.py"
    own.write_text(SCRIPT.replace("loss.backward()", "import viz\nviz.plot(loss, 'w', show='share', limits=(0, 9))"))
    assert here("plot", own, "--limits", "0:2", "-o", "p.svg") == (0, "")
    assert {"0", "2"} <= {text.text for text in ElementTree.parse(tmp_path / "p.svg").iter()}
