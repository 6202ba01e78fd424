"""Layout: where everything of a scene stands. One cell is laid out by Graphviz and tiled over time.

- `positions`: the result; `lay_out`: the verb
- `geometry`: boxes and paths; `metrics`, `typeset`, `size`: how large texts and nodes are
- `cell`, `graphviz_layout`: one time step laid out; `bends`: the loops that Graphviz draws poorly
- `tiling`: the same cell set again and again from left to right, by way of a `plan`:
  `edges` sorts the edges, `rows` finds the heights, `columns` the widths, `routes` the lines between columns
- `edge_labels`, `surroundings`: where labels stand, off everything else
"""
