"""doctor: what is wrong with a network, as a good engineer would find it: a table of checks, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..tracing.trace import Trace
from .symptoms.case import Case, Symptom
from .symptoms.copies import copied_weights
from .symptoms.cutting import cut_off_model, returned_values
from .symptoms.depth import sum_with_itself, vanishing_through_layers
from .symptoms.directions import halves_not_turned_back
from .symptoms.gradients import equal_units, without_gradient
from .symptoms.masks import reads_the_future, state_put_to_zero, unscaled_dropout
from .symptoms.mixing import batch_statistics, mixed_examples
from .symptoms.numbers import cancellation, not_finite, outlying_inputs
from .symptoms.parameters import (
    one_cell_both_ways,
    one_cell_in_layers,
    read_in_place_of_another,
    under_two_names,
)
from .symptoms.rules import wrong_rules
from .symptoms.shapes import enlarged_operands, softmax_across_targets, softmax_of_probabilities, wrapped_indices
from .symptoms.terms import mean_and_sum
from .symptoms.units import saturated, saturated_attention, units_off

Check = Callable[[Case], Iterator[Symptom]]

QUICK: tuple[Check, ...] = (  # look at what was recorded
    not_finite,
    returned_values,
    cut_off_model,
    copied_weights,
    enlarged_operands,
    softmax_across_targets,
    softmax_of_probabilities,
    wrapped_indices,
    reads_the_future,
    state_put_to_zero,
    sum_with_itself,
    halves_not_turned_back,
    one_cell_in_layers,
    under_two_names,
    read_in_place_of_another,
    units_off,
    saturated,
    saturated_attention,
    cancellation,
    outlying_inputs,
    without_gradient,
    equal_units,
    vanishing_through_layers,
)
THOROUGH: tuple[Check, ...] = (one_cell_both_ways, wrong_rules, mixed_examples)  # take longer, or run ops
HINTS: tuple[Check, ...] = (batch_statistics, unscaled_dropout, mean_and_sum)  # right or wrong by what is meant


def hints(trace: Trace) -> list[Symptom]:
    """Return what is right in a pass if it is meant, or if evaluation does its part: no symptoms, but where to look.

    Parameters
    ----------
    trace : Trace
        A recorded pass.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> h = tg.parameter(np.linspace(-1, 1, 15).reshape(3, 5), name="h")
    >>> [hint] = hints(tg.trace(np.mean((h - 1) ** 2) + np.sum(h**2)))
    >>> hint.text.split(":")[0]
    'the loss adds a sum over 3×5 values to a mean over 3×5'
    """
    case = Case(trace)
    return [hint for check in HINTS for hint in check(case)]


def doctor(trace: Trace, *, thorough: bool = True) -> list[Symptom]:
    """Return what is not as in a healthy network, the likeliest causes first.

    Parameters
    ----------
    trace : Trace
        A recorded pass.
    thorough : bool
        Whether to run ops again too: the program's own, to check their rules, and all of them with another example in
        the place of one, to see whether others read it.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> prediction, target = tg.parameter(np.ones((16, 1)), name="prediction"), np.zeros(16)
    >>> [symptom] = doctor(tg.trace(np.mean((prediction - target) ** 2)))
    >>> symptom.kind, symptom.text
    ('broadcast', 'subtract of 16×1 with 16 gives 16×16: every element meets every other')
    """
    case = Case(trace)
    return [symptom for check in (*QUICK, *(THOROUGH if thorough else ())) for symptom in check(case)]
