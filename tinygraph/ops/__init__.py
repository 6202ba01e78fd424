"""The primitives, a family a file; each a row: forward and VJP rules side by side.

>>> import tinygraph as tg
>>> from tinygraph.recording.numpy_protocol import numpy_functions
>>> len(numpy_functions) > 240  # NumPy functions that take Tensors
True
"""

from . import operators

operators.attach()
