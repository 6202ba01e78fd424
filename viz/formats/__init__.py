"""Formats: a drawing as SVG, DOT, PNG, PDF or text.

- `drawing`: `Drawing`, what `viz.draw` hands out; `exports`: the format for a suffix
- `svg`, `style`: the picture; `bitmap`: the same as PNG; `print`: as PDF, EPS, JPEG; `dot`: as Graphviz's text
"""
