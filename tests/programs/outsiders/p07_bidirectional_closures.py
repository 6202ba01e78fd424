import numpy as np

import tinygraph as tg

rng = np.random.default_rng(77)


def make_rnn(n_in, n_out, scale=0.4):
    w = tg.parameter(rng.standard_normal((n_in + n_out, n_out)) * scale)
    b = tg.parameter(np.zeros(n_out))

    def run(x, reverse=False):
        n, T, _ = x.shape
        steps = range(T - 1, -1, -1) if reverse else range(T)
        h = np.zeros((n, n_out))
        out = [None] * T
        for t in steps:
            h = np.tanh(np.concatenate((x[:, t], h), axis=-1) @ w + b)
            out[t] = h
        return np.stack(out, axis=1)

    return run


def make_bidirectional(n_in, n_out):
    fwd = make_rnn(n_in, n_out)
    bwd = make_rnn(n_in, n_out)

    def run(x):
        return np.concatenate((fwd(x), bwd(x, reverse=True)), axis=-1)

    return run


def make_linear(n_in, n_out):
    w = tg.parameter(rng.standard_normal((n_in, n_out)) * 0.4)
    b = tg.parameter(np.zeros(n_out))
    return lambda x: x @ w + b


def sequential(*fs):
    def run(x):
        for f in fs:
            x = f(x)
        return x

    return run


model = sequential(make_bidirectional(2, 3), make_bidirectional(6, 3), make_linear(6, 1))


def main():
    rng = np.random.default_rng(7)
    # is the running sum seen from both ends the same sign?
    x = rng.standard_normal((4, 5, 2))
    s = x.sum(-1)
    left, right = np.cumsum(s, 1), np.cumsum(s[:, ::-1], 1)[:, ::-1]
    y = (left * right > 0).astype(float)
    logit = model(x)[:, :, 0]
    return (np.log1p(np.exp(logit)) - y * logit).mean()
