"""Programs of learning, as people write them: noise inside, parameters in containers, derivatives inside."""

import functools
from collections import defaultdict, namedtuple
from dataclasses import dataclass, fields

import numpy as np
import pytest

import tinygraph as tg
from tests.foreign.program import Programs

programs = Programs()
rng = np.random.default_rng(4)


def normal(*shape):
    return rng.normal(size=shape) / 2


X, Y = rng.normal(size=(6, 2)), rng.normal(size=6)

# -- random numbers inside ---------------------------------------------------------------------------------------------


@programs.right(normal(2), normal(2))
def reparametrized_evidence_lower_bound(mu, log_sigma):
    noise = np.random.default_rng(0).standard_normal((20, 2))
    z = mu + np.exp(log_sigma) * noise
    log_joint = -0.5 * np.sum((z - 1.0) ** 2, 1) - np.sum(z**4, 1) * 0.05
    return -(log_joint.mean() + np.sum(log_sigma))


@programs.refused(normal(2), np.array([0.3, 0.4]), says="plain array")
def samples_of_a_generator_at_the_parameters(mu, sigma):
    z = np.random.default_rng(0).normal(mu, sigma)
    return np.sum(z**2)


@programs.refused(np.array([0.3]), says="np.log is recorded")
def samples_of_the_standard_library(rate):
    import math
    import random

    random.seed(0)
    u = random.random()
    return -math.log(1 - u * rate[0]) + rate[0]


@programs.right(normal(6))
def dropout_with_a_mask_drawn_inside(w):
    mask = np.random.default_rng(1).random(6) < 0.5
    return np.sum((w * mask / 0.5) ** 2) + w[mask].sum()


@programs.right(normal(6))
def bootstrap_of_a_mean(x):
    draws = np.random.default_rng(2).integers(0, 6, (8, 6))
    return np.std(x[draws].mean(axis=1))


@programs.right(normal(6))
def shuffled_minibatches(x):
    order = np.random.default_rng(3).permutation(6)
    batches = np.array_split(x[order], 3)
    return functools.reduce(lambda total, batch: total * 0.9 + np.sum(batch) ** 2, batches, 0.0)


# -- parameters in containers ------------------------------------------------------------------------------------------


@dataclass
class Affine:
    weight: object
    bias: object

    def __call__(self, x):
        return x @ self.weight + self.bias

    def penalty(self):
        return sum(np.sum(getattr(self, field.name) ** 2) for field in fields(self))


@programs.right(normal(2, 3), normal(3), normal(3, 1), normal(1))
def dataclasses_of_parameters(W1, b1, W2, b2):
    first, second = Affine(W1, b1), Affine(W2, b2)
    return np.sum((second(np.tanh(first(X)))[:, 0] - Y) ** 2) + 0.1 * (first.penalty() + second.penalty())


@programs.right(normal(2), normal(2))
def named_tuples_and_keyword_arguments(w, v):
    Parameters = namedtuple("Parameters", "w v")

    def loss(*, w, v, scale=0.5):
        return scale * np.vdot(w, v) ** 2

    return loss(**Parameters(w, v)._asdict())


@programs.right(normal(3))
def struct_of_arrays_in_nested_dicts(w):
    state = {"layers": [{"w": w, "cache": {}}, {"w": 2 * w[::-1], "cache": {}}]}
    x = np.ones(3)
    for layer in state["layers"]:
        layer["cache"]["in"] = x
        x = np.sin(x * layer["w"])
    return sum((layer["cache"]["in"] * layer["w"]).sum() for layer in state["layers"])


@programs.right(normal(3), normal(3))
def closures_made_in_a_loop(w, v):
    functions = [lambda x, k=k: x * w[k] + v[k] for k in range(3)]
    x = 0.5
    for f in functions:
        x = np.tanh(f(x))
    return x


@programs.right(normal(4))
def a_class_with_state_and_properties(w):
    class Counter:
        def __init__(self):
            self._total, self.history = 0.0, []

        @property
        def total(self):
            return self._total

        def add(self, value):
            self._total += value * value
            self.history.append(self._total)

    counter = Counter()
    for value in w:
        counter.add(value)
    return counter.total + sum(counter.history)


@programs.right(normal(7))
def a_tree_by_recursion(w):
    def build(lo, hi):
        middle = (lo + hi) // 2
        return (middle, build(lo, middle), build(middle + 1, hi)) if lo < hi else None

    def value(tree, depth=1):
        if tree is None:
            return 1.0
        node, left, right = tree
        return np.tanh(w[node] * value(left, depth + 1) + value(right, depth + 1) / depth)

    return value(build(0, 7))


@programs.right(normal(5))
def groups_in_a_defaultdict(w):
    groups = defaultdict(list)
    for i, value in enumerate(w):
        groups[i % 2].append(value)
    return sum(np.prod(np.stack(members)) for members in groups.values())


# -- derivatives inside ------------------------------------------------------------------------------------------------


@programs.right(normal(2))
def one_step_of_maml(w):
    def loss(w, x, y):
        return np.mean((np.tanh(x @ w) - y) ** 2)

    inner = tg.grad(lambda v: loss(v, X[:3], Y[:3]))
    return loss(w - 0.5 * inner(w), X[3:], Y[3:])


@programs.right(normal(2), np.array([0.4]))
def learning_rate_by_unrolled_descent(w, rate):
    gradient = tg.grad(lambda v: np.sum((X @ v - Y) ** 2) + np.sum(v**4))
    for _ in range(4):
        w = w - 0.05 * rate[0] * gradient(w)
    return np.sum((X @ w - Y) ** 2)


@programs.right(np.array([0.3, -0.8]))
def energy_of_a_learned_potential(p):
    force = tg.grad(lambda q: p[0] * q**4 + p[1] * q**2)
    q, v = 0.7, 0.0
    for _ in range(10):
        v = v - 0.1 * force(q)
        q = q + 0.1 * v
    return q * v


@programs.right(normal(2))
def newton_step_with_a_hessian(w):
    def f(v):
        return np.sum(np.cosh(X @ v))

    return f(w - np.linalg.solve(tg.hessian(f)(w), tg.grad(f)(w)))


@programs.right(normal(3))
def gradient_penalty(w):
    def critic(x):
        return np.sum(np.tanh(w * x) ** 2)

    slope = tg.grad(critic)(np.array([0.2, -0.4, 1.0]))
    return (np.sqrt(np.sum(slope**2)) - 1) ** 2


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
