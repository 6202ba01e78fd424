"""Plots: numbers of a recorded program by time step, in the style and the formats of the drawings.

- `charts`: what is plotted, as data: gradients by time step, contributions to a parameter's gradient
- `plot`: `Plot`, a chart as SVG; `axes`: its ticks and where a number stands
- `matrices`: a value by time step as the rows of a matrix; `heat_map`: `HeatMap`, one as SVG
- `page`: what both write
"""
