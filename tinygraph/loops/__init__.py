"""Loops: in which iteration of which loop of the program an op ran, read back from calls and bytecode.

This and `tinygraph.folding` are the two halves of one idea, the inverse of unrolling. Nothing is guessed from how often
a line ran: every op was recorded with its call and its instruction, so that its place in the program is known exactly.

- `places`: the place of each op (a chain of calls and an instruction) and the iteration of every loop around it
- `grouping`: which ops are one op of the cell, the same place, op and parameters in other iterations
- `over_time`: which of the loops is the one over time, and whether it runs from right to left
- `timesteps`: the time step of each node
"""
