"""Loops: in which iteration of which loop of the program an op ran, read back from calls and bytecode.

This and `tinygraph.folding` are the two halves of one idea, the inverse of unrolling. Nothing is guessed from how often
a line ran: every op was recorded with its call and its instruction, so that its place in the program is known exactly.

- `reads`: which ops read each node; `coded`: values of millions of nodes, equal ones once
- `places`: where an op stands, an instruction reached by a chain of calls, and the loops around it
- `visits`: the place of each op and the iteration of every loop around it: read, told by `tg.iteration` or counted
- `counters`: what ops tell of the variables of loops, where a loop goes on and nothing is recorded
- `signatures`: what an op is wherever it stands: its static attributes, the parameters it uses
- `keys`: rows of numbers, numbered
- `grouping`: which ops are one op of the cell, the same place, signature and parameters in other iterations
- `over_time`: which of the loops is the one over time, and whether it runs from right to left
- `shifts`: which of them begin with a later time step than the first
- `leaves`: the time step of each leaf, and which leaves are initial states
- `timeline`: what the rest of tinygraph asks: time steps, runs, slots and initial states, by the index of the node
"""
