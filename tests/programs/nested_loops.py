"""Loops in loops: grids, sentences of words, minibatches, epochs, truncation."""

from __future__ import annotations

import numpy as np

from .building import SIZE, Cell, data, exact, run, weights


@exact
def tied_layers(T):
    (U,) = weights(1)
    cell, states = Cell(), [np.zeros(SIZE)] * 2
    for x in data(T):
        y = U @ x
        for k in range(2):
            y = states[k] = cell(states[k], y)
    return y.sum()


@exact
def grid(T):
    W, U, V = weights(3)
    rows = [[np.zeros(SIZE)] * 4]
    for _ in range(T):
        row, left = [], np.zeros(SIZE)
        for above, x in zip(rows[-1], data(4), strict=True):
            left = np.tanh(W @ left + U @ above + V @ x)
            row.append(left)
        rows.append(row)
    return rows[-1][-1].sum()


def lengths(T: int) -> list[int]:
    return [2 + k % 3 for k in range(T)]


@exact
def sentences_of_words(T):
    cell, (V,) = Cell(), weights(1)
    total = 0.0
    for length in lengths(T):
        h = np.zeros(SIZE)
        for word in data(length):
            h = cell(h, word)
        total = total + (V @ h).sum()
    return total


@exact
def minibatch_of_unequal_sequences(T):
    cell = Cell()
    return sum(run(cell, data(length))[-1].sum() for length in lengths(T)) / T


@exact
def epochs(T):
    cell = Cell()
    losses = []
    for _ in range(3):
        h = np.zeros(SIZE)
        for x in data(T):
            h = cell(h, x)
        losses.append(h.sum())
    return sum(losses)


@exact
def truncated(T):
    cell, h, loss = Cell(), np.zeros(SIZE), 0.0
    for _ in range(T):
        for x in data(3):
            h = cell(h, x)
            loss = loss + h.sum()
        h = h.detach()
    return loss


@exact
def chunks_without_truncation(T):
    cell, h, loss = Cell(), np.zeros(SIZE), 0.0
    for _ in range(T):
        for x in data(3):
            h = cell(h, x)
        loss = loss + h.sum()
    return loss
