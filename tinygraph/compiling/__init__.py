"""Compiling: a function that is recorded once and then runs as NumPy code written for it alone.

- `compiled`: `compile`, and the calls of a compiled function
- `making`: the first call, in which a plan is made and compared with the function itself
- `plan`, `results`: a plan, and what a call returns
- `calls`: what of a call and of what a function reads may be other the next time
- `forms`: the intermediate form, its backward pass, and what becomes a loop
- `emitting`, `looping`: its source, and a loop as calls of NumPy
- `native`: or as source for numba
- `llvm`: what that calls, its compiler and its cache on disk; this room alone imports numba
- `naming`: the source for readers, with the program's own names
"""
