"""Why something is not compiled."""

from __future__ import annotations


class NotCompiled(Exception):
    """A program, or a part of it, that no plan can stand for; its text says why, and where in the program."""


class Irregular(NotCompiled):
    """A loop whose iterations differ in more than numbers: it is compiled op by op."""


class Uneven(Irregular):
    """A recurrence whose first iterations lack ops: these can be taken out of the loop."""


class NotTaken(Exception):
    """A loop that is left to NumPy; its text says of what it is."""


class Stale(Exception):
    """Something that a compiled function would be given before it computes it."""
