"""Scripts that change directory, start threads, take options, or are no Python."""

import threading

import pytest

from viz.cli import main
from viz.script import Then, run_to_backward

BACKWARD = "import tinygraph as tg\nw = tg.parameter([1.0, 2.0])\ndef run(): (w * w).sum().backward()\n"


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(text):
        (tmp_path / "net.py").write_text(text)
        return "net.py"

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
        assert run_to_backward(name, [], lambda loss: drawn.append(loss) or Then.END) == 0
    finally:
        threading.excepthook = hook
    assert len(drawn) == 1
    assert said == []
    assert (tmp_path / "after").exists()


def test_a_script_that_is_no_python_shows_its_own_line_alone(script, capsys):
    assert main(["draw", script("def f(:\n"), "-o", "g.dot"]) == 1
    said = capsys.readouterr().err
    assert "net.py" in said and "SyntaxError" in said and "runpy" not in said
