"""What a call depends on, so that a plan stands for no other calls than it may.

- `arguments`: what of a call may hold other numbers in the next one
- `reach`, `state`: what a function reads besides, found through the code that ran, and whether that is still the same
- `bytecode`, `libraries`: what code says of itself, and what is known of code that is not the program's
- `noting`: which code runs, and which exceptions it can catch
- `watching`, `capture`: a call recorded with its arrays as leaves, and what was asked of Tensors meanwhile
- `moving`: the numbers that it is recorded with
"""
