import numpy as np

import tinygraph as tg


class LSTMCell:
    def __init__(self, input_size, hidden_size, rng):
        k = 1.0 / np.sqrt(hidden_size)

        def init(*shape):
            return tg.parameter(rng.uniform(-k, k, shape))

        self.W_i = init(input_size, hidden_size)
        self.W_f = init(input_size, hidden_size)
        self.W_o = init(input_size, hidden_size)
        self.W_g = init(input_size, hidden_size)
        self.U_i = init(hidden_size, hidden_size)
        self.U_f = init(hidden_size, hidden_size)
        self.U_o = init(hidden_size, hidden_size)
        self.U_g = init(hidden_size, hidden_size)
        self.b_i = tg.parameter(np.zeros(hidden_size))
        self.b_f = tg.parameter(np.ones(hidden_size))
        self.b_o = tg.parameter(np.zeros(hidden_size))
        self.b_g = tg.parameter(np.zeros(hidden_size))
        self.hidden_size = hidden_size

    def __call__(self, x, state):
        h, c = state
        i = tg.sigmoid(x @ self.W_i + h @ self.U_i + self.b_i)
        f = tg.sigmoid(x @ self.W_f + h @ self.U_f + self.b_f)
        o = tg.sigmoid(x @ self.W_o + h @ self.U_o + self.b_o)
        g = np.tanh(x @ self.W_g + h @ self.U_g + self.b_g)
        c = f * c + i * g
        h = o * np.tanh(c)
        return h, c


class Regressor:
    def __init__(self, input_size, hidden_size, rng):
        self.cell = LSTMCell(input_size, hidden_size, rng)
        self.W_out = tg.parameter(rng.normal(size=(hidden_size, 1)) * 0.3)
        self.b_out = tg.parameter(np.zeros(1))

    def forward(self, inputs):
        batch = inputs.shape[1]
        h = np.zeros((batch, self.cell.hidden_size))
        c = np.zeros((batch, self.cell.hidden_size))
        for x in inputs:  # (T, N, D)
            h, c = self.cell(x, (h, c))
        return h @ self.W_out + self.b_out


def main():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(5, 3, 2))
    Y = X.sum(axis=(0, 2))[:, None]
    model = Regressor(2, 4, rng)
    pred = model.forward(X)
    return ((pred - Y) ** 2).mean()
