"""Columns are for loops that carry a state: trees, heads, layers and examples of a minibatch are no time steps."""

from functools import reduce

import numpy as np
import pytest

import tinygraph as tg

SIZE = 2
X = np.sin(np.arange(8.0)).reshape(4, SIZE)


def weights(number):
    return [tg.parameter(np.eye(SIZE) / (k + 2)) for k in range(number)]


# Not time


def balanced_tree():
    W, V = weights(2)

    def vector(tree):
        if isinstance(tree, int):
            return tg.tensor(X[tree])
        left, right = (vector(child) for child in tree)
        return np.tanh(W @ left + V @ right)

    return vector(((0, 1), (2, 3))).sum()


def unbalanced_tree():
    """One leaf vector for all words, and branches of every depth."""
    W, leaf = tg.parameter(np.ones((SIZE, 2 * SIZE)) / 5), tg.parameter(np.ones(SIZE))

    def state(tree):
        if not tree:
            return np.tanh(leaf)
        left = state(tree[0])
        right = state(tree[1])
        return np.tanh(W @ np.concatenate([left, right]))

    return state((((), ((), ())), ((), ()))).sum() + state(((((), ()), ((), ((), ()))), ((), (((), ()), ())))).sum()


def merges_of_a_tree():
    W, V = weights(2)
    vectors = list(X)
    for left, right in [(0, 1), (2, 3), (4, 5)]:
        vectors.append(np.tanh(W @ vectors[left] + V @ vectors[right]))
    return vectors[-1].sum()


def attention_heads():
    W = tg.parameter(np.ones((SIZE, 6)))
    heads = []
    for i in range(3):
        q = X @ W[:, 2 * i : 2 * i + 2]
        heads.append(tg.softmax(q @ X.T) @ X)
    return np.concatenate(heads, axis=1).sum()


def minibatch_of_bags():
    W, total = weights(1)[0], 0.0
    for words in (X[:2], X[1:], X):
        mean = words.mean(axis=0)
        scores = W @ mean
        total = total + tg.softmax_cross_entropy(scores, 1)
    return total


def layers_of_one_array():
    W, x = tg.parameter(np.ones((3, SIZE, SIZE)) / 4), X[0]
    for layer in range(3):
        x = np.tanh(W[layer] @ x)
    return x.sum()


def layers_of_a_list():
    x = X[0]
    for W in weights(3):
        x = x + np.tanh(W @ x)
    return x.sum()


def penalty():
    return sum((W**2).sum() for W in weights(3))


@pytest.mark.parametrize(
    "program",
    [
        balanced_tree,
        unbalanced_tree,
        merges_of_a_tree,
        attention_heads,
        minibatch_of_bags,
        layers_of_one_array,
        layers_of_a_list,
        penalty,
    ],
)
def test_what_carries_no_state_has_no_time_steps(program):
    graph = tg.graph(program())
    assert graph.timesteps == []
    assert set(graph.timeline.timesteps) == {None}


def test_sentences_of_a_minibatch_each_have_their_own_time():
    W, total = weights(1)[0], 0.0
    for sentence in (X[:2], X[1:], X):
        h = np.zeros(SIZE)
        for x in sentence:
            h = np.tanh(W @ h + x)
        total = total + h.sum()
    graph = tg.graph(total)
    steps = [(node.timestep, graph.timeline.subscripts[node.index]) for node in graph.nodes if node.name == "h"]
    states = [(t, (sentence,)) for sentence, length in ((1, 2), (2, 3), (3, 4)) for t in range(1, length + 1)]
    assert [step for step in steps if step[0]] == states


# Time


def forward_algorithm():
    """A state that no op makes of a parameter at once."""
    A = tg.parameter(np.eye(SIZE))
    log_A = A - np.log(np.sum(np.exp(A), axis=1, keepdims=True))
    step = lambda alpha, x: np.log(np.sum(np.exp(alpha[:, None] + log_A), axis=0)) + x
    return reduce(step, X, tg.tensor(np.zeros(SIZE))).sum()


def moving_average():
    W, m = weights(1)[0], 0.0
    for x in X:
        m = 0.9 * m + 0.1 * (W @ x)
    return m.sum()


def cumulative_position():
    """A running sum is a state where other ops read it on its way."""
    step, s, loss = tg.parameter(np.ones(SIZE)), tg.tensor(np.zeros(SIZE)), 0.0
    for x in X:
        s = s + step * x
        loss = loss + ((s - x) ** 2).sum()
    return loss


def trajectory_of_a_start():
    """Nothing but the start is a parameter."""
    s = tg.parameter(X[0])
    for _ in range(4):
        s = s + 0.1 * np.sin(s)
    return s.sum()


def fed_targets():
    W, V = weights(2)
    loss = 0.0
    for t in range(4):
        h = np.tanh(W @ (X[t - 1] if t else np.zeros(SIZE)))
        loss = loss + ((V @ h - X[t]) ** 2).sum()
    return loss


def readout_of_its_own():
    W, V = weights(2)
    h, hs, outputs = np.zeros(SIZE), [], []
    for x in X:
        h = np.tanh(W @ h + x)
        hs.append(h)
    for h in hs:
        outputs.append(V @ h)
    return np.stack(outputs).sum()


@pytest.mark.parametrize(
    "program",
    [
        forward_algorithm,
        moving_average,
        cumulative_position,
        trajectory_of_a_start,
        fed_targets,
        readout_of_its_own,
    ],
)
def test_what_carries_a_state_is_time(program):
    assert tg.graph(program()).timesteps == [1, 2, 3, 4]


def test_a_loop_in_step_with_time_shares_its_steps():
    graph = tg.graph(readout_of_its_own())
    outputs = [node for node in graph.nodes if node.expression == "V @ h"]
    assert [node.timestep for node in outputs] == [1, 2, 3, 4]


def test_layers_and_heads_are_told_apart_by_numbers():
    graph = tg.graph(layers_of_a_list())
    assert [graph.timeline.subscripts[n.index] for n in graph.nodes if n.name == "x" and n.kind == "op"] == [
        (1,),
        (2,),
        (3,),
    ]
    graph = tg.graph(attention_heads())
    assert [graph.timeline.subscripts[n.index] for n in graph.nodes if n.name == "q"] == [(1,), (2,), (3,)]
