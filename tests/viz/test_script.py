"""Scripts that change directory, start threads, take options, or are no Python."""

import io
import itertools
import json
import runpy
import threading
from pathlib import Path

import pytest

import viz
from tests.tools.javascript import unpacked
from viz.cli import main
from viz.script import Then, run_to_backward

BACKWARD = "import tinygraph as tg\nw = tg.parameter([1.0, 2.0])\ndef run(): (w * w).sum().backward()\n"


_NUMBERS = itertools.count()


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(text):
        name = f"net{next(_NUMBERS)}.py"  # what is known of a file's lines is known by its name
        (tmp_path / name).write_text(text)
        return name

    return written


def test_the_drawing_is_written_where_the_command_was_given(script, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    name = script(f"import os\nos.chdir('elsewhere')\n{BACKWARD}run()\n")
    assert main(["draw", name, "-o", "g.dot"]) == 0
    assert (tmp_path / "g.dot").exists()


def test_what_follows_two_dashes_is_the_script_s_own(script, capsys):
    name = script(f"import sys\nprint(sys.argv[1:])\n{BACKWARD}run()\n")
    assert main(["draw", name, "first", "-o", "g.dot", "--", "--fold", "--", "-o"]) == 0
    assert "['first', '--fold', '--', '-o']" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["demo", "--", "x"])


def test_a_backward_pass_in_a_thread_is_drawn_and_the_thread_goes_on_without_a_word(script, tmp_path):
    after = "def both():\n    run()\n    open('after', 'w').close()\n"
    name = script(f"{BACKWARD}{after}import threading\nt = threading.Thread(target=both)\nt.start()\nt.join()\n")
    drawn, said = [], []
    hook, threading.excepthook = threading.excepthook, lambda args: said.append(args.exc_type)
    try:
        assert run_to_backward(name, [], lambda met: drawn.append(met.recorded) or Then.END) == 0
    finally:
        threading.excepthook = hook
    assert len(drawn) == 1
    assert said == []
    assert (tmp_path / "after").exists()


def test_a_script_that_is_no_python_shows_its_own_line_alone(script, capsys):
    assert main(["draw", script("def f(:\n"), "-o", "g.dot"]) == 1
    said = capsys.readouterr().err
    assert "net" in said and "SyntaxError" in said and "runpy" not in said


# -- what a script hands to viz itself --------------------------------------------------------------------------------

LOSS = """import numpy as np, tinygraph as tg, viz
W, h = tg.parameter(np.eye(2) / 2, name="W"), np.ones(2)
for t in range(3):
    h = np.tanh(W @ h)
loss = np.sum(h)
"""


@pytest.fixture
def command(script, tmp_path, capsys, monkeypatch):
    """Return a function that runs a command on a script, with nobody to answer a prompt."""

    def run(verb, text, *options):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        own = viz.debug, viz.draw, viz.plot, viz.export
        status = main([verb, script(LOSS + text), "-o", "out.html" if verb == "export" else "out.json", *options])
        assert (viz.debug, viz.draw, viz.plot, viz.export) == own
        return status, capsys.readouterr()

    return run


def title_of(page):
    return unpacked(page.read_text(encoding="utf-8"))[0]["title"]


@pytest.mark.parametrize(
    "call",
    [
        "viz.debug(loss)",
        "viz.debug(tg.trace(loss))",
        "viz.debug(viz.Debugger(loss))",
        "from viz import debug; debug(target=loss)",
        "viz.draw(loss).save('own.svg')",
        "viz.plot(loss).save('own.svg')",
        "viz.export(loss, 'own.html')",
        "viz.export(path='own.html', x=loss)",
        "try:\n    viz.debug(loss)\nexcept BaseException:\n    pass\nviz.debug(loss)",
    ],
)
@pytest.mark.parametrize("verb", ["export", "draw"])
def test_what_a_script_hands_to_viz_is_its_pass(command, tmp_path, verb, call):
    status, said = command(verb, f"{call}\nopen('after', 'w')\n")
    assert status == 0, said.err
    assert said.out == f"wrote out.{'html' if verb == 'export' else 'json'}\n"
    written = {path.name for path in tmp_path.iterdir() if path.suffix != ".py"}
    assert written == {"out.html" if verb == "export" else "out.json"}


