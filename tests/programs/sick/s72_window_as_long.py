"""Was there more light in the morning or in the evening? Back-propagation is truncated to save memory."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(12)
light = rng.gamma(2.0, 0.5, size=(10, 16))
brighter_morning = (light[:5].sum(0) > light[5:].sum(0)).astype(float)


class Watcher:
    window = 5

    def __init__(self, units=7):
        self.drive = tg.parameter(rng.normal(size=units))
        self.mix = tg.parameter(np.linalg.qr(rng.normal(size=(units, units)))[0])
        self.verdict = tg.parameter(rng.normal(size=units) * 0.3)

    def watch(self, hours):
        memory, hour = tg.tensor(np.zeros((hours.shape[1], 7))), 0
        while hour < len(hours):
            memory = np.tanh(np.outer(hours[hour] - 1, self.drive) + memory @ self.mix)
            hour += 1
            if hour % self.window == 0:
                memory = memory.detach()
        return memory @ self.verdict


watcher = Watcher()
parameters = [watcher.drive, watcher.mix, watcher.verdict]


def main():
    score = watcher.watch(light)
    return np.mean(tg.softplus(score) - brighter_morning * score)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())
