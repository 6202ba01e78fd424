# ruff: noqa: NPY002
import numpy as np

import tinygraph as tg


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = []
    prev_h, prev_c = h0, np.zeros((N, b.shape[0] // 4))
    for t in range(T):
        prev_h, prev_c = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h.append(prev_h)
    return np.stack(h, axis=1)


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    return x.reshape(N * T, D).dot(w).reshape(N, T, M) + b


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    x_flat, y_flat, mask_flat = x.reshape(N * T, V), y.reshape(N * T), mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs = probs / np.sum(probs, axis=1, keepdims=True)
    return -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N


def main():
    # captioning: h0 comes from image features, words are embedded
    np.random.seed(231)
    N, V, D, H, F = 2, 6, 3, 4, 5
    W_proj = tg.parameter(np.random.randn(F, H) / np.sqrt(F))
    b_proj = tg.parameter(np.zeros(H))
    W_embed = tg.parameter(np.random.randn(V, D) / 10)
    Wx = tg.parameter(np.random.randn(D, 4 * H) / np.sqrt(D))
    Wh = tg.parameter(np.random.randn(H, 4 * H) / np.sqrt(H))
    b = tg.parameter(np.zeros(4 * H))
    W_vocab = tg.parameter(np.random.randn(H, V) / np.sqrt(H))
    b_vocab = tg.parameter(np.zeros(V))

    features = np.random.randn(N, F)
    captions = np.array([[1, 3, 4, 5, 2, 0], [1, 5, 3, 2, 0, 0]])
    captions_in, captions_out = captions[:, :-1], captions[:, 1:]
    mask = captions_out != 0

    h0 = np.dot(features, W_proj) + b_proj
    h = lstm_forward(W_embed[captions_in], h0, Wx, Wh, b)
    scores = temporal_affine_forward(h, W_vocab, b_vocab)
    return temporal_softmax_loss(scores, captions_out, mask)
