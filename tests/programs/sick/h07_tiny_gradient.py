"""A model near its optimum, one of whose parameters is in farads: its gradient is tiny beside the others'."""

import numpy as np

import tinygraph as tg

DT, STEPS = 1e-3, 30
resistance = tg.parameter(990.0)  # ohms: the gradient is a volt squared per ohm
inverse_capacitance = tg.parameter(1.02e5)  # per farad
gain = tg.parameter(1.01)
parameters = [gain, resistance, inverse_capacitance]
drive = np.sign(np.sin(np.arange(STEPS) * 0.7))


def simulate(R, inverse_C, gain):
    voltage = 0.0
    for u in drive:
        voltage = voltage + DT / R * inverse_C * (gain * u - voltage)
        yield voltage


measured = np.array(list(simulate(1000.0, 1e5, 1.0)))


def main():
    simulated = np.stack(list(simulate(resistance, inverse_capacitance, gain)))
    return np.mean((simulated - measured) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), [p.grad.item() for p in parameters])
