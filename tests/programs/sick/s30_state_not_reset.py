"""Three patients, three recordings; one model reads each from its beginning."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(27)
recordings = [tg.tensor(rng.normal(size=(4, 3)) + offset, name="xs") for offset in (-2.0, 0.0, 2.0)]
outcomes = [0.1, 0.9, 0.4]


class Risk(rnn.Module):
    def __init__(self):
        self.cell = rnn.GRUCell(3, 5, rng=0)
        self.out = rnn.Readout(5, 1, rng=1)

    def score(self, xs, h):
        for x in xs:
            h = self.cell(h, x)
        return tg.sigmoid(self.out(h))[0], h


model = Risk()


def losses():
    result = []
    h = np.zeros(5)
    for xs, y in zip(recordings, outcomes):
        risk, h = model.score(xs, h)
        result.append(-(y * np.log(risk) + (1 - y) * np.log(1 - risk)))
    return result


def main():
    return np.mean(np.stack(losses()))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("binary cross-entropy", loss.item())
