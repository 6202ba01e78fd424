"""What every program must keep to: torch is left alone, and what is shown of its pass is what torch computed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

import tinygraph as tg
import tinygraph.pytorch

Program = Callable[[], tuple[nn.Module, Callable[[], torch.Tensor]]]


class Agreement(NamedTuple):
    """How far sums of contributions, computed again, are from what torch gave; relative to its largest element.

    `parameters` is the worst of the parameters' gradients, `inside` of the adjoints of what the program computed.
    """

    trace: tg.Trace
    parameters: float
    inside: float


def agreement(program: Program) -> Agreement:
    """Run a program alone and recorded; return how well the recorded pass agrees with torch's own."""
    alone, loss_alone = _run(program)
    recorded, loss, trace = _run_recorded(program)
    assert torch.equal(loss, loss_alone), "the loss is another one when it is recorded"
    pairs = zip(alone.named_parameters(), recorded.parameters(), strict=True)
    worst = 0.0
    for (name, parameter), other in pairs:
        if parameter.grad is None:
            assert other.grad is None
            continue
        assert torch.equal(parameter.grad, other.grad), f"the gradient of {name} is another one when it is recorded"
        gradient = parameter.grad.float().numpy() if parameter.dtype == torch.bfloat16 else parameter.grad.numpy()
        if not gradient.any():
            continue
        assert np.array_equal(trace.gradient(name), gradient), f"the gradient shown of {name} is not torch's"
        worst = max(worst, relative(trace.contributions(name).sum, gradient))
    return Agreement(trace, worst, _inside(trace))


def relative(x: Any, expected: Any) -> float:
    """Return the largest difference, relative to the largest element."""
    x, expected = np.asarray(x), np.asarray(expected)
    return float(np.max(np.abs(x - expected), initial=0) / max(np.max(np.abs(expected), initial=0), 1e-30))


def _run(program: Program) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    model, compute = program()
    torch.manual_seed(1)
    loss = compute()
    loss.backward()
    return model, loss.detach()


def _run_recorded(program: Program) -> tuple[nn.Module, torch.Tensor, tg.Trace]:
    torch.manual_seed(0)
    model, compute = program()
    torch.manual_seed(1)
    with tinygraph.pytorch.record(model) as recording:
        loss = compute()
        loss.backward()
    assert not recording.failures, recording.failures
    return model, loss.detach(), recording.trace(loss)


def _inside(trace: tg.Trace) -> float:
    """Return how far the adjoint of any op is from the sum of what its readers contribute to it."""
    worst = 0.0
    for k, node in enumerate(trace.nodes[1:], 1):
        total = trace.running(node, len(trace))
        if total is not None:
            worst = max(worst, relative(total, trace.adjoints[k]))
    return worst
