"""Loops, and what runs between them, as the source of functions that numba compiles.

- `fusing`: which elementwise ops become one pass
- `places`: where values lie in the arguments of a function
- `elements`, `arrays`: ops as passes over elements, and as calls on arrays
- `kernels`: a loop as one function
- `functions`: several loops, with what runs for all iterations between them, as one function
"""
