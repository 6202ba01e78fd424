"""Tutorial: a PyTorch LSTM that forgets.

The class of a sequence is the sign of its first number, thirty time steps before the loss. An LSTM should keep that,
and its forget gates were even opened for it. It does not learn: what comes back to the first time step?
"""

import torch
from torch import nn

import tinygraph.pytorch
import viz

torch.manual_seed(0)
X = torch.randn(30, 16, 1)
target = (X[0, :, 0] > 0).long()

lstm, out = nn.LSTM(1, 8), nn.Linear(8, 2)
with torch.no_grad():
    for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
        bias[8:16] = -1.0  # open the forget gates

with tinygraph.pytorch.record() as recording:
    hs, (h, c) = lstm(X)
    loss = nn.functional.cross_entropy(out(hs[-1]), target)

viz.debug(recording.trace(loss))
