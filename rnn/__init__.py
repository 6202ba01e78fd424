"""The networks of the lectures, built from tinygraph's ops so that each can be recorded, drawn and stepped.

Examples
--------
>>> import rnn
>>> model = rnn.Forecaster(window=4, hidden_size=20, rng=0)
>>> model.num_parameters()
521
"""

from rnn import analysis
from rnn.attention import AdditiveAttention
from rnn.cells import Cell, ConditionedCell, ElmanCell, JordanCell
from rnn.checkpoint import History
from rnn.checks import mask
from rnn.data import Batch, Scaler, Vocabulary, batches, one_hot, pad, split, windows
from rnn.decoding import decode
from rnn.dynamics import ForcedOscillator, LinearSystem, euler, evolve, oscillation
from rnn.forecaster import Forecaster
from rnn.gated import GRUCell, LSTMCell
from rnn.handmade import ComparingNetwork, ParityNetwork, summing_network
from rnn.init import glorot, identity, orthogonal, uniform, zeros
from rnn.layers import Bidirectional, Layers, Stacked
from rnn.losses import cross_entropy, mse
from rnn.models import BidirectionalNetwork, ManyToMany, ManyToOne, OneToMany, Readout
from rnn.module import Module
from rnn.optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
from rnn.safetensors import FileError
from rnn.schedules import cosine_decay, exponential_decay, step_decay, warmup
from rnn.seq2seq import (
    AttentionDecoder,
    AttentionEncoderDecoder,
    Decoder,
    EncoderDecoder,
)
from rnn.train import evaluate, fit
from rnn.unrolling import unroll

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "AdditiveAttention",
    "AttentionDecoder",
    "AttentionEncoderDecoder",
    "Batch",
    "Bidirectional",
    "BidirectionalNetwork",
    "Cell",
    "ComparingNetwork",
    "ConditionedCell",
    "Decoder",
    "ElmanCell",
    "EncoderDecoder",
    "FileError",
    "ForcedOscillator",
    "Forecaster",
    "GRUCell",
    "History",
    "JordanCell",
    "LSTMCell",
    "Layers",
    "LinearSystem",
    "ManyToMany",
    "ManyToOne",
    "Module",
    "OneToMany",
    "Optimizer",
    "ParityNetwork",
    "Readout",
    "Scaler",
    "Stacked",
    "Vocabulary",
    "analysis",
    "batches",
    "clip_grad_norm",
    "clip_grad_value",
    "cosine_decay",
    "cross_entropy",
    "decode",
    "euler",
    "evaluate",
    "evolve",
    "exponential_decay",
    "fit",
    "glorot",
    "identity",
    "mask",
    "mse",
    "one_hot",
    "orthogonal",
    "oscillation",
    "pad",
    "split",
    "step_decay",
    "summing_network",
    "uniform",
    "unroll",
    "warmup",
    "windows",
    "zeros",
]
