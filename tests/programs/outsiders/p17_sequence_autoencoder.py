import numpy as np

import tinygraph as tg

n_in, n_hid = 2, 4
r = np.random.default_rng(17)

# update | reset | candidate in one matrix
W_enc = tg.parameter(r.normal(0, 0.4, (n_in, 3 * n_hid)))
U_enc = tg.parameter(r.normal(0, 0.4, (n_hid, 3 * n_hid)))
W_dec = tg.parameter(r.normal(0, 0.4, (n_in, 3 * n_hid)))
U_dec = tg.parameter(r.normal(0, 0.4, (n_hid, 3 * n_hid)))
W_code = tg.parameter(r.normal(0, 0.4, (n_hid, 2)))
W_init = tg.parameter(r.normal(0, 0.4, (2, n_hid)))
W_recon = tg.parameter(r.normal(0, 0.4, (n_hid, n_in)))


def gru(x, h, W, U):
    xw = x @ W
    hu = h @ U
    z = tg.sigmoid(xw[:n_hid] + hu[:n_hid])
    k = tg.sigmoid(xw[n_hid : 2 * n_hid] + hu[n_hid : 2 * n_hid])
    n = np.tanh(xw[2 * n_hid :] + k * hu[2 * n_hid :])
    return z * h + (1 - z) * n


def encode(seq):
    h = np.zeros(n_hid)
    i = 0
    while i < len(seq):
        h = gru(seq[i], h, W_enc, U_enc)
        i += 1
    return np.tanh(h @ W_code)


def decode(code, length):
    h = np.tanh(code @ W_init)
    x = np.zeros(n_in)
    result = []
    while len(result) < length:
        h = gru(x, h, W_dec, U_dec)
        x = h @ W_recon  # fed back
        result.append(x)
    return np.stack(result[::-1])


def main():
    t = np.linspace(0, 2 * np.pi, 6)
    seq = np.column_stack([np.sin(t), np.cos(t)])
    code = encode(seq)
    error = decode(code, len(seq)) - seq
    return (error * error).sum() / seq.size + 1e-3 * (code**2).sum()
