"""Functions of plain NumPy, written by somebody who knew neither this project nor what would be tried on them.

Each module has ``loss(params, *data)``, which returns a scalar, and ``cases(rng)``, which yields arguments of the same
shapes and some of others. `STATEFUL` depend on values, on globals that they change, or on random numbers.
"""

STATEFUL = ("f04", "f08", "f11", "f14")
