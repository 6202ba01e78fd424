from collections import namedtuple
from functools import partial
from itertools import accumulate

import numpy as np

import tinygraph as tg

State = namedtuple("State", "h c")
Params = namedtuple("Params", "W_gates peep b_gates w_out b_out")


def peephole_lstm(params, state, x):
    H = state.h.shape[0]
    a = params.W_gates @ np.concatenate([x, state.h]) + params.b_gates
    i = tg.sigmoid(a[0:H] + params.peep[0] * state.c)
    f = tg.sigmoid(a[H : 2 * H] + params.peep[1] * state.c)
    c = f * state.c + i * np.tanh(a[2 * H : 3 * H])
    o = tg.sigmoid(a[3 * H : 4 * H] + params.peep[2] * c)
    return State(o * np.tanh(c), c)


def init(D, H, seed=24):
    rng = np.random.default_rng(seed)
    return Params(
        *map(
            tg.parameter,
            [
                rng.normal(0, 0.3, (4 * H, D + H)),
                rng.normal(0, 0.3, (3, H)),
                np.repeat([0.0, 1.0, 0.0, 0.0], H),
                rng.normal(0, 0.3, H),
                np.zeros(()),
            ],
        )
    )


def predict(params, xs):
    s0 = State(np.zeros(3), np.zeros(3))
    states = accumulate(xs, partial(peephole_lstm, params), initial=s0)
    next(states)
    return np.stack([s.h @ params.w_out + params.b_out for s in states])


def main():
    params = init(D=2, H=3)
    # adding problem
    rng = np.random.default_rng(0)
    values = rng.random(6)
    marks = np.array([0, 1, 0, 0, 1, 0.0])
    xs = list(np.column_stack([values, marks]))
    running = np.cumsum(values * marks)
    return np.mean(np.abs(predict(params, xs) - running))
