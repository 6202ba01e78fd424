"""Backward: from an output to the gradients of the leaves.

- `backprop`: the walk backward as a generator, which `Tensor.backward` drains and the debugger pauses
- `higher_order`: the same rules run on Tensors, so that gradients can be differentiated again
- `derivatives`: `grad`, `vjp`, `jvp`, `jacobian`, `hessian` of functions of pytrees
- `traced_call`, `pytree`: the call of a function that is differentiated, and what it may take and return
- `sums`, `replay`: running sums of contributions, and rules run again on what was recorded
- `watching`: the debugger of a training loop, whichever it is
- `anomaly`: stop at the first NaN or infinity
"""

from ..memory import keep_freed_memory
from ..recording.tensor import Tensor
from .backprop import backward

Tensor.backward = backward
keep_freed_memory()
