"""Plant single faults in the VJP rules, and count those that the laws of `tg.testing` catch.

    python -m tests.tools.planted_faults              # all of them
    python -m tests.tools.planted_faults --sample 50 --seed 1
    python -m tests.tools.planted_faults --op matmul --op tanh

A fault (`tests.tools.faults`) is put into the running function, the laws are checked for every op that uses it, and it
is taken out again. What survives and is no fault is told with its reason (`tests.tools.survivors`).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from collections import Counter

import numpy as np

import tinygraph.ops.parametric  # noqa: F401 - so that faults are planted in the rules of SciPy's functions too
from tests.tools.extra_calls import extra_calls, extra_laws
from tests.tools.faults import Fault, faults
from tests.tools.survivors import explanation
from tinygraph.testing.law_checks import check_op
from tinygraph.testing.strategies import ops as all_ops
from tinygraph.testing.verdicts import LawError

NOT_IN_RULES = (
    "broadcasting.",
    "losses.at",
)  # in the engine itself, or a forward function: they may stop it altogether


def caught(fault: Fault) -> bool:
    """Tell whether some law is broken with the fault in place; an error in the rule breaks one too."""
    with fault.planted(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for op in fault.ops:
            try:
                check_op(op, seed=1)
                check_op(op, seed=1, laws=extra_laws(op), calls=extra_calls(op))
            except LawError:
                return True
            except Exception:
                if fault.where.startswith(NOT_IN_RULES):
                    return True
                raise
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="plant so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--op", action="append", help="only in the rules of this op")
    chosen = parser.parse_args()
    planted = faults(all_ops(chosen.op))
    if chosen.sample:
        planted = random.Random(chosen.seed).sample(planted, min(chosen.sample, len(planted)))
    start = time.perf_counter()
    survivors = [fault for fault in planted if not caught(fault)]
    kinds = Counter(fault.kind for fault in planted)
    missed = Counter(fault.kind for fault in survivors)
    for kind, number in sorted(kinds.items()):
        print(f"{kind:18} {number:5} planted {number - missed[kind]:5} caught")
    explained = sum(explanation(fault) is not None for fault in survivors)
    print(
        f"{'all':18} {len(planted):5} planted {len(planted) - len(survivors):5} caught,"
        f" {explained} equivalent, {len(survivors) - explained} missed  {time.perf_counter() - start:.0f} s"
    )
    unexplained = 0
    for fault in survivors:
        why = explanation(fault)
        unexplained += why is None
        print(f"survived: {fault}\n    {why or 'NOT EXPLAINED'}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
