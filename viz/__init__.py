"""Pictures of recorded programs: drawings, and a debugger that walks through the backward pass."""

from .draw import draw
from .drawing import Drawing

__all__ = ["Drawing", "draw"]
