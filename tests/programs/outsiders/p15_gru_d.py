import numpy as np

import tinygraph as tg


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def build(n_feat, n_hid, seed):
    r = np.random.default_rng(seed)

    def w(*s):
        return tg.parameter(r.normal(0, 0.3, s))

    P = {
        "gamma_x": w(n_feat),
        "gamma_x_b": tg.parameter(np.zeros(n_feat)),
        "Gamma_h": w(n_feat, n_hid),
        "Gamma_h_b": tg.parameter(np.zeros(n_hid)),
        "w_out": w(n_hid, 1),
        "b_out": tg.parameter(np.zeros(1)),
    }
    for g in ["z", "r", "h"]:
        P["W_" + g] = w(n_feat, n_hid)
        P["U_" + g] = w(n_hid, n_hid)
        P["V_" + g] = w(n_feat, n_hid)
        P["b_" + g] = tg.parameter(np.zeros(n_hid))
    return P


def gru_d(P, X, M, Delta, x_mean):
    n, T, _ = X.shape
    h = np.zeros((n, P["b_h"].shape[0]))
    x_last = np.tile(x_mean, (n, 1))
    for t in range(T):
        x, m, delta = X[:, t], M[:, t], Delta[:, t]
        g_x = np.exp(-np.maximum(0, delta * P["gamma_x"] + P["gamma_x_b"]))
        g_h = np.exp(-np.maximum(0, delta @ P["Gamma_h"] + P["Gamma_h_b"]))
        x_last = np.where(m == 1, x, x_last)
        x_hat = m * x + (1 - m) * (g_x * x_last + (1 - g_x) * x_mean)
        h = g_h * h
        z = sigmoid(x_hat @ P["W_z"] + h @ P["U_z"] + m @ P["V_z"] + P["b_z"])
        r = sigmoid(x_hat @ P["W_r"] + h @ P["U_r"] + m @ P["V_r"] + P["b_r"])
        h_tilde = np.tanh(x_hat @ P["W_h"] + (r * h) @ P["U_h"] + m @ P["V_h"] + P["b_h"])
        h = (1 - z) * h + z * h_tilde
    return sigmoid(h @ P["w_out"] + P["b_out"])[:, 0]


def main():
    rng = np.random.default_rng(15)
    n, T, d = 3, 6, 2
    X = rng.normal(size=(n, T, d))
    M = (rng.random((n, T, d)) < 0.6).astype(float)
    X = X * M
    Delta = np.zeros((n, T, d))
    for t in range(1, T):
        Delta[:, t] = 1 + (1 - M[:, t - 1]) * Delta[:, t - 1]
    x_mean = X.sum((0, 1)) / M.sum((0, 1))
    y = np.array([1.0, 0.0, 1.0])
    p = gru_d(build(d, 4, seed=0), X, M, Delta, x_mean)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
