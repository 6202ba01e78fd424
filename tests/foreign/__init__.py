"""The engine as outsiders meet it: programs, calls and whole test suites that were not written for it.

Suites of other libraries, run on this engine through a thin adapter (``python -m tests.foreign autograd|mygrad PATH``):

- `suite`: run the tests of a checkout with stand-in packages in the place of the library, and say what became of each
- `standin`: packages that exist in memory alone
- `autograd_package`, `autograd_numpy`, `autograd_scipy`, `autograd_checks`: what HIPS autograd's tests import
- `mygrad_package`, `mygrad_factories`, `mygrad_nnet`: what MyGrad's tests import

Programs of our own, written as other people write them:

- `numpy_calls`: a table of NumPy calls, each compared with jax or finite differences
- `oracles`: derivatives without any rule of the engine
- `program`: a program that is written once and runs on arrays and on Tensors, and what is expected of it
- `test_*_programs`: such programs, by theme
- `tables`: tables that a program fills cell by cell, on arrays and on Tensors
- `campaign`: random programs that fill tables and write in place (``python -m tests.foreign.campaign --long``)
"""
