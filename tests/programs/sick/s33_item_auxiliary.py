"""Two tasks over one recurrent trunk: the next value, and whether it rises."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(37)
H = 7
trunk = {"W": tg.parameter(rng.normal(size=(H, H)) * 0.4), "u": tg.parameter(rng.normal(size=H))}
heads = {"value": tg.parameter(rng.normal(size=H) * 0.3), "rises": tg.parameter(rng.normal(size=H) * 0.3)}
series = np.cumsum(rng.normal(size=15)) * 0.5
rises = np.sign(np.diff(series))


def features(values):
    h = np.zeros(H)
    for value in values:
        h = np.tanh(trunk["W"] @ h + trunk["u"] * value)
        yield h


def task_losses():
    value_loss = rise_loss = 0.0
    for t, h in enumerate(features(series[:-1])):
        value_loss = value_loss + (heads["value"] @ h - series[t + 1]) ** 2
        rise_loss = rise_loss + tg.softplus(-rises[t] * (heads["rises"] @ h)).item()
    return value_loss / len(rises), rise_loss / len(rises)


def main():
    value_loss, rise_loss = task_losses()
    return value_loss + 0.5 * rise_loss


if __name__ == "__main__":
    loss = main()
    print("total", loss.item())
    loss.backward()
    print({name: head.grad for name, head in heads.items()})
