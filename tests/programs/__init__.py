"""Recurrent programs as people write them, for tests of folding, time steps and drawings.

Each takes a length T and returns what it would differentiate. Those in `EXACT` must fold to a size that does not depend
on T; those in `PARTIAL` fold as far as their note says. Tests depend on their source text.
"""

from .building import *  # noqa: F403
from .building import EXACT, PARTIAL
from .in_part import *  # noqa: F403
from .many_cells import *  # noqa: F403
from .nested_loops import *  # noqa: F403
from .one_cell import *  # noqa: F403
from .without_for import *  # noqa: F403

ALL = {**EXACT, **PARTIAL}
