"""Programs over sequences, as people write them: networks by hand, dynamic programming, filters."""

import numpy as np
import pytest

from tests.foreign.program import Programs

programs = Programs()
rng = np.random.default_rng(1)


def normal(*shape):
    return rng.normal(size=shape) / 2


# -- recurrent networks written by hand --------------------------------------------------------------------------------


@programs.right(normal(4, 3), normal(4, 4), normal(3, 4), np.zeros((4, 1)), np.zeros((3, 1)))
def min_char_rnn(Wxh, Whh, Why, bh, by):
    inputs, targets = [0, 1, 2, 1], [1, 2, 1, 0]
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.zeros((4, 1))
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((3, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys) / np.sum(np.exp(ys))
        loss += -np.log(ps[t][targets[t], 0])
    return loss


@programs.right(normal(12, 5), normal(12))
def lstm_with_a_dict_of_gates(W, b):
    h, c = np.zeros(3), np.zeros(3)
    for x in np.linspace(-1, 1, 8).reshape(4, 2):
        z = W @ np.concatenate([h, x]) + b
        gates = dict(zip("ifog", np.split(z, 4), strict=True))
        i, f, o = (1 / (1 + np.exp(-gates[k])) for k in "ifo")
        c = f * c + i * np.tanh(gates["g"])
        h = o * np.tanh(c)
    return (h**2).sum()


@programs.right(normal(2, 2), normal(2, 1), normal(2, 2), normal(2, 1), normal(2, 2), normal(2, 1))
def gru_with_parameters_in_a_dict(Wz, Uz, Wr, Ur, Wh, Uh):
    p = {"Wz": Wz, "Uz": Uz, "Wr": Wr, "Ur": Ur, "Wh": Wh, "Uh": Uh}

    def sigmoid(v):
        return 0.5 * (np.tanh(0.5 * v) + 1)

    h = np.zeros((2, 3))
    for x in np.sin(np.arange(12.0)).reshape(4, 1, 3):
        z = sigmoid(p["Wz"].dot(h) + p["Uz"].dot(x))
        r = sigmoid(p["Wr"].dot(h) + p["Ur"].dot(x))
        h = (1 - z) * h + z * np.tanh(p["Wh"].dot(r * h) + p["Uh"].dot(x))
    return np.mean(h * h)


@programs.right(normal(3, 3), normal(3))
def hidden_states_in_a_list_that_is_stacked(W, h0):
    hs = [h0]
    for _ in range(5):
        hs.append(np.tanh(W @ hs[-1]))
    return np.sum(np.stack(hs)[1:] ** 2) + np.vstack(hs)[-1].max()


@programs.refused(normal(3, 3), normal(3), says="table.at[i].set")
def hidden_states_in_rows_of_a_table(W, h0):
    H = np.zeros((6, 3))
    H[0] = h0
    for t in range(5):
        H[t + 1] = np.tanh(W @ H[t])
    return np.sum(H**2)


@programs.right(normal(3, 3), normal(3, 3), normal(3, 3), normal(5, 3))
def self_attention_by_einsum(Wq, Wk, Wv, x):
    q, k, v = (np.einsum("td,de->te", x, W) for W in (Wq, Wk, Wv))
    scores = np.einsum("te,se->ts", q, k) / np.sqrt(3)
    scores = np.where(np.tril(np.ones((5, 5))) == 1, scores, -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.einsum("ts,se,te->", weights, v, np.cos(np.arange(15.0)).reshape(5, 3))


@programs.right(normal(2, 4, 3), normal(2, 3, 5))
def heads_by_batched_matmul(q, k):
    scores = np.matmul(q, k)
    return np.sum(np.tanh(scores.transpose(0, 2, 1) @ scores)[:, 0, -1])


@programs.right(normal(6), np.array([0.5]), np.array([0.1]))
def layer_norm_with_gain_and_bias(x, gain, bias):
    mu, sigma = x.mean(-1, keepdims=True), x.std(-1, keepdims=True)
    return np.sum(np.sin(gain * (x - mu) / (sigma + 1e-5) + bias))


@programs.right(normal(4, 4), normal(4))
def hopfield_energy_after_three_updates(W, s):
    W = (W + W.T) / 2
    W = W - np.diag(np.diag(W))
    for _ in range(3):
        s = np.tanh(2.0 * W @ s)
    return -0.5 * s @ W @ s


# -- dynamic programming ----------------------------------------------------------------------------------------------


def logsumexp(values):
    biggest = max(values)
    return biggest + np.log(sum(np.exp(v - biggest) for v in values))


@programs.right(normal(5, 3))
def ctc_forward_in_dictionaries(scores):
    log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    labels = [0, 1, 0, 2, 0]  # blanks between the labels
    alpha = {0: log_p[0, 0], 1: log_p[0, 1]}
    for t in range(1, 5):
        now = {}
        for s in range(5):
            before = [alpha[r] for r in (s, s - 1) if r in alpha]
            if s > 1 and labels[s] and labels[s] != labels[s - 2] and s - 2 in alpha:
                before.append(alpha[s - 2])
            if before:
                now[s] = logsumexp(before) + log_p[t, labels[s]]
        alpha = now
    return -logsumexp([alpha[3], alpha[4]])


@programs.refused(normal(5, 3), says="table.at[i].set")
def ctc_forward_in_a_table(scores):
    probabilities = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = [0, 1, 0, 2, 0]
    alpha = np.zeros((5, 5))
    alpha[0, 0], alpha[0, 1] = probabilities[0, 0], probabilities[0, 1]
    for t in range(1, 5):
        for s in range(5):
            alpha[t, s] = alpha[t - 1, s] + (alpha[t - 1, s - 1] if s else 0)
            alpha[t, s] *= probabilities[t, labels[s]]
    return -np.log(alpha[4, 4] + alpha[4, 3]) + probabilities[0, 0]


@programs.refused(normal(4), normal(5), says="table.at[i].set")
def soft_dtw_in_a_table(x, y):
    R = np.full((5, 6), np.inf)
    R[0, 0] = 0
    for i in range(1, 5):
        for j in range(1, 6):
            before = np.array([R[i - 1, j], R[i, j - 1], R[i - 1, j - 1]])
            smallest = np.min(before)
            soft = smallest - np.log(np.sum(np.exp(smallest - before)))
            R[i, j] = (x[i - 1] - y[j - 1]) ** 2 + soft
    return R[-1, -1]


@programs.right(normal(4), normal(5))
def soft_dtw_by_recursion_with_a_memo(x, y):
    memo = {}

    def cost(i, j):
        if i < 0 or j < 0:
            return 0.0 if i == j == -1 else np.inf
        if (i, j) not in memo:
            before = [b for b in (cost(i - 1, j), cost(i, j - 1), cost(i - 1, j - 1)) if b != np.inf]
            memo[i, j] = (x[i] - y[j]) ** 2 - logsumexp([-b for b in before])
        return memo[i, j]

    return cost(3, 4)


@programs.right(normal(3, 3), normal(3, 4), normal(3))
def hmm_forward_with_logsumexp(transitions, emissions, start):
    def normalized(scores):
        return scores - np.log(np.sum(np.exp(scores), axis=-1, keepdims=True))

    A, B, log_pi = normalized(transitions), normalized(emissions), normalized(start)
    log_alpha = log_pi + B[:, 2]
    for symbol in (0, 3, 1):
        scores = log_alpha[:, None] + A
        top = np.max(scores, axis=0)
        log_alpha = top + np.log(np.exp(scores - top).sum(axis=0)) + B[:, symbol]
    return np.logaddexp.reduce(log_alpha) if isinstance(log_alpha, np.ndarray) else logsumexp(list(log_alpha))


@programs.right(normal(3))
def evidence_by_logaddexp_reduce(log_alpha):
    return np.logaddexp.reduce(log_alpha)


@programs.right(normal(3, 3), normal(4, 3))
def viterbi_with_a_soft_maximum(A, scores):
    best = scores[0]
    for row in scores[1:]:
        candidates = best[:, np.newaxis] + A
        best = 0.1 * np.log(np.sum(np.exp(candidates / 0.1), axis=0)) + row
    return 0.1 * np.log(np.sum(np.exp(best / 0.1)))


@programs.right(normal(3, 3), normal(4, 3))
def viterbi_with_backpointers(A, scores):
    best, pointers = scores[0], []
    for row in scores[1:]:
        candidates = best[:, None] + A
        pointers.append(np.argmax(candidates, axis=0))
        best = np.max(candidates, axis=0) + row
    state, path = int(np.argmax(best)), []
    for pointer in reversed(pointers):
        path.append(state)
        state = pointer[state]
    return best[np.argmax(best)] * (1 + 0.1 * len(path))


@programs.right(normal(2), normal(3, 2), normal(3, 2))
def soft_edit_distance_in_a_list_of_rows(costs, a, b):
    row = [j * costs[0] ** 2 for j in range(4)]
    for i in range(1, 4):
        new = [i * costs[1] ** 2]
        for j in range(1, 4):
            change = np.sum((a[i - 1] - b[j - 1]) ** 2)
            options = [row[j] + costs[1] ** 2, new[-1] + costs[0] ** 2, row[j - 1] + change]
            new.append(-logsumexp([-option for option in options]))
        row = new
    return row[-1]


# -- filters ----------------------------------------------------------------------------------------------------------


@programs.right(np.array([0.9, 0.2]), np.array([0.3]), np.array([0.5]))
def kalman_filter_log_likelihood(dynamics, q, r):
    F = np.array([[1.0, 0.1], [0.0, 1.0]]) * dynamics[:, None]
    H = np.array([[1.0, 0.0]])
    m, P, total = np.zeros(2), np.eye(2), 0.0
    for y in (0.3, 0.1, -0.4, 0.6):
        m, P = F @ m, F @ P @ F.T + q[0] ** 2 * np.eye(2)
        S = H @ P @ H.T + r[0] ** 2
        K = P @ H.T @ np.linalg.inv(S)
        innovation = y - H @ m
        total += -0.5 * (innovation @ np.linalg.solve(S, innovation) + np.log(np.linalg.det(2 * np.pi * S)))
        m, P = m + K @ innovation, (np.eye(2) - K @ H) @ P
    return total


@programs.right(np.array([0.5, -0.3]), np.array([0.2]))
def arma_residuals_in_a_growing_list(phi, theta):
    y = np.sin(np.arange(9.0))
    errors = [0.0, 0.0]
    for t in range(2, 9):
        errors.append(y[t] - phi @ y[t - 2 : t][::-1] - theta[0] * errors[-1])
    return sum(e**2 for e in errors)


@programs.right(np.array([0.8, 0.1, 0.05]))
def garch_variances_by_a_generator(p):
    returns = np.cos(np.arange(7.0))

    def variances():
        h = p[0]
        for r in returns:
            yield h
            h = p[0] + p[1] * r**2 + p[2] * h

    return sum(np.log(h) + r**2 / h for h, r in zip(variances(), returns, strict=True))


@programs.refused(np.array([0.8, 0.1, 0.05]), says="table.at[i].set")
def garch_variances_in_an_empty_array(p):
    returns = np.cos(np.arange(7.0))
    h = np.empty(7)
    h[0] = p[0]
    for t in range(1, 7):
        h[t] = p[0] + p[1] * returns[t - 1] ** 2 + p[2] * h[t - 1]
    return np.sum(np.log(h) + returns**2 / h)


@programs.right(np.array([0.3]), normal(8))
def exponential_smoothing_with_accumulate(alpha, x):
    from itertools import accumulate

    smoothed = accumulate(x, lambda s, v: alpha[0] * v + (1 - alpha[0]) * s)
    return sum(s * s for s in smoothed)


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
