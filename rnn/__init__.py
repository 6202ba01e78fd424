"""The networks of the lectures, built from tinygraph's ops so that each can be recorded, drawn and stepped.

Examples
--------
>>> import rnn
>>> model = rnn.Forecaster(window=4, hidden_size=20, rng=0)
>>> model.num_parameters()
521
"""

from . import analysis
from .attention import AdditiveAttention
from .cells import Cell, ConditionedCell, ElmanCell, JordanCell
from .checkpoint import History
from .checks import mask
from .data import Batch, Scaler, Vocabulary, batches, one_hot, pad, split, windows
from .decoding import decode
from .dynamics import ForcedOscillator, LinearSystem, euler, evolve, oscillation
from .forecaster import Forecaster
from .gated import GRUCell, LSTMCell
from .handmade import ComparingNetwork, ParityNetwork, summing_network
from .init import glorot, identity, orthogonal, uniform, zeros
from .layers import Bidirectional, Layers, Stacked
from .losses import cross_entropy, mse
from .models import BidirectionalNetwork, ManyToMany, ManyToOne, OneToMany, Readout
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
from .safetensors import FileError
from .schedules import cosine_decay, exponential_decay, step_decay, warmup
from .seq2seq import (
    AttentionDecoder,
    AttentionEncoderDecoder,
    Decoder,
    EncoderDecoder,
)
from .train import evaluate, fit
from .unrolling import unroll

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
