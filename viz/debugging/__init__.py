"""Debugging: walking through a trace, without a screen.

- `debugger`: a position in a trace, and moves to another
- `breakpoints`: where to stop; `lines`: FILE:LINE;
  `expressions`, `names`: what a user may ask at a step
- `snapshot`: what there is to see at a step, as data
"""
