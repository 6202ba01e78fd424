"""The ops that are tinygraph's own, noted before any program can make others of the same names."""

from __future__ import annotations

from ...recording.op import registry

OWN = {id(op) for ops in registry.values() for op in ops}
CROSS_ENTROPY = {op.facts["form"]: op for op in registry["softmax_cross_entropy"]}  # of each row, or reduced
LINEAR = {op.facts["form"]: op for op in registry["linear"]}  # of a vector or rows, with a bias or without
