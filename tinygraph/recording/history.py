"""History: what leads to a Tensor."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from .source import locate
from .tensor import Tensor

by_index = attrgetter("_index")  # orders Tensors as they were recorded, inputs before what they made


def leading_to(
    outputs: Iterable[Tensor],
    *,
    differentiable: bool = False,
    after: int = -1,
    stop: Iterable[Tensor] = (),
) -> list[Tensor]:
    """Return `outputs` and all Tensors that lead to them, in the order of recording.

    Parameters
    ----------
    outputs : iterable of Tensor
    differentiable : bool
        Whether to go only where gradients go.
    after : int
        Go no further than what was recorded after this running number.
    stop : iterable of Tensor
        Go no further than these, which are not returned themselves.

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
    seen = {*tensors, *stop}
    for tensor in tensors:  # the list grows under the loop
        for source in tensor._inputs:
            if source is None or source in seen:
                continue
            if (everywhere or source.requires_grad) and source._index > after:
                seen.add(source)
                tensors.append(source)
    tensors.sort(key=by_index)
    return tensors


def recorded_at(tensor: Tensor) -> str:
    """Return the tail of an error message that shows where a Tensor was made."""
    source = locate(tensor._call, tensor._lasti)
    return f"\n  recorded here: {source}" if source else ""
