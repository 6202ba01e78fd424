"""Scenes: what is drawn, and nothing of pixels: nodes, edges, columns and labels of one view of a graph.

- `scene`: the data
- `ops`, `variables`, `calls`: the views of an unrolled graph, and `unrolled` what they share
- `folded`: those of its recurrence; `ghosts`: its states of the time step before, in columns
- `gates`: what makes a cell gated, by way of `ranges`; `cell_parts`: its operators; `rows`: what stands at one height
- `calendar`: which column and row a node belongs to; `segments`: which loops over time share their columns
- `equal_inputs`: an array given to several ops is one node
- `loop_letters`: a letter for each loop; `norms`: normalisations as one node each
- `names`, `labels`, `hues`: what stands on a node, and its colour
- `operands`: the time steps in expressions
- `contraction`: unnamed results become edges; `collapse`: a scope becomes one node; `window`: time steps are left out
- `gradients`: the backward pass drawn upon the forward one; `overlays`: colours by a quantity
- `scale`: numbers as colours; `numbers`: small values as such
"""
