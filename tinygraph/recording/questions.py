"""Questions: where a program asks a Tensor for its plain value.

A watch in the context may want to know. Whoever runs the recorded ops again, with other numbers, cannot run the Python
that looked at them; and where the answer is an array, as that of a comparison, it can be an op without gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from .context import context, known_context

if TYPE_CHECKING:
    from .tensor import Tensor


def tell_asked(tensor: Tensor, how: str) -> None:
    """Tell the watch, if there is one that wants to know, that the program reads the value of a Tensor."""
    _tell("asked", tensor, how)


def tell_set(tensor: Tensor, what: str) -> None:
    """Tell the watch, if there is one that wants to know, that the program gives a Tensor another value or gradient."""
    _tell("changed", tensor, what)


def _tell(event: str, tensor: Tensor, what: str) -> None:
    try:
        if known_context().plain:
            return
    except LookupError:
        return
    listener = getattr(context().watch, event, None)
    if listener is not None:
        listener(tensor, what)


def will_run_again() -> bool:
    """Tell whether what is recorded now will run again with other numbers: then no value is to be looked at."""
    return getattr(context().watch, "answer", None) is not None


def as_recorded(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """Return the Tensor that stands for the answer of a function without gradient; NotImplemented if none does."""
    try:
        if known_context().plain:
            return NotImplemented
    except LookupError:
        return NotImplemented
    answer = getattr(context().watch, "answer", None)
    return NotImplemented if answer is None else answer(function, args, kwargs)


def on_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of plain arrays that takes Tensors too: it looks at their values, and has no gradient.

    Where what is recorded will run again it is an op, and looks again at the numbers of then. Tensors are positional.
    """

    @wraps(function)
    def of_tensors(*args: Any, **kwargs: Any) -> Any:
        answer = as_recorded(function, args, kwargs)
        if answer is not NotImplemented:
            return answer
        return function(*[x.data if hasattr(x, "requires_grad") else x for x in args], **kwargs)

    return of_tensors
