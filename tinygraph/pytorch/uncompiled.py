"""`torch.compile` while a program is recorded: what it compiles runs as it is written, or nobody saw its calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import torch


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run compiled functions as they are written inside the ``with`` block, where this torch can; 2.6 and later can."""
    with ExitStack() as stack:
        own = torch.compile

        def run_as_written() -> None:
            torch.compile = own
            if hasattr(torch.compiler, "set_stance"):
                stack.enter_context(torch.compiler.set_stance("force_eager"))

        @wraps(own)
        def compile(*args: Any, **kwargs: Any) -> Any:
            run_as_written()
            return own(*args, **kwargs)

        if "torch._dynamo" in sys.modules:  # else it takes seconds to import, for programs that compile nothing
            run_as_written()
        else:
            torch.compile = compile
        try:
            yield
        finally:
            torch.compile = own
