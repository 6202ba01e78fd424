"""Symptoms: what a good engineer would look at in a recorded pass, each check a small function of a `Case`.

A check says nothing of a healthy network: `tests/tinygraph/diagnosing/test_doctor.py` holds all of them against every
healthy program there is.

- `case`: `Case`, a trace with its ops grouped by their lines, and `Symptom`, what is found
- `shapes`: broadcasts that enlarge both operands, a softmax over another axis than its target's
- `units`: units off for all data, saturated gates; `summands`: which part of a sum makes it large
- `masks`: an attention that reads the future, a last state that is put to 0, a dropout without its scale
- `directions`: halves of a bidirectional network that do not fit each other
- `depth`: gradients that vanish through layers, a sum of a value with itself
- `numbers`: NaN, cancellation, an input far from its neighbours
- `parameters`: parameters without a gradient, or with one that is rounding; one parameter under two names, one cell in
  several layers
- `selection`: whether a program chooses a parameter by its loop
- `cutting`: values that left the graph and came back, a state whose detach leaves the model without a gradient
- `copies`: weights that are constant copies of parameters
- `rules`: rules that differ from their forward functions
- `terms`: a loss that adds a mean and a sum
- `mixing`: examples of a batch that read one another
"""
