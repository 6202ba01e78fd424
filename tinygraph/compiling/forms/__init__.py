"""The intermediate form: what a program computes, once or for every iteration of a loop, and its backward pass.

- `form`: values of ops, once or for every iteration
- `own`: which ops are tinygraph's
- `lowering`, `recurring`: a recorded graph brought into it, op by op or folded into its loops
- `derivative`, `rules`: its backward pass, by the ops' own rules
- `improving`: that backward pass as an expert would write it
- `schedule`: what is a loop, and what runs for all time steps at once
- `recurrence`: the buffers of a loop
- `batching`, `totals`: what runs for all iterations at once, and sums over them
- `scalars`: elementwise ops as expressions
"""
