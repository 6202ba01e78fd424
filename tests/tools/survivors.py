"""Planted faults that no law can catch, since they change nothing: which, and why."""

from __future__ import annotations

from tests.tools.faults import Fault

SAME_SHAPE = "only the shape, dtype or type is read there, and both have the same"
MASKED = "the value is masked where it differs"
ONE = "a factor of 1 or -1 is its own inverse"
BETWEEN = "y lies between the bounds, so it compares with x as the bound does"
EITHER = "mine == chosen is symmetric, and where it is false, the tie does not count"
FORWARD = "a function of the user's; rules call it only with arguments that need nothing of this"
AT_INFINITY = "differs only for values that are not finite, where no law holds; tested by itself in test_laws.py"
AT_EDGE = "differs only at the edge of a domain, where no law holds; tested by itself in test_special.py"

# where · before · after (parts of each; empty is any) → why no gradient can tell it from the original
EQUIVALENT = (
    ("", "np.zeros_like(", "", "twice or minus 0 is 0"),
    ("absolute", "np.sign(x)", "/", ONE),
    ("copysign", "np.sign(a)", "/", ONE),
    ("copysign", "b", "y", "y has the sign of b"),
    ("maximum", "_share(", "_share(", EITHER),
    ("minimum", "_share(", "_share(", EITHER),
    ("fmax", "_share(", "_share(", EITHER),
    ("fmin", "_share(", "_share(", EITHER),
    ("_share", "mine", "chosen", EITHER),
    ("nan_to_num", "", "", AT_INFINITY),
    ("_finite", "0", "1", AT_INFINITY),
    ("clip", "low", "y", BETWEEN),
    ("clip", "high", "y", BETWEEN),
    ("elementwise.plain", "tell_asked(", "", "tells who watches that a value was asked for, and computes nothing"),
    ("elu", "x", "y", "y has the sign of x"),  # relu, leaky_relu, elu
    ("elu", "0", "1", MASKED),
    ("getitem", "x", "y", SAME_SHAPE),
    ("astype", "x", "y", "every contribution is given its input's dtype anyway"),
    ("linalg.outer", "", "", SAME_SHAPE),
    ("linalg.rows", "", "-np", "it is used twice, and the signs cancel"),
    ("linalg.rows", "1", "2", "np.reshape takes every negative length for the unknown one"),
    ("linalg.column_sums", "1", "2", "a short cut for one row: the sum is the same"),
    ("restore", "x", "flat", SAME_SHAPE),
    ("ties", "x", "y", SAME_SHAPE),
    ("products.explicit", "", "", FORWARD),
    ("calculus.correlate", "_convolve(", "", "convolution commutes"),
    ("calculus.correlate", "", "", FORWARD),
    ("sliding_window_view", "", "", FORWARD),
    ("half_lower", "1", "2", "both are the length of a square matrix"),
    ("gaps", "np.eye", "- np.eye", "the diagonal is multiplied by 0"),
    ("less_one_hot", "target", "p", "a short cut for one row: what is subtracted is the same"),
    ("one_hot", "like", "target", "a dtype that the subtraction from probabilities promotes"),
    ("frechet", "a", "direction", SAME_SHAPE),
    ("frechet", "1", "2", "both are the length of a square matrix"),
    ("cofactors", "1 - np.eye", "- 1", "as booleans the same"),
    ("cofactors", "np.linalg.det", "/", ONE),
    ("cofactors", "x", "y", SAME_SHAPE),
    ("pinv_adjoint", "x", "y", SAME_SHAPE),
    ("no_zero", "1", "2", "what is divided by it is 0"),
    ("less_one", "np.where(b == 0, 0, b - 1)", "", MASKED),
    ("less_one", "0", "1", "what is raised to it is multiplied by b, which is 0"),
    ("xlog", "a", "y", "y is 0 where a is"),
    ("xlog1py", "1", "2", AT_EDGE),
    ("i1e", "x", "y", "y has the sign of x"),
    ("special.guarded", "", "", AT_EDGE),
    ("kv, rule", "order - 1", "1 - order", "the function is even in its order"),
    ("kn, rule", "order - 1", "1 - order", "the function is even in its order"),
    ("rgamma_slope", "1", "2", MASKED),
    ("rgamma_slope", "np.where(x > 0, 0, x)", "np.where(0", MASKED),
    ("rgamma_slope", "0", "1", "masked, or between 0 and 1, where both formulas hold"),
    ("sinc_slope", "0", "1", MASKED),
    ("sinc_slope", "1", "2", MASKED),
    ("sinc_slope", "10", "11", "a further term of the series, below rounding"),
    ("broadcasting.sum_to", "1", "2", "a short cut, or an axis of length 1: the sum is the same"),
    ("broadcasting.sum_to", "x", "shape", "in isinstance it only leaves out a short cut"),
)
"""Survivors that are no faults."""


def explanation(fault: Fault) -> str | None:
    """Return why a fault that survived is no fault, or None."""
    rule = fault.ops[0].formula(fault.rule)
    if fault.kind == "dropped rule":
        return "the derivative is 0 everywhere" if rule.startswith("np.zeros_like(") else None
    if len(fault.ops) == 1 and rule.startswith("np.zeros_like(") and fault.kind == "swapped operand":
        return SAME_SHAPE
    for where, before, after, why in EQUIVALENT:
        exact = before == fault.before or (len(before) > 4 and before in fault.before) or not before
        if where in fault.where and exact and after in fault.after:
            return why
    return None
