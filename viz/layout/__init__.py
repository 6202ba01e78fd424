"""Layout: where everything of a scene stands. One cell is laid out by Graphviz and tiled over time.

- `positions`: the result; `lay_out`: the verb
- `geometry`: boxes and paths; `metrics`, `typeset`, `size`: how large texts and nodes are
- `cell`: one time step laid out, by way of a `request` to Graphviz: `graphviz_layout` asks it,
  in a process of its own (`graphviz_process`, `graphviz_worker`); `bends` draws the loops that it draws poorly,
  `straight` and `buses` the lines of a gated cell
- `layered`, `layers`: a plainer layout of our own, for where Graphviz fails
- `tiling`: the same cell set again and again from left to right, by way of a `plan`:
  `edges` sorts the edges, `rows` finds the heights, `columns` the widths, `routes` the lines between columns
- `edge_labels`, `surroundings`: where labels stand, off everything else
"""
