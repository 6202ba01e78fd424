"""The primitives, a family a file; each a row: forward and VJP rules side by side."""

from . import (
    activations,
    calculus,
    decompositions,
    elementwise,
    indexing,
    joining,
    linalg,
    losses,
    matrices,
    operators,
    plain,
    products,
    reductions,
    shapes,
    statistics,
    transcendental,
)
from .activations import *  # noqa: F403 - each family says in __all__ what is public
from .calculus import *  # noqa: F403
from .decompositions import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .linalg import *  # noqa: F403
from .losses import *  # noqa: F403
from .matrices import *  # noqa: F403
from .plain import *  # noqa: F403
from .products import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403
from .statistics import *  # noqa: F403
from .transcendental import *  # noqa: F403

_FAMILIES = (
    activations,
    calculus,
    decompositions,
    elementwise,
    indexing,
    joining,
    linalg,
    losses,
    matrices,
    plain,
    products,
    reductions,
    shapes,
    statistics,
    transcendental,
)
__all__ = [name for family in _FAMILIES for name in family.__all__]

operators.attach()
