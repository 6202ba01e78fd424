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
               (sees a vector, too) `TiedCell` (one matrix for input and state) `LSTMCell` `LSTMBlockCell` and
               `GRUCell` (with gates) `Cell` (their base, and that of your own)
               · normalised: `LayerNormElmanCell` `LayerNormLSTMCell` `LayerNormGRUCell` · `RecurrentDropout` (a cell
               that forgets some units)
layers         `unroll` (runs a cell over a sequence) `decode` (lets a cell write one) `Stacked` (cells above one
               another, as one cell) `Layers` (each over the whole sequence before the next) `Bidirectional` (two
               cells, one a direction of time) `AdditiveAttention` (weights over a source) `Readout` (o = c + V h)
               `Embedding` (a vector for each symbol) `Dropout` `VariationalDropout` (one mask for all time steps)
               `LayerNorm` `Module` (the base of all that has parameters)
PyTorch's      `RNN` `LSTM` `GRU`, called as there · `PackedSequence` `pack_padded_sequence` `pack_sequence`
               `pad_packed_sequence`
models         by the shape of the task: `OneToMany` `ManyToOne` `ManyToMany` (synchronous); sequence-to-sequence
               `EncoderDecoder` of `Decoder`, `AttentionEncoderDecoder` of `AttentionDecoder`; `BidirectionalNetwork`
               (outputs that see the future) `Forecaster` (the next values of a series)
               · set by hand: `summing_network` `ComparingNetwork` `ParityNetwork`
               · language models that see the last words alone: `NGram` `FixedWindowModel`
losses         `mse` (squared error) `cross_entropy` (of a softmax) `binary_cross_entropy`
               `binary_cross_entropy_with_logits` (of numbers from 0 to 1)
optimisers     `SGD` `Adam` `AdamW` `RMSprop` `Optimizer` (their base) `optimizer_for` (one by its name)
               · `clip_grad_norm` `clip_grad_value` (bound gradients)
               · learning rates `step_decay` `exponential_decay` `cosine_decay` `warmup` `ReduceLROnPlateau`
training       `fit` (trains, with checkpoints, on workers) `evaluate` (the loss) `History` (what `fit` measured)
               `Update` (what it gives a callback)
               `FileError` (a file is not what it should be) `NonfiniteLossError` (with the loss and its graph)
               · first weights `glorot` `orthogonal` `identity` `uniform` `normal` `zeros` `ones`
results        `predict` (outputs as arrays) · metrics `accuracy` `perplexity` `bits_per_character` `bleu`
               · sequences that a model writes: `generate` `beam_search` (the likeliest, each a `Beam`) `greedy`
               `sampler` `sampling_probabilities`
data           `windows` (of a series, as `Windows`) `Scaler` (standardises) `Vocabulary` (symbols as numbers)
               `one_hot` (numbers as vectors) `pad` (stacks sequences) `mask` (which time steps there are)
               `batches` (padded, each a `Batch`) `split` (into parts)
dynamics       `evolve` (iterates a map) `euler` (solves ds/dt = g) `LinearSystem` `ForcedOscillator` `oscillation`
analysis       `rnn.analysis`, of a recorded loss: adjoints, gradient_norms, lag_matrix (which loss taught whom),
               state_jacobians, jacobian_products, singular_values, largest_singular_value, spectral_radius,
               norm_bounds, saturation, gates, dependence, task_shape
=============  =====================================================================================================
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import analysis
from .attention import AdditiveAttention
from .batching import Batch, batches, pad
from .cells import Cell, ConditionedCell, ElmanCell, JordanCell, TiedCell
from .checks import mask
from .data import Scaler, Vocabulary, Windows, one_hot, split, windows
from .dropout import Dropout, RecurrentDropout, VariationalDropout
from .dynamics import ForcedOscillator, LinearSystem, euler, evolve, oscillation
from .embedding import Embedding
from .forecaster import Forecaster
from .gated import GRUCell, LSTMBlockCell, LSTMCell
from .generation import Beam, beam_search, generate
from .handmade import ComparingNetwork, ParityNetwork, summing_network
from .history import History
from .init import glorot, identity, normal, ones, orthogonal, uniform, zeros
from .language_models import FixedWindowModel
from .layers import Bidirectional, Layers, Stacked
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, mse
from .metrics import accuracy, bits_per_character, bleu, perplexity
from .models import BidirectionalNetwork, ManyToMany, ManyToOne, OneToMany, Readout
from .module import Module
from .ngrams import NGram
from .normalization import LayerNorm, LayerNormElmanCell, LayerNormGRUCell, LayerNormLSTMCell
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
from .optimizers import optimizer_for
from .packing import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence
from .prediction import predict
from .recurrent import GRU, LSTM, RNN
from .rmsprop import RMSprop
from .safetensors import FileError
from .sampling import greedy, sampler, sampling_probabilities
from .schedules import ReduceLROnPlateau, cosine_decay, exponential_decay, step_decay, warmup
from .seq2seq import AttentionDecoder, AttentionEncoderDecoder, Decoder, EncoderDecoder
from .torch_names import HERE as _HERE
from .train import evaluate, fit
from .unrolling import decode, unroll
from .updating import NonfiniteLossError, Update

__all__ = [
    "ElmanCell", "JordanCell", "ConditionedCell", "TiedCell", "LSTMCell", "LSTMBlockCell", "GRUCell", "Cell",
    "LayerNormElmanCell", "LayerNormLSTMCell", "LayerNormGRUCell", "RecurrentDropout",
    "unroll", "decode", "Stacked", "Layers", "Bidirectional", "AdditiveAttention", "Readout", "Module",
    "Embedding", "Dropout", "VariationalDropout", "LayerNorm",
    "RNN", "LSTM", "GRU", "PackedSequence", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "ManyToMany", "ManyToOne", "OneToMany", "BidirectionalNetwork", "Forecaster",
    "EncoderDecoder", "Decoder", "AttentionEncoderDecoder", "AttentionDecoder",
    "NGram", "FixedWindowModel", "summing_network", "ComparingNetwork", "ParityNetwork",
    "mse", "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "SGD", "Adam", "AdamW", "RMSprop", "Optimizer", "optimizer_for", "clip_grad_norm", "clip_grad_value",
    "step_decay", "exponential_decay", "cosine_decay", "warmup", "ReduceLROnPlateau",
    "predict", "accuracy", "perplexity", "bits_per_character", "bleu",
    "generate", "beam_search", "Beam", "greedy", "sampler", "sampling_probabilities",
    "fit", "evaluate", "History", "Update", "FileError", "NonfiniteLossError",
    "glorot", "orthogonal", "identity", "uniform", "normal", "zeros", "ones",
    "windows", "Windows", "Scaler", "Vocabulary", "one_hot", "pad", "mask", "batches", "Batch", "split",
    "evolve", "euler", "LinearSystem", "ForcedOscillator", "oscillation",
    "analysis",
]  # fmt: skip

if not _TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        instead = f"; write {_HERE[name]}" if name in _HERE else ""
        raise AttributeError(f"rnn has no {name}{instead}", name=name, obj=None)
