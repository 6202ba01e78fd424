"""A language model whose output layer is its embedding, on purpose (Press and Wolf 2017)."""

import numpy as np

import tinygraph as tg


class Tied:
    def __init__(self, vocabulary, size, rng):
        self.embedding = tg.parameter(rng.normal(size=(vocabulary, size)) * 0.5)
        self.decoder = self.embedding
        self.W = tg.parameter(rng.normal(size=(size, size)) * 0.3)
        self.b = tg.parameter(np.zeros(vocabulary))

    def loss(self, tokens):
        h, total = np.zeros(self.W.shape[0]), 0.0
        for token, following in zip(tokens, tokens[1:]):
            h = np.tanh(self.W @ h + self.embedding[token])
            total = total + tg.softmax_cross_entropy(self.decoder @ h + self.b, np.array(following))
        return total / (len(tokens) - 1)


tokens = [0, 2, 1, 3, 0, 2, 4, 3, 0, 2, 1, 3]
model = Tied(5, 6, np.random.default_rng(9))
parameters = [model.embedding, model.W, model.b]


def main():
    return model.loss(tokens)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())
