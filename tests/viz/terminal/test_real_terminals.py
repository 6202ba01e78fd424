"""The debugger in processes of its own: in a pseudo-terminal, at a pipe that closes, and left by abort."""

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.tools.processes import environment, run_python

pytestmark = pytest.mark.slow

PROGRAM = """\
import numpy as np, tinygraph as tg, viz
W = tg.parameter([[0.5, 0.1], [-0.2, 0.3]])
h = tg.tensor([1.0, -0.5])
for t in range(3):
    a = W @ h + 0.1
    h = np.tanh(a)
loss = np.sum(h)
viz.debug(loss)
print("the program goes on")
"""


class Terminal:
    """A program in a pseudo-terminal of 80 columns."""

    def __init__(self, path):
        pid, self.fd = pty.fork()
        if pid == 0:
            variables = environment(TERM="xterm-256color", COLUMNS="80", LINES="40", XDG_STATE_HOME=str(path.parent))
            os.execve(sys.executable, [sys.executable, str(path)], variables)
        self.pid = pid
        self.text = ""

    def until(self, wanted, seconds=60):
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))
            try:
                chunk = os.read(self.fd, 65536) if ready else b""
            except OSError:  # Linux says so when the other end is closed
                chunk = b""
            if not chunk:
                raise AssertionError(f"{wanted!r} did not come; this did:\n{self.text}")
            self.take(chunk)
        seen, self.text = self.text, ""
        return seen

    def take(self, chunk):
        if b"\x1b[6n" in chunk:  # a terminal answers where its cursor is
            os.write(self.fd, b"\x1b[1;1R")
        self.text += chunk.decode(errors="replace")

    def rest(self, seconds=0.5):
        """Wait until the program has been silent for a while: it then reads keys."""
        while select.select([self.fd], [], [], seconds)[0]:
            self.take(os.read(self.fd, 65536))

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def ends(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_a_real_terminal_has_colours_completion_and_history(program):
    terminal = Terminal(program)
    first = terminal.until("leaves")
    assert "\x1b[" in first
    terminal.type("next W\r")
    assert "W̄ is written, 1 of 3" in plain(terminal.until("written, 1 of 3"))
    terminal.type("contr\t")
    terminal.until("ibutions")
    terminal.type(" W\r")
    terminal.until("1 so far")
    terminal.type("\x1b[A\x1b[A\r")  # up, up: next W again
    terminal.until("written, 2 of 3")
    terminal.type("quit\r")
    terminal.until("the program goes on")
    assert terminal.ends() == 0
    assert "next W" in (program.parent / "tinygraph" / "debug_history").read_text()


def test_ctrl_c_clears_the_line_and_ctrl_d_leaves(program):
    terminal = Terminal(program)
    terminal.until("(tinygraph)")  # by then the prompt reads keys, and Ctrl-C is one
    terminal.type("abort")
    terminal.until("abort")
    for _ in range(3):
        terminal.rest()
        terminal.type("\x03")
        terminal.until("(tinygraph)")
    terminal.rest()
    terminal.type("next\r")
    assert "step 1" in plain(terminal.until("time step 3"))
    terminal.rest()
    terminal.type("\x04")
    terminal.until("the program goes on")
    assert terminal.ends() == 0


@pytest.mark.parametrize("options", ["as_json=True", "stdin=open('/dev/stdin')"])
def test_ctrl_c_clears_the_line_of_a_plain_prompt_too(program, options):
    program.write_text(PROGRAM.replace("viz.debug(loss)", f"viz.debug(loss, {options})"))
    terminal = Terminal(program)
    terminal.until("\n")
    for keys in ("abort\x03", "\x03", "info h\r"):
        terminal.rest()  # a terminal drops what is typed with a Ctrl-C that is a signal
        terminal.type(keys)
    terminal.until("tanh")
    terminal.rest()
    terminal.type("\x04")
    terminal.until("the program goes on")
    assert terminal.ends() == 0


OUTPUTS = {
    "is full": (">/dev/full", "the debugger's answers cannot be written: No space left on device"),
    "is closed": (">&-", "the debugger has no output to write to: it is closed"),
}


@pytest.mark.parametrize(("redirection", "words"), OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_output_that_takes_nothing_is_one_line_and_the_program_goes_on(program, redirection, words, as_json):
    text = PROGRAM.replace("viz.debug(loss)", f"viz.debug(loss, as_json={as_json})")
    program.write_text(f"{text}import sys\nprint('it goes on', file=sys.stderr)\n")
    command = ["sh", "-c", f'"$0" "$1" {redirection}', sys.executable, str(program)]
    ran = subprocess.run(command, input="n\n", capture_output=True, text=True, env=environment(), timeout=60)
    assert (ran.returncode, ran.stderr) == (0, f"tinygraph: {words}\nit goes on\n")


def test_an_input_that_is_closed_is_at_its_end(program):
    command = ["sh", "-c", '"$0" "$1" <&-', sys.executable, str(program)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "the program goes on" in ran.stdout


def test_a_closed_pipe_ends_in_silence(program):
    process = subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    process.stdout.readline()
    process.stdout.close()
    _, errors = process.communicate(b"n\n" * 2000, timeout=60)
    assert b"Traceback" not in errors


def test_abort_ends_the_program(program):
    ran = run_python(program, stdin="n\nabort\n")
    assert ran.returncode == 1
    assert "the program goes on" not in ran.stdout
    assert not ran.stderr
