"""Will the machine fail within the hour? Binary cross-entropy at each reading."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(87)
hours = np.arange(1, 13)
vibration = np.concatenate([rng.gamma(2.0, 0.5, size=11), [60.0]])  # the last reading: the bearing breaks
fails = np.zeros(12)
fails[10] = 1.0  # the technician wrote it down one hour early


def make_monitor(size=4):
    W = tg.parameter(rng.normal(size=(size, size)) * 0.2)
    u = tg.parameter(np.full(size, 0.3))
    v = tg.parameter(np.ones(size))
    c = tg.parameter(-2.0)

    def logits(readings):
        h = np.zeros(size)
        for reading in readings:
            h = tg.relu(W @ h + u * reading)
            yield v @ h + c

    return logits, [W, u, v, c]


def cross_entropy(logit, y):
    p = tg.sigmoid(logit)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


logits, parameters = make_monitor()


def main():
    losses = [cross_entropy(logit, y) for logit, y in zip(logits(vibration), fails)]
    return np.mean(np.stack(losses))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item(), [p.grad for p in parameters])
