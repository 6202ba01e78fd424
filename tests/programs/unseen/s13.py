"""Which of five patterns does a symbol sequence follow?  An LSTM cell of package rnn, trained by rnn.fit."""

import numpy as np
import tinygraph as tg
import rnn

rng = np.random.default_rng(41)
CLASSES, H, T, B = 5, 16, 7, 40


class Classifier(rnn.Module):
    def __init__(self):
        self.lstm = rnn.LSTMCell(CLASSES, H, rng=np.random.default_rng(6))
        self.V = tg.parameter(rng.normal(size=(H, CLASSES)) * 0.2, name="V")
        self.c = tg.parameter(np.zeros(CLASSES), name="c")

    def __call__(self, x):
        state = (np.zeros((x.shape[1], H)), np.zeros((x.shape[1], H)))
        for xt in x:
            state = self.lstm(state, xt)
        return tg.softmax(state[0] @ self.V + self.c, axis=1)


def examples(n):
    label = rng.integers(0, CLASSES, size=n)
    start = rng.integers(0, CLASSES, size=n)
    symbols = (start + label * np.arange(T)[:, None]) % CLASSES
    return np.eye(CLASSES)[symbols], label


def cross_entropy(scores, label):
    return -np.mean(tg.log_softmax(scores, axis=1)[np.arange(len(label)), label])


model = Classifier()
train = [examples(B) for _ in range(20)]
history = rnn.fit(model, train, epochs=20, loss=cross_entropy, optimizer=rnn.Adam(model.parameters(), lr=0.01))
for epoch in (0, 4, 9, 14, 19):
    print(f"epoch {epoch + 1:2d}: loss {history.train[epoch]:.3f}")
x, label = examples(400)
s = model(x).numpy()
print(
    f"test accuracy {np.mean(np.argmax(s, axis=1) == label):.3f}, mean score of the right class {s[np.arange(400), label].mean():.3f}"
)
