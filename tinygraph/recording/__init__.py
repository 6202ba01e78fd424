"""Recording: values, and how they were made.

Read in this order:

- `tensor`: a `Tensor` is an array with the op and the inputs that made it; `make` is the one place that records;
  `rarely`: the attributes that few Tensors have
- `creation`: leaves, the Tensors that a program makes of its own numbers
- `primitive`, `op`: an op is a forward function with one VJP rule an argument, side by side, and the registry of them
- `applying`, `pullback`: an op run forward, and an adjoint pulled back through it, both by arity
- `broadcasting`, `sparse`: what a contribution is summed to, and one that is zero but for the elements of an index
- `context`: scopes, time steps, `no_grad`
- `calls`, `bytecode`, `source`: in which call and at which instruction an op ran, and the source text of that place;
  `filenames`: how a file is called there
- `syntax`, `idioms`, `paths`, `operands`: what the program calls a value, followed through its text from what made it
- `passes`: what a recorded backward pass says of itself
- `foreign`, `skipped`: what bridges to other frameworks need: their calls as nodes, their frames skipped
- `cuts`, `conversion`: where a Tensor would leave the graph, and what to write instead
- `departures`: what left it all the same, where, and how it is known again where it comes back
- `node`: one recorded value as plain data, which all the later rooms read
"""
