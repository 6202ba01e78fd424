"""Nodes and ops as they come from a file: the program that made them may be on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..plain_text import clean
from ..recording.node import StoredNode
from ..recording.op import Op
from ..recording.primitive import Primitive, is_ours
from ..recording.source import Source

_NOTHING: Mapping[int, Any] = MappingProxyType({})


class SavedNode(StoredNode):
    """A node from a file, or replayed: it has no Tensor, but what its rules need.

    Attributes
    ----------
    replaced : mapping of int to array
        Argument values that differ from what the input node holds: a leaf was replaced between two uses.
    stored : tuple of arrays or None, or None
        The contributions of the pass, where the program that the file came from had an op of its own.
    adjoint : array or None
        What they are the contributions of.
    """

    __slots__ = ("_scope", "_source", "adjoint", "replaced", "stored")

    def __init__(self, *args: Any, scope: str, source: Source | None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._scope = clean(scope)
        self._source = source
        self.replaced: Mapping[int, Any] = _NOTHING
        self.stored: tuple[Any, ...] | None = None
        self.adjoint: Any = None

    @property
    def scope(self) -> str:
        """Names of `tg.scope` around it, joined by ``/``."""
        return self._scope

    @property
    def source(self) -> Source | None:
        """Where in the program it was made; None where that is not known."""
        return self._source

    @property
    def expression(self) -> str:
        """The source expression that made it; of a constant its name."""
        return self.name or "" if self.kind == "constant" else super().expression

    def argument_values(self) -> list[Any]:
        """Return the values of the arguments, those that were replaced between two uses as they were here."""
        return [self.replaced.get(i, value) for i, value in enumerate(super().argument_values())]

    def stored_for(self, adjoint: Any) -> tuple[Any, ...] | None:
        """Return the stored contributions, which are those of the adjoint of the pass and of no other.

        Raises
        ------
        ValueError
            If another adjoint is pulled back, or no contributions are stored: that takes the op's rules, and they are
            not in the file.
        """
        if self.stored is None:
            if isinstance(self.op, SavedOp) and any(source.requires_grad for source in self.inputs):
                raise ValueError(f"the rules of {self.op} are not on this machine, nor its contributions in the file")
            return None
        if adjoint is not self.adjoint and not np.array_equal(adjoint, self.adjoint, equal_nan=True):
            raise ValueError(
                f"the rules of {self.op} are not on this machine: only its recorded contributions are known"
            )
        return self.stored


class SavedOp(Primitive):
    """An op that this machine does not know: its name, and the source of its rules to read, but nothing that runs."""

    def __init__(
        self,
        name: str,
        formulas: list[str | None],
        parameters: list[list[str]],
        *,
        arguments: list[str],
        variadic: bool = False,
        elementwise: bool = False,
    ):
        rules = tuple(None if formula is None else clean(formula) for formula in formulas)
        super().__init__(name, rules, tuple(map(clean, arguments)), variadic=variadic, elementwise=elementwise)
        self._parameters = [tuple(map(clean, names)) for names in parameters]

    def formula(self, argument: int) -> str:
        """Return the source of the rule for `argument`."""
        return self.rule(argument) or ""

    def parameters(self, argument: int) -> tuple[str, ...]:
        """Return the names that the rule gives to the adjoint, the output and the inputs."""
        return self._parameters[0 if self.variadic else argument]

    def pull(self, *unused: Any) -> tuple[Any, ...]:
        """Refuse: only what the file stores is known."""
        raise ValueError(f"the rules of {self.name} are not on this machine: only its recorded contributions are known")

    def __repr__(self) -> str:
        return f"<op {self.name} from a file>"


def is_known(op: Any) -> bool:
    """Tell whether an op is one of tinygraph's own, whose rules every machine has."""
    return isinstance(op, Op) and is_ours(op)
