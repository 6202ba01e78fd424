"""Plots: numbers of a recorded program by time step, in the style and the formats of the drawings.

- `plotting`: `viz.plot`; `charts`: what is plotted, as data; `plot`: `Plot`, a chart as SVG; `axes`: its ticks
- `heat_map`: `viz.heat_map` and `HeatMap`, a matrix as SVG; `matrices`: values by time step as its rows
- `sheet`: what both are written on
"""
