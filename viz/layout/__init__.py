"""Layout: where everything of a scene stands. One cell is laid out by Graphviz and tiled over time.

- `positions`: the result; `lay_out`: the verb
- `cell`, `graphviz_layout`, `metrics`: one time step laid out, with the sizes of its texts
- `tiling`, `plan`, `columns`, `rows`, `size`: the same cell set again and again from left to right
- `edges`, `routes`, `bends`, `edge_labels`, `geometry`, `typeset`: lines and the labels on them
"""
