"""The total of a recording's readings, with the GRU cell of package rnn."""

import numpy as np
import tinygraph as tg
import rnn

rng = np.random.default_rng(21)
B, T, H = 16, 12, 12

cell = rnn.GRUCell(1, H, rng=np.random.default_rng(1))
readout = tg.parameter(rng.normal(size=H) * 0.3, name="readout")
params = {**cell.parameters(), "readout": readout}
optimiser = rnn.Adam(params, lr=0.01)


def recordings():
    x = rng.normal(size=(T, B, 1))
    return x, 0.3 * x.sum(axis=(0, 2))


def main(updates=260):
    state = np.zeros((B, H))
    history = []
    for k in range(updates):
        x, total = recordings()
        state = np.zeros((B, H))
        h = state
        for t in range(T):
            h = cell(h, x[t])
        loss = np.mean((h @ readout - total) ** 2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        state = h.detach()
        history.append(float(loss))
        if k % 40 == 0:
            print(f"update {k:3d}: {np.mean(history[-40:]):.4f}")
    print(f"mean of the last 40: {np.mean(history[-40:]):.4f}")


main()
