"""A stack of three Elman layers learns a filtered signal; layers kept in a list."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(9)


class Layer:
    def __init__(self, n_in, n_out, label):
        self.U = tg.parameter(rng.normal(size=(n_in, n_out)) * 0.3, name=f"U{label}")
        self.W = tg.parameter(rng.normal(size=(n_out, n_out)) * 0.1, name=f"W{label}")
        self.b = tg.parameter(np.zeros(n_out), name=f"b{label}")
        self.size = n_out

    def __call__(self, x, h):
        return np.tanh(x @ self.U + h @ self.W + self.b)


class Network:
    def __init__(self, sizes):
        self.first = Layer(1, sizes[0], "1")
        self.rest = [Layer(a, b, str(i + 2)) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))]
        self.v = tg.parameter(rng.normal(size=sizes[-1]) * 0.3, name="v")

    def __call__(self, x):
        layers = [self.first, *self.rest]
        states = [tg.tensor(np.zeros((x.shape[1], layer.size))) for layer in layers]
        outputs = []
        for xt in x:
            for i, layer in enumerate(layers):
                states[i] = layer(xt, states[i])
                xt = states[i]
            outputs.append(xt @ self.v)
        return np.stack(outputs)

    def parameters(self):
        return list(collect(self))


def collect(thing):
    for value in vars(thing).values():
        if isinstance(value, tg.Tensor):
            yield value
        elif isinstance(value, Layer):
            yield from collect(value)
        elif isinstance(value, list):
            for item in value:
                yield from collect(item)


net = Network([1, 12, 8])
params = net.parameters()
mean, square = [np.zeros(p.shape) for p in params], [np.zeros(p.shape) for p in params]
log = []
for step in range(1, 301):
    x = rng.normal(size=(10, 16, 1))
    y = np.zeros((10, 16))
    y[3:] = 0.6 * x[2:-1, :, 0] - 0.5 * x[:-3, :, 0]
    loss = np.mean((net(x) - y) ** 2)
    for p in params:
        p.zero_grad()
    loss.backward()
    for i, p in enumerate(params):
        mean[i] = 0.9 * mean[i] + 0.1 * p.grad
        square[i] = 0.99 * square[i] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * mean[i] / (1 - 0.9**step) / (np.sqrt(square[i] / (1 - 0.99**step)) + 1e-8)
    log.append(float(loss))
    if step % 60 == 0:
        print(f"{step:4d} loss {np.mean(log[-60:]):.4f}")
