"""Random programs keep away from points where a gradient is a matter of convention."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tinygraph.testing import programs
from tinygraph.testing.strategies import ops


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(program=programs(ops=ops(["clip", "copy", "square", "sum", "broadcast_to"]), max_lines=8))
def test_the_bounds_of_a_clip_do_not_meet(program):
    """Where they do, torch gives the upper bound what belongs to the lower one or to x."""
    values = list(program.inputs)
    for line in program.instructions:
        arguments = [values[a] if isinstance(a, int) else a for a in line.arguments]
        if line.op == "clip":
            assert np.less(arguments[1], arguments[2]).all()
        values.append(np.asarray(line.op(*arguments, **line.attributes)))
