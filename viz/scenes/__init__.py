"""Scenes: what is drawn, and nothing of pixels: nodes, edges, columns and labels of one view of a graph.

- `scene`: the data; `labels`, `text`: what stands on it
- `ops`, `variables`, `folded`: the views; `gradients`: the backward pass drawn upon one
- `calendar`, `segments`, `slots`, `window`: which column and row a node belongs to, and which time steps are shown
- `collapse`, `contraction`: parts shown as one node
- `overlays`: colours by a quantity
"""
