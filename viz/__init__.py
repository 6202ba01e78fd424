"""Pictures of recorded programs: drawings, and a debugger that walks through the backward pass."""

from .debugger import Debugger
from .draw import draw
from .drawing import Drawing
from .terminal import debug

__all__ = ["Debugger", "Drawing", "debug", "draw"]
