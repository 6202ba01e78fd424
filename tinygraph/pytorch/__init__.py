"""The same graph, drawings and debugger for programs written with PyTorch.

>>> import torch, tinygraph.pytorch
>>> cell, h = torch.nn.RNNCell(3, 4), torch.zeros(2, 4)
>>> with tinygraph.pytorch.record(cell) as recording:
...     for x in torch.ones(5, 2, 3):
...         h = cell(x, h)
...     loss = h.pow(2).mean()
>>> trace = recording.trace(loss)
>>> [term.timestep for term in trace.contributions("weight_hh")]
[5, 4, 3, 2, 1]

What torch computes is left alone, forward and backward: a recording looks on. This is the one room that imports torch.

- `recording`: `record` and what it gives; which passes the program ran
- `mode`, `names`: each function of torch's that is called, what is done with it and what its op is called
- `recorder`: nodes made of calls; `calls` keeps one and pulls back through it by torch, `operands` are its tensors
- `buffers`: running statistics, which enter a value or are only updated
- `listening`: hooks that hear the adjoints of torch's own pass; `unseen`: what torch computed where nobody saw it
- `written_out`, `cells`, `writer`: kernels of recurrent layers as the ops of their cells
- `peers`: the engine's ops that have been seen to agree with torch's, for formulas and trace files
- `scripts`: what `tinygraph debug` and its like ask for; `versions`: which torch there must be
- `naming`: parameters and buffers as ``named_parameters`` and ``named_buffers`` call them
"""

from .versions import refuse_old

refuse_old()

from .recording import Recording, record  # noqa: E402 - which needs what an old torch has not

__all__ = ["Recording", "record"]
