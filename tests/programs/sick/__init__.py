"""Networks that are sick, as their authors would bring them to somebody who can help; and some that only look so.

``sNN_*.py`` are sick. Each is a script that computes a loss and calls ``loss.backward()``, and as a module has
``main()``, which returns the loss, recorded. Nothing in it says what is wrong. That stands in `truths_*`, as a `Case`
each: the symptom, the lines, the names and time steps, the reason, the mend that makes the healthy twin, and the proof,
which uses differences, closed forms, plain NumPy and trained losses, but no diagnosis of this repository.

``hNN_*.py`` are healthy and have something that may look sick; `well` says why it is right, and proves it.

>>> from tests.programs.sick import CASES
>>> case = CASES["s04_recurrent_transposed"]
>>> case.kind, case.lines, case.evidence
('custom op with a wrong rule: transpose missing', [20], 'rule')
>>> case.sick().main().item() == case.healthy().main().item()
True
>>> case.proof()
"""

from . import (  # noqa: F401
    truths_cuts,
    truths_dynamics,
    truths_leaks,
    truths_numerics,
    truths_rules,
    truths_structure,
    truths_updates,
    truths_wiring,
    well,
)
from .case import CASES, WELL, Case, Healthy  # noqa: F401
