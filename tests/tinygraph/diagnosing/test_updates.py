"""What becomes of parameters between passes: updates that are missing, gradients that were not reset."""

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tinygraph.backward.backprop import observed
from tinygraph.diagnosing.updates import Updates

RNG = np.random.default_rng(0)
XS, YS = RNG.normal(size=(40, 3)), RNG.normal(size=40)


def weights(*names):
    return [tg.parameter(RNG.normal(size=3), name=name) for name in names]


def loss_of(u, v, k=0):
    return np.mean((np.tanh(XS[k % 8 :: 8] @ u) + XS[k % 8 :: 8] @ v - YS[k % 8 :: 8]) ** 2)


def told(program):
    """The findings at the end of a program that yields its losses as they are about to be pulled back."""
    updates, loss = Updates(), None
    for loss in program:
        updates.pass_begins(loss)
    return [(symptom.kind, symptom.text) for symptom in updates.symptoms(tg.trace(loss))]


def descend(*parameters):
    for parameter in parameters:
        parameter.data = parameter.data - 0.1 * parameter.grad


def reset(*parameters):
    for parameter in parameters:
        parameter.grad = None


# -- healthy -----------------------------------------------------------------------------------------------------------


def by_hand():
    u, v = weights("u", "v")
    for k in range(6):
        reset(u, v)
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()
        descend(u, v)


def accumulated():
    u, v = weights("u", "v")
    for k in range(10):
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()
        if k % 4 == 3:
            descend(u, v)
            reset(u, v)


def two_losses_an_update():
    u, v = weights("u", "v")
    for k in range(6):
        reset(u, v)
        for loss in (loss_of(u, v, k), 0.1 * np.sum(u * u)):
            yield loss
            loss.backward()
        descend(u, v)


def taking_turns():
    u, v = weights("generator", "critic")
    for k in range(7):
        reset(u, v)
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()
        descend(u if k % 2 else v)


def with_momentum():
    u, v = weights("u", "v")
    speed = {u: 0.0, v: 0.0}
    for k in range(5):
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()
        for p in (u, v):
            speed[p] = 0.9 * speed[p] - 0.1 * p.grad
            p.data = p.data + speed[p]
            p.zero_grad()


def without_a_training_loop():
    u, v = weights("u", "v")
    for k in range(5):
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()


def made_anew():
    for k in range(6):
        u, v = weights("u", "v")
        loss = loss_of(u, v, k)
        yield loss
        loss.backward()


def one_without_a_gradient():
    u, v = weights("u", "v")
    for k in range(6):
        reset(u, v)
        loss = loss_of(u, v.detach(), k)
        yield loss
        loss.backward()
        descend(u)


HEALTHY = [
    by_hand,
    accumulated,
    two_losses_an_update,
    taking_turns,
    with_momentum,
    without_a_training_loop,
    made_anew,
    one_without_a_gradient,
]


@pytest.mark.parametrize("program", HEALTHY, ids=lambda program: program.__name__)
def test_nothing_is_said_of_a_healthy_loop(program):
    updates = Updates()
    for loss in program():
        updates.pass_begins(loss)
        assert updates.symptoms(tg.trace(loss)) == []


# -- sick --------------------------------------------------------------------------------------------------------------


def test_a_parameter_that_the_update_forgets():
    def program():
        u, v = weights("u", "v")
        for k in range(5):
            reset(u, v)
            loss = loss_of(u, v, k)
            yield loss
            loss.backward()
            descend(u)

    [(kind, text)] = told(program())
    assert kind == "not updated"
    assert text.startswith("v has not changed in 4 updates of u, though a gradient comes, of norm ")


@pytest.mark.parametrize("resets", [True, False])
def test_the_optimiser_of_another_network(resets):
    def program():
        u, v = weights("u", "v")
        others = weights("u", "v")
        for _ in range(5):
            if resets:
                reset(u, v)
            loss = loss_of(u, v)  # the same data: else it might be gradients that add up
            yield loss
            loss.backward()
            loss_of(*others).backward()
            descend(*others)
            reset(*others)

    [(kind, text)] = told(program())
    assert (kind, text) == ("not updated", "no update since 4 passes, which were to train u and v")


def test_gradients_that_are_never_reset():
    def program():
        u, v = weights("u", "v")
        for k in range(4):
            loss = loss_of(u, v, k)
            yield loss
            loss.backward()
            descend(u, v)

    [(kind, text)] = told(program())
    assert kind == "not reset"
    assert text.startswith(".grad of u and v still holds what an update has used, of norm ")
    assert text.endswith("in u: this pass adds to it")


def test_gradients_of_one_group_that_are_not_reset():
    held = []

    def program():
        u, v = weights("u", "v")
        for k in range(4):
            reset(v)
            loss = loss_of(u, v, k)
            held.append(u.grad)
            yield loss
            loss.backward()
            descend(u, v)

    [(kind, text)] = told(program())
    norm = np.linalg.norm(held[-1])
    assert (kind, text) == (
        "not reset",
        f".grad of u still holds what an update has used, of norm {norm:.4g}: this pass adds to it;"
        " that of the others was reset",
    )


def test_fit_updates_all_that_its_optimiser_was_given():
    X, Y = RNG.normal(size=(5, 8, 2)), RNG.integers(3, size=(5, 8))

    def findings(parameters_of):
        model = rnn.ManyToMany(rnn.ElmanCell(2, 4), 3)
        updates, kinds = Updates(), set()

        def look(loss):
            updates.pass_begins(loss)
            kinds.update(symptom.kind for symptom in updates.symptoms(tg.trace(loss)))

        adam = rnn.Adam(parameters_of(model))
        with observed(look):
            rnn.fit(model, (X, Y), loss=rnn.cross_entropy, optimizer=adam, epochs=4, quiet=True)
        return kinds

    assert findings(lambda model: model.parameters()) == set()
    assert findings(lambda model: dict(list(model.parameters().items())[:1])) == {"not updated"}
