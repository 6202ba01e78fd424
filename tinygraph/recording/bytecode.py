"""What a function's bytecode says about its ops: which instruction ran, and inside which Python loops."""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise, takewhile
from types import CodeType

Heads = tuple[int, ...]  # the heads of the loops around an instruction, outermost first, then the instruction itself

_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)
_COUNTING = ("range", "enumerate")
_ENDS = {
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "RETURN_VALUE",
    "RETURN_CONST",
    "RAISE_VARARGS",
    "RERAISE",
}


@lru_cache(maxsize=256)
def augmented_attributes(code: CodeType) -> frozenset[int]:
    """Return the offsets at which an attribute is read that the same statement sets, as in ``t.data *= 2``."""
    instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    return frozenset(
        after.offset
        for before, after in pairwise(instructions)
        if after.opname == "LOAD_ATTR" and (before.opname, before.arg) == ("COPY", 1)
    )


class Layout:
    """The control flow of a code object, with its instructions numbered in the order in which they can run.

    Numbers, not offsets, are compared: Python moves rarely used blocks to the end of a function, whereas a number
    is greater than those of all instructions that lead to it, but for the way back to the head of a loop.
    """

    def __init__(self, code: CodeType):
        self.code = code
        instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
        self._starts = [i.offset for i in instructions]
        self._owners = self._starts.copy()
        for k, instruction in enumerate(instructions):
            if instruction.opname == "PRECALL":  # Python 3.11 splits a call in two, and runs it in either half
                self._owners[k] = instructions[k + 1].offset
        successors = _successors(instructions, code)
        order, back_edges = _numbered(successors, self._starts[0])
        self.number = {offset: n for n, offset in enumerate(order)}
        for offset in self._starts:  # what cannot be reached still needs a number
            self.number.setdefault(offset, len(self.number))
        self.offsets = {n: offset for offset, n in self.number.items()}
        self.successors = {self.number[a]: [self.number[b] for b in follows] for a, follows in successors.items()}
        self.paths = self._loop_paths([(self.number[a], self.number[b]) for a, b in back_edges])

    def instruction(self, lasti: int) -> int:
        """Return the offset of the instruction that owns the raw offset `lasti`."""
        return self._owners[max(bisect_right(self._starts, lasti) - 1, 0)]

    def path(self, lasti: int) -> Heads:
        """Return the numbers of the loop heads around the instruction at `lasti`, and its own."""
        return self.paths[self.number[self.instruction(lasti)]]

    def variables(self, head: int) -> tuple[tuple[str, ...], str]:
        """Return what a ``for`` loop assigns to, given the offset of its head, and which of that counts.

        Nothing, and an empty string, for other loops.
        """
        instructions = [i for i in dis.get_instructions(self.code) if i.opname != "CACHE"]
        at = next((k for k, i in enumerate(instructions) if i.offset == head and i.opname == "FOR_ITER"), None)
        if at is None:
            return (), ""
        names = _assigned(instructions[at + 1 :])
        counts = names and any(i.argval in _COUNTING for i in takewhile(_is_of_expression, instructions[at - 1 :: -1]))
        return names, names[0] if counts else ""

    def leads_to(self, before: int, after: int, avoiding: set[int]) -> bool:
        """Can one instruction run after the other without any of the instructions `avoiding` in between?"""
        seen: set[int] = set()
        waiting = list(self.successors[before])
        while waiting:
            n = waiting.pop()
            if n == after:
                return True
            if n not in seen and n not in avoiding:
                seen.add(n)
                waiting.extend(self.successors[n])
        return False

    def _loop_paths(self, back_edges: list[tuple[int, int]]) -> list[Heads]:
        predecessors: dict[int, list[int]] = {}
        for n, follows in self.successors.items():
            for follow in follows:
                predecessors.setdefault(follow, []).append(n)
        bodies: dict[int, set[int]] = {}
        for tail, head in back_edges:  # a natural loop: whatever reaches the back edge without passing the head
            body, waiting = bodies.setdefault(head, {head}), [tail]
            while waiting:
                n = waiting.pop()
                if n not in body:
                    body.add(n)
                    waiting.extend(predecessors.get(n, ()))
        heads = sorted(bodies, key=lambda head: -len(bodies[head]))
        return [(*(head for head in heads if n in bodies[head]), n) for n in range(len(self.number))]


def _assigned(instructions: list[dis.Instruction]) -> tuple[str, ...]:
    """Return the names to which the first instructions assign one value, or the parts of it."""
    names: list[str] = []
    missing = 1
    for instruction in instructions:
        if instruction.opname in ("UNPACK_SEQUENCE", "UNPACK_EX"):
            missing += (instruction.arg or 0) - 1
        elif instruction.opname.startswith("STORE_"):
            stored = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            names += stored[:missing]
            missing -= len(stored)
        else:
            break
        if missing <= 0:
            break
    return tuple(names)


