"""Tracing: a backward pass that was recorded, to be visited at any step in any order.

- `recorded_pass`: the data of a pass, an adjoint for each step, and what can be recomputed from it
- `pooled`: arrays in one block, as small adjoints are
- `steps`, `contributions`, `ledger`: a step as it is shown; the terms that a gradient is the sum of, and their table
- `cuts`: where a Tensor left the graph while it was recorded, and where it came back
- `notation`, `formula`: the chain rule of a step as mathematics, made from the source of the rule that runs
- `expressions`: a program's own expression as mathematics
- `trace`: `Trace`, the one thing that users hold
- `told`: a trace of a pass that another framework has run, of the adjoints that it computed
- `what_if`: a pass replayed with something changed, beside the original; `changes` finds what, `replaying` and
  `twins` compute it
- `trace_file`: a trace in a file, opened on any machine, never executed; `saving` and `loading` make plain data of it
  and back, with `packing` for arrays, `saved_visits` for time, `saved` and `saved_nodes` for nodes and ops, `checks` of
  what is read
"""
