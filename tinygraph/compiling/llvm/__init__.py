"""What compiled functions call, and their compiler: the one room that imports numba.

- `numeric`: the compiler
- `cache`: where compiled functions are kept on disk for other processes
- `instructions`: numbers, arrays and loops in LLVM's instructions, in which the rest is written
- `mathematics`, `losses`, `products`: functions of single numbers, cross-entropy, products of matrices
- `blas`: products of large matrices by NumPy's own BLAS
"""