def _is_of_expression(instruction: dis.Instruction) -> bool:
    return not instruction.opname.startswith(("STORE_", "POP_TOP", "RESUME", "FOR_ITER", "JUMP"))


def _successors(instructions: list[dis.Instruction], code: CodeType) -> dict[int, list[int]]:
    """Where control can go from each instruction, exceptions included."""
    follows: dict[int, list[int]] = {}
    for instruction, after in zip(instructions, [*instructions[1:], None], strict=True):
        targets = follows[instruction.offset] = []
        if instruction.opcode in _JUMPS:
            targets.append(instruction.argval)
        if instruction.opname not in _ENDS and after is not None:
            targets.append(after.offset)
    for entry in getattr(dis.Bytecode(code), "exception_entries", ()):
        for offset in range(entry.start, entry.end, 2):
            if offset in follows:
                follows[offset].append(entry.target)
    return follows


def _numbered(successors: dict[int, list[int]], start: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the instructions in reverse postorder of a depth-first walk, and the edges that lead back."""
    postorder: list[int] = []
    back_edges: list[tuple[int, int]] = []
    state = {start: "open"}
    stack = [(start, iter(successors[start]))]
    while stack:
        offset, rest = stack[-1]
        follow = next(rest, None)
        if follow is None:
            state[offset] = "done"
            postorder.append(offset)
            stack.pop()
        elif follow not in state:
            state[follow] = "open"
            stack.append((follow, iter(successors[follow])))
        elif state[follow] == "open":
            back_edges.append((offset, follow))
    return postorder[::-1], back_edges


@lru_cache(maxsize=256)
def layout(code: CodeType) -> Layout:
    """Return the (cached) layout of a code object."""
    return Layout(code)


def instruction(code: CodeType, lasti: int) -> int:
    """Return the offset of the instruction at `lasti`, where specialised bytecode may point into its caches.

    Examples
    --------
    >>> code = compile("x[0]", "", "eval")
    >>> subscript = next(i.offset for i in dis.get_instructions(code) if i.opname == "BINARY_SUBSCR")
    >>> instruction(code, subscript + 4) == subscript
    True
    """
    return layout(code).instruction(lasti)


class Flow:
    """How the events of calls of one function follow each other.

    An event is an instruction's offset if it called a function that recorded something, and the offset + 1 if it
    recorded an op itself, after its calls. Numbers are doubled in the same way.

    An instruction that ran again although no Python loop leads back to it, past everything else that was recorded,
    is a loop in C: ``sum``, ``map``, ``functools.reduce``. It gets a loop of its own around it. Where even that does
    not explain the order (recursion, a callback), one loop around the whole body does.

    Parameters
    ----------
    code : CodeType
    followed : pairs of events
        Which followed which; the earlier is -1 where the call begins.

    Attributes
    ----------
    paths : the path of each event
    """

    def __init__(self, code: CodeType, followed: Iterable[tuple[int, int]]):
        self._layout = flow = layout(code)
        numbers = {event: flow.number[event & ~1] for _, event in followed}
        recorded = set(numbers.values())
        repeated = {numbers[b] for a, b in followed if a >= b and a & ~1 == b & ~1}
        in_c = {n for n in repeated if not flow.leads_to(n, n, avoiding=recorded - {n})}
        self.paths: dict[int, Heads] = {}
        for event, n in numbers.items():
            heads = (*flow.paths[n][:-1], *([n] if n in in_c else []))
            self.paths[event] = (*(2 * head for head in heads), 2 * n + (event & 1))
        if any(a >= 0 and self.shared(a, b) == 0 and self.starts_again(a, b) for a, b in followed):
            self.paths = {event: (-1, *path) for event, path in self.paths.items()}

    def shared(self, before: int, after: int) -> int:
        """Return how many loops contain both events."""
        a, b = self.paths[before], self.paths[after]
        shared, innermost = 0, min(len(a), len(b)) - 1
        while shared < innermost and a[shared] == b[shared]:
            shared += 1
        return shared

    def starts_again(self, before: int, after: int) -> bool:
        """Does the later event belong to another iteration of the innermost loop that contains both?

        It does if it stands before the other, or if control cannot get there but through the head of the loop.
        """
        a, b, shared = self.paths[before], self.paths[after], self.shared(before, after)
        if b[shared] <= a[shared]:
            return True
        head = a[shared - 1] // 2 if shared else -1
        return head >= 0 and before & ~1 != after & ~1 and not self._layout.leads_to(a[-1] // 2, b[-1] // 2, {head})

    def head(self, number: int) -> int:
        """Return the offset of the head of a loop in a path; -1 for a loop around the whole body."""
        return self._layout.offsets[number // 2] if number >= 0 else -1

    def variables(self, number: int) -> tuple[tuple[str, ...], str]:
        """Return what a loop in a path assigns to, and which of that counts, as `Layout.variables` does."""
        return self._layout.variables(self.head(number))
