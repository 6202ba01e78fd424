"""A minimal reverse-mode autodiff engine over NumPy that records what a program computes."""

from .backprop import Step, backprop
from .graph import Graph, Node, graph
from .op import Op, each, op, registry
from .ops import *  # noqa: F403 - NumPy's functions, under NumPy's names
from .record import detect_anomaly, no_grad, scope, timestep
from .tensor import Tensor, parameter, tensor
from .trace import Trace, trace
from .trace_file import TraceFileError, load_trace
from .transform import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .verify import verify

__version__ = "0.1.0"
