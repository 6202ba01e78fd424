"""Recurrent networks built from tinygraph's ops, so that each can be recorded, drawn and stepped.

>>> import numpy as np, rnn
>>> series = np.sin(np.arange(60) / 3)
>>> xs, ys = rnn.windows(series, window=4)  # (56, 4), and what follows each, (56, 1)
>>> model = rnn.Forecaster(window=4, hidden_size=20, rng=0)
>>> history = rnn.fit(model, (xs, ys), epochs=50, optimizer=rnn.Adam(model, lr=0.01), quiet=True)
>>> history.train[-1] < 0.05 * history.train[0], model.forecast(series, steps=3).shape
(True, (3,))
>>> hs, h = rnn.unroll(model.cell, xs)
>>> loss = rnn.mse(model.readout(h), ys[-1])  # of the last forecast; viz draws it and steps through it
>>> rnn.analysis.gradient_norms(loss, hs).shape  # ‖∂L/∂h‖ in each time step
(56,)

=============  =====================================================================================================
cells          ``state = cell(state, x)``: `ElmanCell` (h is fed back) `JordanCell` (the output ŷ is) `ConditionedCell`
               (sees a vector, too) `LSTMCell` and `GRUCell` (with gates) `Cell` (their base, and that of your own)
layers         `unroll` (runs a cell over a sequence) `decode` (lets a cell write one) `Stacked` (cells above one
               another, as one cell) `Layers` (each over the whole sequence before the next) `Bidirectional` (two
               cells, one a direction of time) `AdditiveAttention` (weights over a source) `Readout` (o = c + V h)
               `Module` (the base of all that has parameters)
models         by the shape of the task: `OneToMany` `ManyToOne` `ManyToMany` (synchronous); sequence-to-sequence
               `EncoderDecoder` of `Decoder`, `AttentionEncoderDecoder` of `AttentionDecoder`; `BidirectionalNetwork`
               (outputs that see the future) `Forecaster` (the next values of a series)
               · set by hand: `summing_network` `ComparingNetwork` `ParityNetwork`
losses         `mse` (squared error) `cross_entropy` (of a softmax)
optimisers     `SGD` `Adam` `AdamW` `Optimizer` (their base) · `clip_grad_norm` `clip_grad_value` (bound gradients)
               · learning rates `step_decay` `exponential_decay` `cosine_decay` `warmup`
training       `fit` (trains, with checkpoints, on workers) `evaluate` (the loss) `History` (what `fit` measured)
               `Update` (what it gives a callback)
               `FileError` (a file is not what it should be) `NonfiniteLossError` (with the loss and its graph)
               · first weights `glorot` `orthogonal` `identity` `uniform` `zeros`
data           `windows` (of a series, as `Windows`) `Scaler` (standardises) `Vocabulary` (symbols as numbers)
               `one_hot` (numbers as vectors) `pad` (stacks sequences) `mask` (which time steps there are)
               `batches` (padded, each a `Batch`) `split` (into parts)
dynamics       `evolve` (iterates a map) `euler` (solves ds/dt = g) `LinearSystem` `ForcedOscillator` `oscillation`
analysis       `rnn.analysis`, of a recorded loss: adjoints, gradient_norms, lag_matrix (which loss taught whom),
               state_jacobians, jacobian_products, singular_values, largest_singular_value, spectral_radius,
               norm_bounds, saturation, gates, dependence, task_shape
=============  =====================================================================================================
"""

from . import analysis
from .attention import AdditiveAttention
from .batching import Batch, batches, pad
from .cells import Cell, ConditionedCell, ElmanCell, JordanCell
from .checks import mask
from .data import Scaler, Vocabulary, Windows, one_hot, split, windows
from .dynamics import ForcedOscillator, LinearSystem, euler, evolve, oscillation
from .forecaster import Forecaster
from .gated import GRUCell, LSTMCell
from .handmade import ComparingNetwork, ParityNetwork, summing_network
from .history import History
from .init import glorot, identity, orthogonal, uniform, zeros
from .layers import Bidirectional, Layers, Stacked
from .losses import cross_entropy, mse
from .models import BidirectionalNetwork, ManyToMany, ManyToOne, OneToMany, Readout
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
from .safetensors import FileError
from .schedules import cosine_decay, exponential_decay, step_decay, warmup
from .seq2seq import AttentionDecoder, AttentionEncoderDecoder, Decoder, EncoderDecoder
from .train import evaluate, fit
from .unrolling import decode, unroll
from .updating import NonfiniteLossError, Update

__all__ = [
    "ElmanCell", "JordanCell", "ConditionedCell", "LSTMCell", "GRUCell", "Cell",
    "unroll", "decode", "Stacked", "Layers", "Bidirectional", "AdditiveAttention", "Readout", "Module",
    "ManyToMany", "ManyToOne", "OneToMany", "BidirectionalNetwork", "Forecaster",
    "EncoderDecoder", "Decoder", "AttentionEncoderDecoder", "AttentionDecoder",
    "summing_network", "ComparingNetwork", "ParityNetwork",
    "mse", "cross_entropy", "SGD", "Adam", "AdamW", "Optimizer", "clip_grad_norm", "clip_grad_value",
    "step_decay", "exponential_decay", "cosine_decay", "warmup",
    "fit", "evaluate", "History", "Update", "FileError", "NonfiniteLossError",
    "glorot", "orthogonal", "identity", "uniform", "zeros",
    "windows", "Windows", "Scaler", "Vocabulary", "one_hot", "pad", "mask", "batches", "Batch", "split",
    "evolve", "euler", "LinearSystem", "ForcedOscillator", "oscillation",
    "analysis",
]  # fmt: skip
