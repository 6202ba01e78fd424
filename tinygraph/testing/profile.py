"""How Hypothesis searches and reports in gradient tests: its profile "tinygraph", and how Tensors are printed.

Deadlines fail on a busy machine, and the explain phase takes far longer than to find and shrink what is wrong, only to
list lines of the engine. The profile has neither; what is found is printed as code that makes it again.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, currently_in_test_context, settings
from hypothesis.vendor.pretty import for_type_by_name

from ..recording.tensor import Tensor

PROFILE = "tinygraph"

_SHIPPED = (  # Hypothesis's own profiles, "default" and "ci", in what distinguishes them
    {"deadline": timedelta(milliseconds=200), "print_blob": False, "derandomize": False},
    {"deadline": None, "print_blob": True, "derandomize": True},
)


def use() -> None:
    """Register the profile, and load it unless a profile was chosen or a test is running."""
    active = settings.default
    if active is None or currently_in_test_context():
        return  # the settings of a test are not to be changed under it
    chosen = not _is_shipped(active) or getattr(sys.modules.get("tinygraph_pytest"), "profile_chosen", False)
    settings.register_profile(
        PROFILE,
        active,
        deadline=None,
        phases=[phase for phase in active.phases if phase is not Phase.explain],
        suppress_health_check={*active.suppress_health_check, HealthCheck.too_slow},
        print_blob=True,
    )
    if not chosen:
        settings.load_profile(PROFILE)


def _is_shipped(active: settings) -> bool:
    """Tell whether the active profile is one that Hypothesis itself brings and loads."""
    untouched = tuple(active.phases) == tuple(Phase) and active.max_examples == 100 and active.report_multiple_bugs
    return untouched and any(all(getattr(active, key) == value for key, value in own.items()) for own in _SHIPPED)


def print_tensor(x: Tensor, printer: Any, cycle: bool) -> None:
    """Print a Tensor as the call that makes it.

    Examples
    --------
    >>> import tinygraph as tg
    >>> from hypothesis.vendor.pretty import pretty
    >>> pretty([tg.parameter([[0.5]]), tg.tensor([1, 2])])
    '[tg.parameter([[0.5]]), tg.tensor([1, 2])]'
    """
    if x.requires_grad and x.dtype == np.float64:
        printer.text(f"tg.parameter({x.data.tolist()})")
    else:
        dtype = "" if x.dtype in (np.float64, np.int64, np.bool_) else f", dtype={x.dtype.name!r}"
        printer.text(f"tg.tensor({x.data.tolist()}{', requires_grad=True' if x.requires_grad else ''}{dtype})")


for_type_by_name(Tensor.__module__, Tensor.__qualname__, print_tensor)
