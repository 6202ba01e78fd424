"""DEPENDS ON VALUES: module globals that change between the calls (a step counter, an annealed temperature, a running mean of
the loss that is subtracted as a baseline), and from the third call on the decoder is fed its own argmax.
reset() brings the module back to its first call."""

import numpy as np

STEP = 0
TEMPERATURE = 2.0
HISTORY = []
config = {"teacher_forcing": True}


def reset():
    global STEP, TEMPERATURE
    STEP, TEMPERATURE = 0, 2.0
    HISTORY.clear()
    config["teacher_forcing"] = True


def begin_call():
    global STEP, TEMPERATURE
    STEP += 1
    TEMPERATURE = max(0.5, TEMPERATURE * 0.8)
    config["teacher_forcing"] = STEP < 3


def loss(params, tokens):
    begin_call()
    E, W, U, V = params["E"], params["W"], params["U"], params["V"]
    h, current, total = np.zeros(W.shape[0]), int(tokens[0]), 0.0
    for target in tokens[1:]:
        h = np.tanh(W @ h + U @ E[current])
        z = V @ h / TEMPERATURE
        m = z.max()
        total = total + m + np.log(np.exp(z - m).sum()) - z[target]
        current = int(target) if config["teacher_forcing"] else int(np.argmax(z))
    total = total / (len(tokens) - 1)
    baseline = sum(HISTORY) / len(HISTORY) if HISTORY else 0.0
    HISTORY.append(float(total))
    return (total - baseline) ** 2 + 0.1 * total


def cases(rng):
    K, E, H = 5, 3, 4
    for T in (6, 6, 6, 6, 6, 10):
        yield (
            {
                "E": rng.normal(size=(K, E)),
                "W": rng.normal(size=(H, H)) / 2,
                "U": rng.normal(size=(H, E)),
                "V": rng.normal(size=(K, H)),
            },
            rng.integers(0, K, size=T),
        )
