"""Programs as people write them: objects that hold a model, its optimiser, counters and logs beside the loss.

Each is a function of `wrap`, by which it compiles what it computes; it returns what makes one update and gives the
loss. `PROGRAMS` has them by name, with the number of plans that 20 updates need.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

import tinygraph as tg

PROGRAMS = {}
LOG = logging.getLogger(__name__)


def program(plans):
    """Note a program and how many plans 20 updates need; none where it runs eagerly."""

    def note(make):
        PROGRAMS[make.__name__] = make, plans
        return make

    return note


def batch(number, T=6):
    rng = np.random.default_rng(number % 4)
    return rng.normal(size=(T, 2, 3)), rng.normal(size=(T, 2, 1))


class Model:
    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.W, self.U = (tg.parameter(rng.normal(size=shape) * 0.4) for shape in ((4, 3), (4, 4)))
        self.V = tg.parameter(rng.normal(size=(1, 4)))
        self.calls = 0

    def parameters(self):
        return [self.W, self.U, self.V]

    def forward(self, xs, gain=1.0):
        h, outputs = np.zeros((xs.shape[1], 4)), []
        for x in xs:
            h = np.tanh(x @ self.W.T + h @ self.U.T) * gain
            outputs.append(h @ self.V.T)
        return np.stack(outputs)


class Adam:
    """With a state by parameter, and a count of updates."""

    def __init__(self, parameters, lr=0.01):
        self.parameters, self.lr, self.updates = list(parameters), lr, 0
        self.state = {p: {"m": np.zeros(p.shape), "v": np.zeros(p.shape)} for p in self.parameters}

    def step(self):
        self.updates += 1
        for p in self.parameters:
            state = self.state[p]
            state["m"] = 0.9 * state["m"] + 0.1 * p.grad
            state["v"] = 0.99 * state["v"] + 0.01 * p.grad**2
            p.data = p.data - self.lr * state["m"] / (np.sqrt(state["v"]) + 1e-8)
            p.grad = None


class Trainer:
    def __init__(self, wrap, model=None):
        self.model = Model() if model is None else model
        self.optimizer = Adam(self.model.parameters())
        self.epoch, self.losses, self.log = 0, [], defaultdict(list)
        self.step = wrap(self.loss)

    def loss(self, xs, ys):
        return np.mean((self.model.forward(xs) - ys) ** 2)

    def update(self, number):
        loss = self.step(*batch(number))
        loss.backward()
        self.optimizer.step()
        self.epoch += 1
        self.losses.append(loss.item())
        self.log[number].append(loss)
        return loss.item()


@program(1)
def bound_method(wrap):
    return Trainer(wrap).update


@program(1)
def subclass_with_a_regularizer(wrap):
    class Regularized(Trainer):
        decay = 1e-3

        def loss(self, xs, ys):
            return super().loss(xs, ys) + self.decay * sum(np.sum(p * p) for p in self.model.parameters())

    return Regularized(wrap).update


@program(1)
def value_and_grad_of_a_method(wrap):
    class Functional:
        def __init__(self):
            rng = np.random.default_rng(0)
            self.params = {"W": rng.normal(size=(4, 3)) * 0.4, "V": rng.normal(size=(1, 4))}
            self.moments = {("W", "m"): 0.0, ("V", "m"): 0.0}
            self.updates = 0
            self.step = wrap(tg.value_and_grad(self.loss))

        def loss(self, params, xs, ys):
            h, total = 0.0, 0.0
            for x, y in zip(xs, ys):
                h = np.tanh(x @ params["W"].T + 0.5 * h)
                total = total + np.mean((h @ params["V"].T - y) ** 2)
            return total

        def update(self, number):
            value, gradients = self.step(self.params, *batch(number))
            self.updates += 1
            for name, gradient in gradients.items():
                self.moments[name, "m"] = 0.9 * self.moments[name, "m"] + gradient
                self.params[name] = self.params[name] - 0.01 * self.moments[name, "m"]
            return float(value)

    return Functional().update


@program(1)
def config_of_a_dataclass(wrap):
    @dataclass
    class Config:
        gain: float = 0.9
        lr: float = 0.01
        seen: dict = field(default_factory=dict)

    class Configured(Trainer):
        def __init__(self, config):
            self.config = config
            super().__init__(wrap)

        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs, self.config.gain) - ys) ** 2)

        def update(self, number):
            self.config.lr *= 0.9
            self.config.seen[number, self] = self.config.lr
            return super().update(number)

    return Configured(Config()).update


@program(1)
def averaged_copy(wrap):
    class Averaging(Trainer):
        def __init__(self):
            self.ema = Model()
            super().__init__(wrap)

        def update(self, number):
            value = super().update(number)
            for slow, p in zip(self.ema.parameters(), self.model.parameters()):
                slow.data = 0.9 * slow.data + 0.1 * p.data
            self.ema.calls += 1
            return value

    return Averaging().update


@program(1)
def target_network_that_is_replaced(wrap):
    class Target(Trainer):
        def update(self, number):
            self.target = Model(number)
            return super().update(number)

    return Target(wrap).update


@program(1)
def callbacks_in_a_list(wrap):
    class Stop:
        def __init__(self):
            self.best, self.waited = np.inf, 0

        def __call__(self, value):
            self.waited = 0 if value < self.best else self.waited + 1
            self.best = min(value, self.best)

    class CalledBack(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.callbacks = [Stop(), self.losses.append, lambda value: self.callbacks.sort(key=id)]

        def update(self, number):
            value = super().update(number)
            for callback in self.callbacks:
                callback(value)
            return value

    return CalledBack().update


@program(1)
def logger_on_the_object(wrap):
    class Logged(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.logger, self.records = LOG, []

        def update(self, number):
            value = super().update(number)
            self.logger.debug("%s: %s", number, value)
            self.records.append({"step": number, "loss": value})
            return value

    return Logged().update


@program(5)
def counter_that_is_read(wrap):
    class Annealed(Trainer):
        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs, 1.0 - 0.1 * self.stage) - ys) ** 2)

        def update(self, number):
            self.stage = number // 4
            return super().update(number)

    return Annealed(wrap).update


@program(2)
def attribute_that_comes_later(wrap):
    class Late(Trainer):
        def loss(self, xs, ys):
            return super().loss(xs, ys) * (self.weight if hasattr(self, "weight") else 1.0)

        def update(self, number):
            if number == 10:
                self.weight = 0.5
            return super().update(number)

    return Late(wrap).update


@program(2)
def attribute_over_that_of_the_class(wrap):
    class Shadowed(Trainer):
        weight = 1.0

        def loss(self, xs, ys):
            return super().loss(xs, ys) * self.weight

        def update(self, number):
            if number == 10:
                self.weight = 0.5
            return super().update(number)

    return Shadowed(wrap).update


@program(2)
def model_that_is_replaced(wrap):
    class Replaced(Trainer):
        def update(self, number):
            if number == 10:
                self.model = Model(7)
                self.optimizer = Adam(self.model.parameters())
            return super().update(number)

    return Replaced(wrap).update


@program(1)
def schedule_beside_the_optimizer(wrap):
    class Schedule:
        def __init__(self, optimizer):
            self.optimizer, self.last = optimizer, 0

        def step(self):
            self.last += 1
            self.optimizer.lr = 0.01 / (1 + self.last)

    class Scheduled(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.schedule = Schedule(self.optimizer)

        def update(self, number):
            value = super().update(number)
            self.schedule.step()
            return value

    return Scheduled().update
