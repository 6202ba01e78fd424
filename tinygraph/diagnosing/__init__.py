"""Diagnosing: what is wrong with a recorded pass, as plain functions of traces that return plain data.

- `nonfinite`: where NaN and infinity begin
- `makers`: which line of the program made a constant
- `equations`: the recurrence as text, once for all time steps and layers
- `divergence`: where two recorded runs first differ
- `gradient_flow`: what becomes of the gradient on its way back through time, and whether it vanishes or explodes
- `local_gains`: which op of the cell makes a gradient smaller or larger, and by how much
- `lag_matrix`: which loss teaches which state; `loss_terms`: the loss as a sum of terms by time step
- `checkup`: `doctor`, what a good engineer would look at, a table of checks; `symptoms`: the checks; `hints`, what is
  right if evaluation does its part
- `updates`: parameters that no update changes, gradients that are not reset, from pass to pass
- `mixing`: which rows of an axis reach another row's results, and the first op that joins them
- `forward_values`: the values of the forward pass by time step and scope, and the weights that carry the state
- `values_by_time`: the named values of each loop by time step, and the state that is carried through time
"""

from .checkup import doctor, hints
from .divergence import Divergence, diff
from .equations import Equation, network
from .forward_values import Forward, forward
from .gradient_flow import Flow, flow, flows
from .lag_matrix import Lag, lag, reach
from .local_gains import Gain, extreme_gain
from .makers import Maker, made_at
from .mixing import Mix, mix, reading_order
from .nonfinite import Origin, nonfinite_origin, nonfinite_places, operands_there
from .symptoms.case import Symptom
from .values_by_time import Variable, by_timestep, carried, memory, state, state_name, states, variables

__all__ = [
    "Divergence",
    "Equation",
    "Flow",
    "Forward",
    "Gain",
    "Lag",
    "Maker",
    "Mix",
    "Origin",
    "Symptom",
    "Variable",
    "by_timestep",
    "carried",
    "diff",
    "doctor",
    "extreme_gain",
    "flow",
    "flows",
    "forward",
    "hints",
    "lag",
    "made_at",
    "memory",
    "mix",
    "network",
    "nonfinite_origin",
    "nonfinite_places",
    "operands_there",
    "reach",
    "reading_order",
    "state",
    "state_name",
    "states",
    "variables",
]
