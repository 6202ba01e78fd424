"""History: what leads to a Tensor."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from .source import locate
from .tensor import Tensor

by_index = attrgetter("_index")  # orders Tensors as they were recorded, inputs before what they made


def leading_to(outputs: Iterable[Tensor], *, differentiable: bool = False) -> list[Tensor]:
    """Return `outputs` and all Tensors that lead to them, in the order of recording.

    Parameters
    ----------
    outputs : iterable of Tensor
    differentiable : bool
        Whether to go only where gradients go.

    Examples
    --------
    >>> import tinygraph as tg
    >>> x = tg.parameter(2.0, name="x")
    >>> y = x * x
    >>> leading_to([y + 1.0])[:2] == [x, y]
    True
    """
    everywhere = not differentiable
    tensors = list(dict.fromkeys(outputs))
    seen = set(tensors)
    for tensor in tensors:  # the list grows under the loop
        for source in tensor._inputs:
            if source is not None and source not in seen and (everywhere or source.requires_grad):
                seen.add(source)
                tensors.append(source)
    tensors.sort(key=by_index)
    return tensors


def between(wrt: Iterable[Tensor], outputs: Iterable[Tensor], began: int) -> tuple[list[Tensor], bool]:
    """Return the Tensors through which gradients go from `outputs` back to `wrt`, in the order of recording.

    What is older than the running number `began` cannot lie between; whether any leads there is returned too.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w, x = tg.parameter(3.0), tg.parameter(2.0)
    >>> y = x * w
    >>> between([x], [y], began=x._index) == ([y], True)
    True
    """
    seen = set(wrt)
    ends = [output for output in dict.fromkeys(outputs) if output.requires_grad and output not in seen]
    tensors = [output for output in ends if output._index >= began]
    older = len(tensors) < len(ends)
    seen.update(ends)
    for tensor in tensors:  # the list grows under the loop
        for source in tensor._inputs:
            if source is None or source in seen or not source.requires_grad:
                continue
            if source._index < began:
                older = True
            else:
                seen.add(source)
                tensors.append(source)
    tensors.sort(key=by_index)
    return tensors, older


def recorded_at(tensor: Tensor) -> str:
    """Return the tail of an error message that shows where a Tensor was made."""
    source = locate(tensor._call, tensor._lasti)
    return f"\n  recorded here: {source}" if source else ""