def test_the_script_s_own_options_hold_where_the_command_says_nothing_else(command, tmp_path):
    export = "viz.export(loss, 'own.html', [('h[3]', 'Here.')], title='Mine', timesteps=[2, 3])\n"
    assert command("export", export)[0] == 0
    data, _ = unpacked((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert (data["title"], [stop["text"] for stop in data["tour"]], data["timesteps"]) == ("Mine", ["Here."], [2, 3])
    assert command("export", export, "--title", "Yours", "--timesteps", "1")[0] == 0
    data, _ = unpacked((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert (data["title"], [stop["text"] for stop in data["tour"]], data["timesteps"]) == ("Yours", ["Here."], [1, 3])
    draw = "viz.draw(loss, 'variables', timesteps=1).save('own.svg')\n"
    drawn = {}
    for options in ((), ("--view", "ops"), ("--timesteps", ":")):
        assert command("draw", draw, *options)[0] == 0
        scene = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        drawn[options] = scene["title"], [column["timestep"] for column in scene["columns"] if "timestep" in column]
    assert drawn == {
        (): ("Unrolled network", [1, 3]),
        ("--view", "ops"): ("Computational graph", [1, 3]),
        ("--timesteps", ":"): ("Unrolled network", [1, 2, 3]),
    }


def test_a_plot_is_of_what_the_script_plots(script, tmp_path):
    text = (
        LOSS + "viz.plot({'a': loss, 'b': loss}).save('two.svg')\nviz.plot(loss, 'W', show='share').save('own.svg')\n"
    )
    name = script(text)
    assert main(["plot", name, "-o", "out.svg"]) == 0
    runpy.run_path(name)
    assert (tmp_path / "out.svg").read_text() == (tmp_path / "own.svg").read_text()
    assert main(["plot", name, "-o", "state.svg", "--of", "h", "--show", "norm"]) == 0
    assert (tmp_path / "state.svg").read_text() != (tmp_path / "own.svg").read_text()


def test_what_has_no_backward_pass_is_left_to_the_script(command, tmp_path):
    before = "viz.draw(h).save('own.svg')\nviz.draw(tg.graph(loss)).save('own.dot')\n"
    assert command("export", f"{before}loss.backward()\n")[0] == 0
    assert (tmp_path / "own.svg").exists()
    assert (tmp_path / "own.dot").exists()
    assert title_of(tmp_path / "out.html") == "Backward through loss"
    (tmp_path / "own.svg").unlink()
    assert command("draw", before)[0] == 0  # a drawing shows it
    assert not (tmp_path / "own.svg").exists()
    status, said = command("export", "viz.draw(loss, shape='round')\n")
    assert status == 1
    assert "TypeError" in said.err
    status, said = command("export", "viz.export(loss, 'own.html', [('hh', '…')])\n")
    assert status == 1
    assert "no node is called 'hh'; did you mean h" in said.err
    assert "Traceback" not in said.err


def test_the_prompt_of_the_command_takes_the_place_of_the_script_s_own(script, tmp_path, capsys, monkeypatch):
    text = f"{LOSS}left = viz.debug(loss)\nprint('left', type(left).__name__, len(left.trace))\nviz.draw(loss)\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("next\nquit\n"))
    assert main(["debug", "--json", script(text)]) == 0
    said = capsys.readouterr()
    assert all(json.loads(line) for line in said.out.splitlines())
    assert len(said.out.splitlines()) >= 2
    assert "left Debugger 7" in said.err


@pytest.mark.parametrize(
    "tutorial", sorted((Path(__file__).parents[2] / "examples/tutorials").glob("*.py")), ids=lambda path: path.stem
)
def test_every_tutorial_is_exported(tutorial, tmp_path, monkeypatch, capsys):
    if "import torch" in tutorial.read_text():
        pytest.importorskip("torch", reason="torch is not installed")
    path = tutorial.resolve()
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(path), "-o", "x.html"]) == 0
    assert "wrote x.html" in capsys.readouterr().out
    assert title_of(tmp_path / "x.html").startswith("Backward through")
