"""Commands that ask what if: the recorded pass replayed with a value set, an edge cut or an op swapped."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any

from rich.cells import cell_len
from rich.text import Text

import tinygraph as tg
from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text
from tinygraph.tracing.what_if import Effect, WhatIf

from ..debugging.debugger import Debugger
from ..debugging.snapshot import json_data
from .panels import cut, padded, visible, wrapped
from .session import Answer, CommandError, Session, command, split_word

_ROWS = 10
_COLUMN = 12
_KINDS = "set cut swap off nodes ops"
_USAGE = "what-if [set NAME VALUE | cut NAME -> NAME | swap OP OP | off]"


@command("what-if", "whatif", "wi", usage=_USAGE, group="changing", completes=_KINDS)
def _what_if(session: Session, argument: str) -> Answer:
    """Replay the pass with something changed, and go on in the replay: `what-if set h[3] 0`,
    `what-if cut h[3] -> a[4]`, `what-if swap tanh relu`. Changes add up; `undo` takes the last one back,
    `what-if off` all. Alone, it shows what became of losses, gradients and the state.
    """
    word, rest = split_word(argument)
    if not argument:
        return _shown(session, _of(session))
    if word == "off" and not rest:
        return _off(session)
    if word not in _CHANGES:
        raise CommandError(f"what if what? `set`, `cut` or `swap`, not {word!r}: what-if set h[3] 0")
    if not rest:
        raise CommandError(_ASKS[word])
    return _CHANGES[word](session, rest)


_ASKS = {
    "set": "set what? a value and what it is to be, as set h[3] 0",
    "cut": "cut what? a value and what reads it, as cut h[3] -> a[4]",
    "swap": "swap what? two ops, as swap tanh relu",
}


@command("set", usage="set NAME VALUE", group="changing", completes="nodes", asks=_ASKS["set"])
def _set(session: Session, argument: str) -> Answer:
    """Replay with a value set to a number or an expression: `set h[3] 0`, `set W 0.9 * W`."""
    name, value = _name_and_rest(argument.replace(" = ", " ", 1))
    if not value:
        raise CommandError(f"set {name} to what? a number or an expression, as set {name} 0")
    result = session.debugger.evaluate(value)
    if result is None:
        raise CommandError(f"{value} is not computed yet")
    return _replayed(session, tg.what_if(session.trace, {name: result}))


def _name_and_rest(argument: str) -> tuple[str, str]:
    """Return a name, in which spaces may stand inside of brackets, and what follows it."""
    match = re.match(r"\s*([^\s\[]+(?:\s*\[[^\]]*\])?)\s*(.*)$", argument)
    return (match[1], match[2].strip()) if match else split_word(argument)


@command("cut", usage="cut NAME -> NAME", group="changing", completes="nodes", asks=_ASKS["cut"])
def _cut(session: Session, argument: str) -> Answer:
    """Replay with an edge cut, as by `detach`: no gradient passes from `a[4]` to `h[3]` after `cut h[3] -> a[4]`."""
    names = [name.strip() for name in re.split(r"->|→", argument)]
    if len(names) != 2 or not all(names):
        raise CommandError(_ASKS["cut"])
    return _replayed(session, tg.what_if(session.trace, cut=[(names[0], names[1])]))


@command("swap", usage="swap OP OP", group="changing", completes="ops", asks=_ASKS["swap"])
def _swap(session: Session, argument: str) -> Answer:
    """Replay with every op of one name replaced by another: `swap tanh relu`."""
    ops = [op for op in re.split(r"->|→|\s+", argument) if op]
    if len(ops) != 2:
        raise CommandError(_ASKS["swap"])
    return _replayed(session, tg.what_if(session.trace, swap={ops[0]: ops[1]}))


_CHANGES = {"set": _set, "cut": _cut, "swap": _swap}


def _replayed(session: Session, there: WhatIf) -> Answer:
    """Go on in the replay, at the same step if it is there, and show what changed."""
    here = session.debugger
    debugger = Debugger(there)
    debugger.position = there.step_like(here.position) or 0
    session.debugger = debugger
    session.carry(here)
    answer = _shown(session, there)
    answer.lines += wrapped(
        "steps, values and drawings are now those of the replay; `undo` goes back", session.width, "dim"
    )
    return answer


def _of(session: Session) -> WhatIf:
    if not isinstance(session.trace, WhatIf):
        raise CommandError("nothing is changed so far; what-if set h[3] 0, cut h[3] -> a[4] or swap tanh relu")
    return session.trace


def _off(session: Session) -> Answer:
    session.debugger = Debugger(_of(session).original)
    return session.here()


# -- what changed, beside the original ---------------------------------------------------------------------------------


def _shown(session: Session, there: WhatIf) -> Answer:
    lines = [line for text in there.changes for line in wrapped(f"what if {text}", session.width, "bold yellow")]
    effects = there.effects
    lines += _effect_table(effects, session)
    name, rows = _by_timestep(there)
    if rows:
        lines += [Text(), *_time_table(name, rows, session)]
    lines += _frozen_lines(there, session)
    data = {
        "changes": there.changes,
        "effects": [_effect_data(effect) for effect in effects],
        "state": name,
        "timesteps": [
            {"timestep": t, "value": _effect_data(value), "gradient": _effect_data(gradient)}
            for t, value, gradient in rows
        ],
        "frozen": [str(there.symbols.of(node)) for node, _ in there.frozen],
    }
    return Answer("what-if", data, lines)


def _effect_data(effect: Effect) -> dict[str, Any]:
    before, after = effect.norms
    return {"of": effect.of, "before": json_data(before), "after": json_data(after), "change": json_data(effect.change)}


def _effect_table(effects: list[Effect], session: Session) -> list[Text]:
    rows = [(session.written(effect.of), effect) for effect in effects]
    size = min(max(cell_len(name) for name, _ in rows), session.width // 3)
    wide = session.width >= 60
    column = _COLUMN if wide else _COLUMN - 2
    lines = [Text(f"  {'':{size}}{'before':>{column}}{'now':>{column}}   change", "dim")]
    for name, effect in rows:
        before, after = map(_number, effect.norms)
        line = Text.assemble(
            "  ", (padded(cut(name, size), size), "bold"), f"{before:>{column}}", f"{after:>{column}}   "
        )
        line.append(*_change(effect, wide))
        line.truncate(session.width, overflow="ellipsis")
        lines.append(line)
    return lines


def _number(x: float | None) -> str:
    return "none" if x is None else number_text(x)


def _change(effect: Effect, wide: bool) -> tuple[str, str]:
    """Return how a norm changed: by a factor, or how far a value moved if that is much more."""
    before, after = effect.norms
    if before is None or after is None:
        return ("gone" if after is None and before is not None else ""), "red"
    if effect.change == 0:
        return "the same to the last bit" if wide else "the same", "dim"
    if not math.isfinite(after) or not math.isfinite(before):
        return "not finite", "red"
    if before == 0:
        return "from 0", "yellow"
    return f"×{after / before:.3g}" + (f", moved by {effect.change:.1%}" if wide else ""), ""


def _by_timestep(there: WhatIf) -> tuple[str, list[tuple[int, Effect, Effect]]]:
    """Return the state that is carried through time, and what became of it and of its gradient."""
    with suppress(LookupError):
        name = diagnosis.state_name(there.original)
        nodes = diagnosis.by_timestep(there.original, name)
        return name, [(t, there.value(node), there.adjoint(node)) for t, node in nodes.items()]
    return "", []


def _time_table(name: str, rows: list[tuple[int, Effect, Effect]], session: Session) -> list[Text]:
    """Return norms of the state and of its gradient by time step, around the first that changed."""
    both = session.width >= 7 + 4 * _COLUMN
    heads = [session.written(head) for head in (f"‖{name}‖", "now", f"‖∂L/∂{name}‖", "now")[0 if both else 2 :]]
    lines = [Text("   time" + "".join(" " * max(_COLUMN - cell_len(head), 1) + head for head in heads), "dim")]
    first = next((k for k, (_, value, gradient) in enumerate(rows) if value.change or gradient.change), 0)
    shown = visible(len(rows), _ROWS, first)
    for t, value, gradient in rows[shown.start : shown.stop]:
        line = Text(f"  {t:>5}", "dim")
        for effect in (value, gradient) if both else (gradient,):
            before, after = map(_number, effect.norms)
            line.append(f"{before:>{_COLUMN}}").append(f"{'=' if effect.change == 0 else after:>{_COLUMN}}")
        line.truncate(session.width)
        lines.append(line)
    if len(rows) > len(shown):
        span = f"time steps {rows[shown.start][0]} to {rows[shown.stop - 1][0]} of {len(rows)}"
        lines.append(Text(f"  {span}", "dim"))
    return lines


def _frozen_lines(there: WhatIf, session: Session) -> list[Text]:
    """Return what the replay does not know: what Python computed from values that are others now."""
    lines = []
    for node, value in there.frozen[:3]:
        line = f", {there.place(node)}" if node.source else ""
        text = f"{there.symbols.of(node)}{line} holds what {value} was, outside of the graph: it stays as recorded"
        lines += wrapped(text, session.width, "yellow")
    if there.effects[0].change:
        text = "branches and constants that Python computed from values stay as recorded"
        lines += wrapped(text, session.width, "dim")
    return lines
