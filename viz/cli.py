"""The command line: ``tinygraph demo | draw | plot | debug | export``."""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any

import tinygraph as tg
import viz
from tinygraph.plain_text import clean
from tinygraph.tracing.trace_file import is_trace

from .api import check_options
from .debugging.expressions import ExpressionError
from .debugging.passes import Passes
from .formats.drawing import Drawing
from .formats.picture import format_of
from .plots.charts import NORM, SHARE
from .plots.plot import Plot
from .plots.plotting import check_limits
from .program import Program
from .scenes.overlays import OVERLAYS
from .script import Met, ScriptError, Then, run_to_backward
from .terminal.screen import complain, flush_or_discard, readable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0: done; 1: the script failed, or a file could not be written; 2: the command line is wrong, or the script ran no
    backward pass.
    """
    options = _options(list(sys.argv[1:] if arguments is None else arguments))
    try:
        status = options.run(options)
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()  # what cannot be written is an error here, and not at the very end
        return status
    except ScriptError as error:
        complain(str(error))
        return 2
    except BrokenPipeError:
        flush_or_discard(sys.stdout)  # the reader went away: exit in silence
        return 0
    except OSError as error:
        flush_or_discard(sys.stdout)
        complain(f"{error.strerror or error}{f': {error.filename}' if error.filename is not None else ''}")
        return 1
    except (ValueError, LookupError) as error:
        if isinstance(error, KeyError | IndexError):
            raise  # a fault of ours
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _options(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line; what follows ``--`` is the script's own."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = _parser()
    options = parser.parse_args(_with_minus(arguments[:end]))
    if end < len(arguments):
        if "args" not in options:
            parser.error("only the commands that run a script take arguments for it after --")
        options.args += arguments[end + 1 :]
    return options


def _with_minus(arguments: Iterable[str]) -> list[str]:
    """Join ``--limits -1:1``, whose range begins with a minus, which argparse would take for another option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in ("--limits", "--timesteps") and re.match(r"-[\d.]", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygraph",
        description="Record a NumPy program, draw it unrolled through time, and walk backward through it.",
    )
    parser.add_argument("--version", action="version", version=f"tinygraph {tg.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="demo | draw | plot | debug | export")

    demo = commands.add_parser("demo", help="train a network on the sunspot series, draw it, walk backward through it")
    demo.set_defaults(run=_demo)
    demo.add_argument("-o", "--output", default="bptt.svg", help="the drawing: .svg, .dot, .png or .pdf (%(default)s)")

    draw = commands.add_parser("draw", help="run a script and draw the graph of its first backward pass")
    draw.set_defaults(run=_draw)
    _add_script(draw)
    draw.add_argument("-o", "--output", default="graph.svg", help="the drawing: .svg, .dot, .png or .pdf (%(default)s)")
    draw.add_argument(
        "--view",
        choices=("ops", "variables", "calls"),
        help="every op, the named variables, or the calls",
    )
    draw.add_argument(
        "--open", dest="opened", action="append", default=[], metavar="NAME", help="show what calls of a function do"
    )
    draw.add_argument("--fold", action="store_true", help="one cell with delayed edges, instead of all time steps")
    _add_timesteps(draw)
    draw.add_argument("--backward", action="store_true", help="add the arrows of the backward pass")
    draw.add_argument("--overlay", choices=tuple(OVERLAYS), help="colour by this")
    _add_limits(draw, "between which numbers its colours lie, to compare drawings")
    draw.add_argument("--numbers", action="store_true", help="write the numbers of small values under their names")
    draw.add_argument("--large", action="store_true", help="draw it even if it takes more than some 50 megabytes")

    plot = commands.add_parser(
        "plot", help="run a script and plot the gradient of its first backward pass by time step"
    )
    plot.set_defaults(run=_plot)
    _add_script(plot)
    plot.add_argument("-o", "--output", default="plot.svg", help="the plot: .svg, .png or .pdf (%(default)s)")
    plot.add_argument("--of", metavar="NAME", help="a variable, or a parameter; by default the states")
    plot.add_argument("--show", choices=(NORM, SHARE), help="of what contributes to a parameter")
    _add_limits(plot, "where the vertical axis begins and ends, to compare plots")

    debug = commands.add_parser("debug", help="run a script and stop at its first backward pass, or at one of interest")
    debug.set_defaults(run=_debug)
    _add_script(debug)
    debug.add_argument(
        "--when",
        metavar="CONDITION",
        help="stop at the first backward pass for which it holds: isnan(loss), loss > 10 * median, update == 300,"
        " norm(W.grad) > 100",
    )
    debug.add_argument("--json", action="store_true", help="answer with one JSON object a line")

    export = commands.add_parser("export", help="run a script and write its first backward pass as one page")
    export.set_defaults(run=_export)
    _add_script(export)
    export.add_argument("-o", "--output", default="bptt.html", help="the page (%(default)s)")
    _add_timesteps(export)
    export.add_argument("--title", help="the page's title; by default it names what the pass began at")
    return parser


def _add_script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", help="the script, or a trace saved by trace.save(path)")
    parser.add_argument("args", nargs="*", help="the script's own arguments; put -- before those that start with -")


def _add_timesteps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timesteps",
        type=_timesteps,
        metavar="A:B",
        help="time steps: from A up to, not with, B; A,B,C; the first and last N; or all (:), not the ends of many",
    )


