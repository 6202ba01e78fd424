"""Compiling: a function that is recorded once and then runs as NumPy code written for it alone.

What a call depends on:

- `compiled`: `compile`, and the calls of a compiled function
- `arguments`: what of a call may hold other numbers in the next one
- `reach`, `state`: what a function reads besides, found through the code that ran, and whether that is still the same
- `bytecode`, `libraries`, `own`: what code says of itself; what is a library's, and which ops are tinygraph's
- `noting`: what ran, and what was caught
- `watching`, `capture`: a call recorded with its arrays as leaves, and what was asked of Tensors meanwhile
- `making`: the first call, in which a plan is made and compared with the function itself
- `moving`: the other numbers that it records

The program that it becomes:

- `form`: the intermediate form, values of ops, once or for every iteration of a loop
- `lowering`, `recurring`: a recorded graph brought into it, op by op or folded into its loops
- `derivative`, `rules`: its backward pass, by the ops' own rules
- `improving`: that backward pass as an expert would write it
- `schedule`: what is a loop, and what runs for all time steps at once
- `emitting`, `batching`, `totals`: its source
- `recurrence`, `looping`: the buffers of a loop, and the loop as calls of NumPy
- `fusing`, `places`, `scalars`, `elements`, `arrays`, `kernels`: or as one that numba compiles
- `functions`: such loops, with what runs for all iterations between them, as one compiled function
- `numeric`: the compiler of such functions; `instructions`, `mathematics`, `losses`, `products`, `blas`: what they
  call; `cache`: where they are kept for other processes; these alone import numba
- `naming`: that source for readers, with the program's own names
- `plan`, `results`: all that together, and what a call returns
"""
