from dataclasses import dataclass

import numpy as np

import tinygraph as tg

Tensor = type(tg.parameter(np.zeros(1)))


@dataclass
class PeepholeParams:
    Wi: Tensor
    Wf: Tensor
    Wo: Tensor
    Wc: Tensor
    pi: Tensor  # peepholes are diagonal, so vectors
    pf: Tensor
    po: Tensor
    bi: Tensor
    bf: Tensor
    bo: Tensor
    bc: Tensor
    V: Tensor

    @classmethod
    def create(cls, nx, nh, seed):
        rng = np.random.default_rng(seed)
        mats = {k: tg.parameter(rng.normal(0, 0.3, (nh, nx + nh))) for k in ("Wi", "Wf", "Wo", "Wc")}
        peeps = {k: tg.parameter(rng.normal(0, 0.1, nh)) for k in ("pi", "pf", "po")}
        biases = {k: tg.parameter(np.zeros(nh)) for k in ("bi", "bf", "bo", "bc")}
        return cls(**mats, **peeps, **biases, V=tg.parameter(rng.normal(0, 0.3, nh)))


@dataclass
class State:
    h: object
    c: object


def sigm(x):
    return 1.0 / (1.0 + np.exp(-x))


def step(theta: PeepholeParams, s: State, x) -> State:
    xh = np.concatenate([x, s.h])
    i = sigm(theta.Wi @ xh + theta.pi * s.c + theta.bi)
    f = sigm(theta.Wf @ xh + theta.pf * s.c + theta.bf)
    c = f * s.c + i * np.tanh(theta.Wc @ xh + theta.bc)
    o = sigm(theta.Wo @ xh + theta.po * c + theta.bo)  # looks at the new cell
    return State(h=o * np.tanh(c), c=c)


def main():
    # timing task: say 1 two steps after each spike
    spikes = np.array([1, 0, 0, 0, 1, 0, 0, 0], dtype=float)
    target = np.roll(spikes, 2)
    theta = PeepholeParams.create(nx=1, nh=3, seed=7)
    s = State(np.zeros(3), np.zeros(3))
    loss = 0.0
    for x, y in zip(spikes, target):
        s = step(theta, s, np.array([x]))
        y_hat = sigm(theta.V @ s.h)
        loss = loss - (y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))
    return loss / len(spikes)
