"""The primitives, a family a file; each a row: forward and VJP rules side by side."""

from . import operators

operators.attach()
