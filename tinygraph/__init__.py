"""A minimal reverse-mode autodiff engine over NumPy that records what a program computes."""

from .backprop import Step, backprop
from .fold import fold
from .folded import FoldedGraph
from .graph import Graph, graph
from .leaves import parameter, tensor
from .node import Node
from .op import Op, each, op, registry
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
from .ops.plain import *  # noqa: F403
from .ops.products import *  # noqa: F403
from .ops.reductions import *  # noqa: F403
from .ops.shapes import *  # noqa: F403
from .ops.statistics import *  # noqa: F403
from .ops.transcendental import *  # noqa: F403
from .record import detect_anomaly, no_grad, scope, timestep
from .tensor import Tensor
from .trace import Trace, trace
from .trace_file import TraceFileError, load_trace
from .transform import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .verify import verify

__version__ = "0.1.0"
