"""The primitives, a family a file; each a row: forward and VJP rules side by side."""

from . import elementwise, indexing, linalg, losses, operators, reductions, shapes
from .elementwise import *  # noqa: F403 - each family says in __all__ what is public
from .indexing import *  # noqa: F403
from .linalg import *  # noqa: F403
from .losses import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403

__all__ = [name for family in (elementwise, indexing, linalg, losses, reductions, shapes) for name in family.__all__]

operators.attach()
