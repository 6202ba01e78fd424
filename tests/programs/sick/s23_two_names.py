"""A GRU in a dictionary of parameters, drawn gate by gate."""

import numpy as np

import tinygraph as tg

D, H = 3, 5
rs = np.random.RandomState(0)


def init():
    p = {}
    p["Wz"] = p["Wr"] = tg.parameter(rs.randn(H, D) * 0.5)
    p["Uz"] = p["Ur"] = tg.parameter(rs.randn(H, H) * 0.5)
    p["bz"] = tg.parameter(np.zeros(H))
    p["br"] = tg.parameter(np.zeros(H))
    p["Wh"] = tg.parameter(rs.randn(H, D) * 0.5)
    p["Uh"] = tg.parameter(rs.randn(H, H) * 0.5)
    p["v"] = tg.parameter(rs.randn(H) * 0.5)
    return p


def gru(p, xs):
    h = np.zeros(H)
    for x in xs:
        z = tg.sigmoid(p["Wz"] @ x + p["Uz"] @ h + p["bz"])
        r = tg.sigmoid(p["Wr"] @ x + p["Ur"] @ h + p["br"])
        h = (1 - z) * h + z * np.tanh(p["Wh"] @ x + p["Uh"] @ (r * h))
    return h


p = init()
xs = rs.randn(6, D)


def main():
    return np.square(p["v"] @ gru(p, xs) - 0.7)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    for name in sorted(p):
        print(name, np.linalg.norm(p[name].grad))
