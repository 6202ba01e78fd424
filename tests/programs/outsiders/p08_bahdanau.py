import numpy as np

import tinygraph as tg

VOCAB = 7
BOS, EOS = 0, 1


def glorot(rng, *shape):
    return tg.parameter(rng.normal(size=shape) * np.sqrt(2.0 / sum(shape)))


class Encoder:
    def __init__(self, rng, embDim, hidDim):
        self.embedding = glorot(rng, VOCAB, embDim)
        self.wInput = glorot(rng, embDim, hidDim)
        self.wHidden = glorot(rng, hidDim, hidDim)
        self.bias = tg.parameter(np.zeros(hidDim))
        self.hidDim = hidDim

    def encode(self, sourceTokens):
        hidden = np.zeros(self.hidDim)
        annotations = []
        for token in sourceTokens:
            hidden = np.tanh(self.embedding[token] @ self.wInput + hidden @ self.wHidden + self.bias)
            annotations.append(hidden)
        return np.stack(annotations)


class AttentionDecoder:
    def __init__(self, rng, embDim, hidDim):
        self.embedding = glorot(rng, VOCAB, embDim)
        self.wQuery = glorot(rng, hidDim, hidDim)
        self.wKey = glorot(rng, hidDim, hidDim)
        self.vScore = glorot(rng, hidDim)
        self.wInput = glorot(rng, embDim + hidDim, hidDim)
        self.wHidden = glorot(rng, hidDim, hidDim)
        self.bias = tg.parameter(np.zeros(hidDim))
        self.wOut = glorot(rng, hidDim, VOCAB)

    def attend(self, state, annotations):
        energies = np.tanh(state @ self.wQuery + annotations @ self.wKey) @ self.vScore
        weights = tg.softmax(energies)
        return weights @ annotations

    def loss(self, annotations, targetTokens):
        state = annotations[-1]
        previous = BOS
        nll = 0
        for token in targetTokens:
            context = self.attend(state, annotations)
            decInput = np.concatenate([self.embedding[previous], context])
            state = np.tanh(decInput @ self.wInput + state @ self.wHidden + self.bias)
            probs = tg.softmax(state @ self.wOut)
            nll = nll - np.log(probs[token])
            previous = token  # teacher forcing
        return nll / len(targetTokens)


def main():
    rng = np.random.default_rng(2014)
    encoder = Encoder(rng, embDim=3, hidDim=4)
    decoder = AttentionDecoder(rng, embDim=3, hidDim=4)
    source = [3, 5, 2, 6, 4]
    target = source[::-1] + [EOS]
    return decoder.loss(encoder.encode(source), target)
