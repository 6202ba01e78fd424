"""More programs as people write them: modules of `rnn`, partials, closures, properties, slots, names at run time."""

import functools
import types
from collections import defaultdict
from dataclasses import asdict, dataclass

import numpy as np

import rnn
import tinygraph as tg
from tests.tinygraph.compiling.trainers import Adam, Model, Trainer, batch, program


class OfModules:
    """With a model and an optimiser of `rnn`."""

    def __init__(self, wrap, model, loss=None):
        self.model = model
        self.optimizer = rnn.Adam(model, lr=0.01)
        self.history, self.updates = {}, 0
        self.step = wrap(self.loss)

    def loss(self, xs, ys):
        return rnn.mse(self.model(xs), ys)

    def update(self, number):
        self.optimizer.zero_grad()
        loss = self.step(*batch(number))
        loss.backward()
        self.optimizer.step()
        self.updates += 1
        self.history[number, id(loss)] = loss
        return loss.item()


@program(1)
def modules_of_rnn(wrap):
    return OfModules(wrap, rnn.Forecaster(3, 4, rng=0)).update


@program(1)
def module_of_ones_own(wrap):
    class Own(rnn.Module):
        def __init__(self):
            self.cell = rnn.GRU(3, 4, rng=0)
            self.V = tg.parameter(np.ones((1, 4)))
            self.seen = 0

        def forward(self, xs):
            states, _ = self.cell(xs)
            return tg.linear(states, self.V)

    class Counting(OfModules):
        def update(self, number):
            self.model.seen += 1
            return super().update(number)

    return Counting(wrap, Own()).update


@program(1)
def like_lightning(wrap):
    class Lightning(rnn.Module):
        def __init__(self):
            self.net, self.logged, self.current_epoch = rnn.Forecaster(3, 4, rng=0), {}, 0

        def training_step(self, batch, batch_index):
            xs, ys = batch
            return rnn.mse(self.net(xs), ys)

        def configure_optimizers(self):
            return rnn.Adam(self, lr=0.01)

    class Runner:
        def __init__(self, module):
            self.module, self.optimizer, self.global_step = module, module.configure_optimizers(), 0
            self.run = wrap(module.training_step)

        def update(self, number):
            loss = self.run(batch(number), 0)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.global_step += 1
            self.module.current_epoch += 1
            self.module.logged[number, self] = loss
            return loss.item()

    return Runner(Lightning()).update


@program(1)
def partial_of_a_method(wrap):
    class Partial(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.step = wrap(functools.partial(self.weighted, weight=0.5))

        def weighted(self, xs, ys, weight):
            return self.loss(xs, ys) * weight

    return Partial().update


@program(1)
def closure_over_self(wrap):
    class Closed(Trainer):
        def __init__(self):
            super().__init__(wrap)

            @wrap
            def step(xs, ys):
                return self.loss(xs, ys)

            self.step = step

    return Closed().update


@program(1)
def object_that_is_called(wrap):
    class Loss:
        def __init__(self, owner):
            self.owner, self.count = owner, 0

        def __call__(self, xs, ys):
            return np.mean((self.owner.model.forward(xs) - ys) ** 2)

    class Called(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.criterion = Loss(self)
            self.step = wrap(self.criterion)

        def update(self, number):
            self.criterion.count += 1
            return super().update(number)

    return Called().update


@program(5)
def property_of_a_counter(wrap):
    class WithProperty(Trainer):
        @property
        def gain(self):
            return 1.0 - 0.1 * self.stage

        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs, self.gain) - ys) ** 2)

        def update(self, number):
            self.stage = number // 4
            return super().update(number)

    return WithProperty(wrap).update


@program(1)
def slots(wrap):
    class Slotted:
        __slots__ = ("count", "last", "model", "optimizer", "step")

        def __init__(self):
            self.model, self.count, self.last = Model(), 0, {}
            self.optimizer, self.step = Adam(self.model.parameters()), wrap(self.loss)

        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs) - ys) ** 2)

        update = Trainer.update

        epoch = property(lambda self: self.count, lambda self, value: setattr(self, "count", value))
        losses = log = property(lambda self: defaultdict(list, {self.count: []}) if False else _Sink())

    return Slotted().update


class _Sink:
    def __getitem__(self, key):
        return self

    def append(self, value):
        pass


@program(1)
def constant_name_of_an_attribute(wrap):
    class ByName(Trainer):
        def loss(self, xs, ys):
            return super().loss(xs, ys) * getattr(self, "weight", 1.0)

    return ByName(wrap).update


@program(0)
def computed_name_of_an_attribute(wrap):
    class ByName(Trainer):
        def loss(self, xs, ys):
            return super().loss(xs, ys) * getattr(self, "wei" + "ght"[: len(xs)], 1.0)

    return ByName(wrap).update


@program(20)
def all_attributes_at_once(wrap):
    class All(Trainer):
        def loss(self, xs, ys):
            return super().loss(xs, ys) * len(vars(self))

    return All(wrap).update


@program(1)
def attribute_of_a_frozen_config_as_a_dict(wrap):
    @dataclass
    class Config:
        gain: float = 0.9

    class AsDict(Trainer):
        def __init__(self):
            self.config = Config()
            super().__init__(wrap)
            self.optimizer = None

        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs, **asdict(self.config)) - ys) ** 2)

        def update(self, number):
            loss = self.step(*batch(number))
            loss.backward()
            for p in self.model.parameters():
                p.data, p.grad = p.data - 0.01 * p.grad, None
            return loss.item()

    return AsDict().update


@program(1)
def mixins(wrap):
    class Logs:
        def note(self, value):
            self.notes = [*getattr(self, "notes", ()), value]

    class Saves:
        saved = None

        def save(self):
            self.saved = {p: p.data.copy() for p in self.model.parameters()}

    class Mixed(Logs, Saves, Trainer):
        def update(self, number):
            value = super().update(number)
            self.note(value)
            self.save()
            return value

    return Mixed(wrap).update


@program(1)
def script_with_a_namespace(wrap):
    args = types.SimpleNamespace(gain=0.9, lr=0.01)
    model = Model()
    optimizer = Adam(model.parameters(), args.lr)

    @wrap
    def step(xs, ys):
        return np.mean((model.forward(xs, args.gain) - ys) ** 2)

    def update(number):
        loss = step(*batch(number))
        loss.backward()
        optimizer.step()
        model.calls += 1
        update.count = number
        return loss.item()

    return update


@program(1)
def decorated_method(wrap):
    class Decorated(Trainer):
        def __init__(self):
            super().__init__(lambda function: function)

        @wrap
        def loss(self, xs, ys):
            return np.mean((self.model.forward(xs) - ys) ** 2)

    return Decorated().update


@program(1)
def two_functions_of_one_object(wrap):
    class Two(Trainer):
        def __init__(self):
            super().__init__(wrap)
            self.evaluate = self.loss

        def update(self, number):
            value = super().update(number)
            self.evaluations = [*getattr(self, "evaluations", ()), self.evaluate(*batch(number)).item()]
            return value

    return Two().update


@program(1)
def mask_that_is_made_once(wrap):
    class Lazy(Trainer):
        h0 = None

        @functools.cached_property
        def mask(self):
            return np.linspace(0.5, 1.0, 6)[:, None, None]

        def loss(self, xs, ys):
            if self.h0 is None:
                self.h0 = np.zeros(4)
            return np.mean(self.mask * (self.model.forward(xs) + np.sum(self.h0) - ys) ** 2)

    return Lazy(wrap).update
