"""Pictures of recorded programs: drawings, and a debugger that walks through the backward pass."""

from .api import draw
from .debugging.debugger import Debugger
from .formats.drawing import Drawing
from .terminal.terminal import debug

__all__ = ["Debugger", "Drawing", "debug", "draw"]
