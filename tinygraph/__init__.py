"""A minimal reverse-mode autodiff engine over NumPy that records what a program computes."""

from .backward.anomaly import detect_anomaly
from .backward.backprop import Step, backprop
from .backward.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .folding.fold import fold
from .folding.folded import FoldedGraph
from .graphs.graph import Graph, graph
from .ops import fourier as fft  # tg.fft.rfft stands where np.fft.rfft does
from .ops.activations import *  # noqa: F403 - each family says in __all__ what is public
from .ops.calculus import *  # noqa: F403
from .ops.decompositions import *  # noqa: F403
from .ops.elementwise import *  # noqa: F403
from .ops.indexing import *  # noqa: F403
from .ops.joining import *  # noqa: F403
from .ops.linalg import *  # noqa: F403
from .ops.losses import *  # noqa: F403
from .ops.matrices import *  # noqa: F403
from .ops.products import *  # noqa: F403
from .ops.reductions import *  # noqa: F403
from .ops.shapes import *  # noqa: F403
from .ops.statistics import *  # noqa: F403
from .ops.transcendental import *  # noqa: F403
from .ops.without_gradient import *  # noqa: F403
from .recording.context import iteration, no_grad, scope, timestep
from .recording.creation import parameter, tensor
from .recording.node import Node
from .recording.op import Op, each, op, registry
from .recording.tensor import Tensor
from .testing.verification import verify
from .tracing.trace import Trace, load_trace, trace
from .tracing.trace_file import TraceFileError

__version__ = "0.1.0"
