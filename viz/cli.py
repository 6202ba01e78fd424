"""The command line: ``tinygraph demo | draw | debug``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout

import tinygraph as tg
import viz
from tinygraph.plain_text import clean_lines

from .script import ScriptError, run_to_backward
from .terminal.terminal import discard


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0: done; 1: the script failed, or a file could not be written; 2: the command line is wrong, or the script ran no
    backward pass.
    """
    options = _options(list(sys.argv[1:] if arguments is None else arguments))
    try:
        return options.run(options)
    except ScriptError as error:
        print(f"tinygraph: {clean_lines(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        discard(sys.stdout)  # the reader went away: exit in silence
        return 0
    except (OSError, ValueError) as error:
        print(f"tinygraph: {clean_lines(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _options(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line; what follows ``--`` is the script's own."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = _parser()
    options = parser.parse_args(arguments[:end])
    if end < len(arguments):
        if "args" not in options:
            parser.error("only the commands that run a script take arguments for it after --")
        options.args += arguments[end + 1 :]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygraph",
        description="Record a NumPy program, draw it unrolled through time, and walk backward through it.",
    )
    parser.add_argument("--version", action="version", version=f"tinygraph {tg.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="demo | draw | debug")

    demo = commands.add_parser("demo", help="train a network on the sunspot series, draw it, walk backward through it")
    demo.set_defaults(run=_demo)
    demo.add_argument("-o", "--output", default="bptt.svg", help="the drawing: .svg, .dot, .png or .pdf (%(default)s)")

    draw = commands.add_parser("draw", help="run a script and draw the graph of its first backward pass")
    draw.set_defaults(run=_draw)
    _add_script(draw)
    draw.add_argument("-o", "--output", default="graph.svg", help="the drawing: .svg, .dot, .png or .pdf (%(default)s)")
    draw.add_argument("--view", choices=("ops", "variables"), default="ops", help="every op, or the named variables")
    draw.add_argument("--fold", action="store_true", help="one cell with delayed edges, instead of all time steps")
    draw.add_argument("--timesteps", type=_range, metavar="A:B", help="only the time steps from A up to, not with, B")
    draw.add_argument("--overlay", help="colour by grad_norm, value or time_step")

    debug = commands.add_parser("debug", help="run a script and stop at its first backward pass")
    debug.set_defaults(run=_debug)
    _add_script(debug, "the script, or a trace saved by trace.save(…)")
    debug.add_argument("--json", action="store_true", help="answer with one JSON object a line")
    return parser


def _add_script(parser: argparse.ArgumentParser, what: str = "the script") -> None:
    parser.add_argument("script", help=what)
    parser.add_argument("args", nargs="*", help="the script's own arguments; put -- before those that start with -")


def _range(text: str) -> slice:
    first, colon, last = text.partition(":")
    start = int(first) if first else None
    if not colon:
        return slice(start, None if start is None else start + 1)
    return slice(start, int(last) if last else None)


def _demo(options: argparse.Namespace) -> int:
    from .demo import demo  # the one command that needs rnn too

    return demo(options.output)


def _draw(options: argparse.Namespace) -> int:
    path = os.path.abspath(options.output)  # the script may change its directory

    def act(loss: tg.Tensor) -> bool:
        viz.draw(loss, options.view, options.fold, options.timesteps, options.overlay).save(path)
        print(f"wrote {options.output}")
        return False

    return run_to_backward(options.script, options.args, act)


def _debug(options: argparse.Namespace) -> int:
    answers = sys.stdout

    def act(loss: tg.Tensor) -> bool:
        viz.debug(loss, stdout=answers, as_json=options.json)
        return True  # `quit` leaves the debugger, and the program goes on; `abort` ends both

    if options.script.endswith(".trace"):
        viz.debug(tg.load_trace(options.script), as_json=options.json)
        return 0
    with redirect_stdout(sys.stderr) if options.json else nullcontext():  # among JSON lines nothing else may stand
        return run_to_backward(options.script, options.args, act)


if __name__ == "__main__":
    sys.exit(main())
