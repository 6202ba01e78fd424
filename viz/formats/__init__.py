"""Formats: a drawing as SVG, DOT, PNG, PDF or text.

- `picture`: `Picture`, what all have in common; `drawing`: `Drawing`, what `viz.draw` hands out
- `side_by_side`: several pictures as one
- `exports`: networkx, GraphML, Mermaid, words; `dot`: Graphviz's text
- `svg`, `style`, `legend`, `text`: the picture; `standing`: within another, or a page
- `bitmap`: the same as PNG; `print`: as PDF, EPS, JPEG
"""
