"""Folding: from an unrolled graph back to its recurrence, and from that to the same graph again.

`tinygraph.loops` groups the ops; here they become the nodes of one cell:

- `indices`: which iteration an argument reads, as an index expression: i − 1, the first, the last, n − 1 − i
- `cell`: the loops, nodes and edges of a recurrence
- `folded`: `FoldedGraph`, and its unrolling
- `fold`: from a Graph to a FoldedGraph; exact whatever the grouping, which only decides how small it is
- `report`: a recurrence as text
- `recurrence`: what has to run one iteration after the other, and what could run for all time steps at once
"""
