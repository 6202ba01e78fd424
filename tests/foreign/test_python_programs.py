"""Programs that take the elements of Tensors through Python: its numbers, its modules, its containers."""

import array
import cmath
import copy
import decimal
import fractions
import functools
import heapq
import itertools
import json
import math
import operator
import statistics
import struct
from dataclasses import asdict, dataclass

import numpy as np
import pytest

import tinygraph as tg
from tests.foreign.program import Programs

programs = Programs()
x = np.array([0.5, 1.2, -0.7])

NOT_OURS = "refused in another library's words, without the program's line"
COPIES = "a copy of a parameter is another parameter, as a copied network wants; inside tg.grad it is recorded"

# -- Python's numbers and functions on them ----------------------------------------------------------------------------


@programs.right(x)
def builtins_on_elements(x):
    return abs(x[2]) + max(x[0], x[1]) * min(x) + pow(x[1], 3) + pow(2, x[0]) + divmod(x[1], 0.7)[1] + sum(x)


@programs.right(x)
def sums_that_start_with_numbers_of_numpy(x):
    total = np.float64(0)
    for v in x:
        total += v * v
    return total + sum((v for v in x), np.float32(0)) + np.float64(2) * x[0]


@programs.right(x)
def math_prod_and_reduce(x):
    return math.prod([x[0], x[1]]) + functools.reduce(operator.mul, x) + sum(itertools.accumulate(x, operator.mul))


@programs.right(x)
def comparisons_choose_the_branch(x):
    y = x[1]
    while y < 10:
        y = y * 2 if y > 2 else y + x[0]
    return y if np.isfinite(y) and not np.isclose(y, 0) else -y


@programs.right(x)
def sorting_by_value(x):
    ordered = sorted(x, key=float)
    queue = list(x)
    heapq.heapify(queue)
    return ordered[0] * 2 + sorted(x)[-1] ** 2 + heapq.heappop(queue) * 3 + x[np.argsort(x)][1]


@programs.right(x)
def rounding_has_no_slope(x):
    return int(x[1]) * x[0] + round(x[1]) * x[0] + math.floor(x[1]) * x[2]


@programs.right(x)
def numbers_that_are_only_looked_at(x):
    history, best = [], np.inf
    for k in range(3):
        loss = np.sum((x - k) ** 2)
        history.append(float(loss))
        best = min(best, loss.item())
        f"{loss:.3f} {loss}"
    assert best == min(history)
    return loss


# -- doors through which a number leaves -------------------------------------------------------------------------------


@programs.refused(x, says="np.exp is recorded")
def math_exp(x):
    return math.exp(x[0]) * x[1]


@programs.refused(x, says="np.sqrt is recorded")
def math_sqrt_of_a_sum(x):
    return math.sqrt(np.sum(x**2)) + x[0]


@programs.refused(x, says="np.exp is recorded")
def math_log_in_a_loop(x):
    return sum(-math.log(1 / (1 + math.exp(-v))) for v in x) + x[0]


@programs.refused(x, says="np.hypot is recorded")
def math_hypot_and_dist(x):
    return math.hypot(x[0], x[1]) * x[2] + math.dist([x[0], x[1]], [0, 0])


@programs.refused(x, says="np.stack")
def math_fsum(x):
    return math.fsum([x[0], x[1]]) * x[2]


@programs.refused(x, says="np.stack")
def statistics_fmean(x):
    return statistics.fmean([x[0], x[1]]) * x[2]


@programs.refused(x, says="np.stack")
def statistics_mean(x):
    return statistics.mean([x[0], x[1]]) * x[2]


@programs.refused(x, says="np.stack")
def cmath_and_complex(x):
    return complex(x[0], x[1]).real * x[2] + cmath.exp(x[0]).real


@programs.refused(x, says="np.stack")
def np_float64_of_an_element(x):
    return np.float64(x[0]) * x[1]


@programs.refused(x, says="plain array")
def np_float32_of_an_element(x):
    return np.float32(x[0]) * x[1]


@programs.refused(x, says="np.stack")
def array_module(x):
    a = array.array("d", [x[0], x[1]])
    a.append(x[2] * x[2])
    return sum(a) * x[1]


@programs.fooled(x, reason=NOT_OURS)
def struct_module(x):
    return struct.unpack("d", struct.pack("d", x[0]))[0] * x[1]


@programs.fooled(x, reason=NOT_OURS)
def fractions_and_decimals(x):
    return float(fractions.Fraction(x[0])) * float(decimal.Decimal(x[1]))


@programs.fooled(x, reason=NOT_OURS)
def json_of_a_tensor(x):
    return json.loads(json.dumps(list(x)))[0] * x[1]


@programs.fooled(x, reason=COPIES)
def copies_of_the_argument(x):
    return copy.deepcopy({"y": x})["y"][0] * copy.copy(x)[1] * x[1]


@programs.fooled(x, reason=COPIES)
def dataclass_as_a_dict(x):
    @dataclass
    class Parameters:
        w: object

    return asdict(Parameters(x))["w"][0] * x[1]


@programs.fooled(x, reason="a number of NumPy hashes by value, a Tensor by identity: another value, without a word")
def values_as_keys(x):
    totals = {}
    for v in (x[0], x[0], x[1]):
        totals[v] = totals.get(v, 0.0) + v
    return sum(total**2 for total in totals.values())


@programs.fooled(x, reason="an element of NumPy is a float, a 0-d Tensor is none: another branch, without a word")
def branches_on_the_type_of_an_element(x):
    return sum(v**2 if isinstance(v, float) else 0.0 for v in x) + x[0]


@programs.refused(x, says="only leaves are copied and pickled, this")
def deep_copy_of_a_value(x):
    return copy.deepcopy({"y": x * 2})["y"][0] * x[1]


@pytest.mark.parametrize("program", [copies_of_the_argument, dataclass_as_a_dict])
def test_copies_inside_a_differentiated_function_are_recorded(program):
    slope = [(program(x + h) - program(x - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(tg.grad(program)(x), slope, atol=1e-9)


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
