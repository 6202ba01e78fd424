import numpy as np

import tinygraph as tg

# fast layer: fixed random reservoir, never trained. slow layer: ticks every PERIOD steps.
PERIOD = 2
T = 8

prng = np.random.RandomState(28)
nRes, nSlow = 5, 3
wIn = prng.uniform(-1, 1, nRes)
wRes = prng.normal(0, 0.9 / np.sqrt(nRes), (nRes, nRes))

wSlowIn = tg.parameter(prng.normal(0, 0.4, (nSlow, nRes)))
wSlowRec = tg.parameter(prng.normal(0, 0.4, (nSlow, nSlow)))
bSlow = tg.parameter(np.zeros(nSlow))
wOutFast = tg.parameter(prng.normal(0, 0.2, nRes))
wOutSlow = tg.parameter(prng.normal(0, 0.2, nSlow))


def runReservoir(u):
    x = np.zeros((len(u) + 1, nRes))
    for t in range(len(u)):
        x[t + 1] = np.tanh(wIn * u[t] + wRes @ x[t])
    return x[1:]


def main():
    u = np.sin(np.arange(T + 1)) * np.cos(0.3 * np.arange(T + 1))
    fast = runReservoir(u[:-1])

    slow = np.zeros(nSlow)
    t = 0
    err = 0.0
    while t < T:
        if t % PERIOD == PERIOD - 1:
            window = fast[t - PERIOD + 1 : t + 1].mean(axis=0)
            slow = slow + np.tanh(wSlowIn @ window + wSlowRec @ slow + bSlow)
        yHat = wOutFast @ fast[t] + wOutSlow @ slow
        err = err + (yHat - u[t + 1]) ** 2
        t = t + 1
    return err / T