def _add_limits(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("--limits", type=_limits, metavar="LOW:HIGH", help=meaning)


def _timesteps(text: str) -> slice | int | list[int]:
    """Read what `viz.draw` takes as ``timesteps``: ``5:9``, ``3`` or ``1,4,7``."""
    if re.fullmatch(r"(-?\d+)?:(-?\d+)?", text):
        return slice(*(int(bound) if bound else None for bound in text.split(":")))
    if not re.fullmatch(r"-?\d+(,-?\d+)*", text):
        raise argparse.ArgumentTypeError(f"expected time steps as 3:7, :7, 3: or 1,4,7, or how many, not {text!r}")
    return [int(number) for number in text.split(",")] if "," in text else int(text)


def _limits(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers as 1e-6:10, not {text!r}") from None
    return low, high


def _demo(options: argparse.Namespace) -> int:
    from .demo import demo  # the one command that needs rnn too

    format_of(options.output, Drawing.FORMATS)
    _check_folder(options.output)
    return demo(options.output)


def _draw(options: argparse.Namespace) -> int:
    names = ("view", "fold", "timesteps", "overlay", "backward", "opened", "limits", "numbers", "large")
    asked = _asked(options, names)
    check_options(**{name: value for name, value in asked.items() if name != "large"})
    format_of(options.output, Drawing.FORMATS)
    return _write(options, lambda met, path: viz.draw(met.recorded, **_own(met, "draw") | asked).save(path))


def _plot(options: argparse.Namespace) -> int:
    asked = _asked(options, ("of", "show", "limits"))
    if options.limits:
        check_limits(options.limits, options.show)
    format_of(options.output, Plot.FORMATS)
    return _write(options, lambda met, path: viz.plot(met.recorded, **_own(met, "plot") | asked).save(path))


def _export(options: argparse.Namespace) -> int:
    asked = _asked(options, ("title", "timesteps"))
    return _write(options, lambda met, path: viz.export(met.recorded, path, **_own(met, "export") | asked))


def _asked(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return the options that the command line gives."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None and value is not False and value != []}


def _own(met: Met, verb: str) -> dict[str, Any]:
    """Return what the script itself asks for where it calls the function that the command is named after."""
    return {name: value for name, value in met.options.items() if name != "path"} if met.verb == verb else {}


def _write(options: argparse.Namespace, write: Callable[[Met, str], object]) -> int:
    """Write the first backward pass into the output, as a drawing or as a page, and end the script."""
    _check_folder(options.output)
    path = os.path.abspath(options.output)  # the script may change its directory
    answers = sys.stdout  # and where its output goes

    def act(met: Met) -> Then:
        write(met, path)
        print(f"wrote {clean(options.output)}", file=answers and readable(answers))
        return Then.END

    wants = _is_recorded if options.run is _draw else _has_a_pass
    return _run(options, act, wants=lambda met: wants(met.recorded))


def _has_a_pass(recorded: object) -> bool:
    """Tell whether there is a backward pass from what a script hands to `viz`."""
    is_loss = isinstance(recorded, tg.Tensor) and recorded.requires_grad and recorded.size == 1
    return is_loss or isinstance(recorded, tg.Trace)


def _is_from_a_file(recorded: object) -> bool:
    return isinstance(recorded, tg.Trace) and recorded.output.tensor is None


def _is_recorded(recorded: object) -> bool:
    return isinstance(recorded, tg.Tensor | tg.Graph | tg.Trace)


def _run(options: argparse.Namespace, act: Callable[[Met], Then], wants: Callable[[Met], bool]) -> int:
    """Act on the trace that the script is, or on the backward passes that it runs."""
    if _is_trace(options):
        act(Met(tg.load_trace(options.script)))
        return 0
    return run_to_backward(options.script, options.args, act, wants)


def _check_folder(path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or os.path.isdir(path):
        problem = errno.EISDIR if os.path.isdir(path) else errno.ENOENT
        raise OSError(problem, f"cannot write it: {os.strerror(problem)}", path)


def _debug(options: argparse.Namespace) -> int:
    if sys.stdout is None:
        raise OSError(errno.EBADF, "the debugger has no output to write to: it is closed")
    if _is_trace(options):
        if options.when:
            raise ScriptError(f"{options.script}: a trace is one backward pass, which --when could only find or miss")
        viz.debug(tg.load_trace(options.script), as_json=options.json)
        return 0
    try:
        program = Program(Passes(options.when), sys.stdout, as_json=options.json)
    except ExpressionError as error:
        raise ScriptError(f"--when: {error}") from None
    wants = lambda met: met.verb == "debug" and _has_a_pass(met.recorded) and not _is_from_a_file(met.recorded)
    with redirect_stdout(sys.stderr) if options.json else nullcontext():  # among JSON lines nothing else may stand
        status = run_to_backward(options.script, options.args, program.pass_begins, wants)
    if not program.has_stopped and options.when:
        raise ScriptError(f"{options.script}: {options.when} held at none of its {program.passes.described}")
    return status


def _is_trace(options: argparse.Namespace) -> bool:
    """Tell whether the script is a trace: by what it holds. What is only called one is not run, but refused as that."""
    if not os.path.isfile(options.script):
        return False
    if not is_trace(options.script) and not options.script.endswith(".trace"):
        return False
    if options.args:
        raise ScriptError(f"{options.script}: this is a trace, which takes no arguments: {' '.join(options.args)}")
    return True


if __name__ == "__main__":
    sys.exit(main())
