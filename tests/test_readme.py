"""What the README shows is what the software does."""

import pytest

from tests.tools.processes import ROOT, run_python
from tests.tools.quoted import blocks, words_of

README = (ROOT / "README.md").read_text()


@pytest.mark.slow
def test_the_ten_lines_draw_the_picture_below_them(tmp_path):
    program = blocks(README, "python")[0].replace("viz.debug(loss)", "pass")
    assert len(program.strip().splitlines()) <= 12
    (tmp_path / "program.py").write_text(program)
    ran = run_python("program.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    drawn = (tmp_path / "bptt.svg").read_text()
    assert words_of(drawn) == words_of((ROOT / "examples" / "readme.svg").read_text())
    assert {"W", "U", "b", "loss", "t = 4"} <= set(words_of(drawn))


@pytest.mark.parametrize("program", blocks(README, "python")[1:])
def test_further_programs_run(program):
    exec(program, {})
    assert "tg.testing.check_" in program  # which raises where something is wrong


def test_two_commands_do_all_the_set_up():
    commands = blocks(README, "sh")[0].strip().splitlines()
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && .venv/bin/pip install ") for command in commands)
