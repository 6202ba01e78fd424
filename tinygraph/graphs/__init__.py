"""Graphs: what a program recorded, as plain data in the order of recording.

- `graph`: `Graph`, its nodes, their consumers, its export to networkx
- `symbols`: how nodes are written in formulas (``h⁽³⁾``) and found by what is written (``h[3]``)
"""
