"""Embeddings: what a look-up costs, what it leaves alone."""

import tracemalloc

import numpy as np

import rnn
import tinygraph as tg


def test_look_ups_send_back_the_rows_that_they_read_and_no_whole_tables():
    embedding = rnn.Embedding(20_000, 32, rng=0)
    numbers = np.random.default_rng(0).integers(0, 20_000, (50, 4))
    loss = sum((embedding(step) ** 2).sum() for step in numbers)
    tracemalloc.start()
    loss.backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * embedding.E.data.nbytes
    rows = np.flatnonzero(embedding.E.grad.any(axis=1))
    np.testing.assert_array_equal(rows, np.unique(numbers))


def test_a_symbol_that_is_read_twice_receives_twice():
    embedding = rnn.Embedding(3, 2, rng=0)
    embedding([[0, 2], [2, 2]]).sum().backward()
    np.testing.assert_array_equal(embedding.E.grad, [[1, 1], [0, 0], [3, 3]])


def test_the_padding_of_word_vectors_keeps_its_vector_and_gets_no_gradient():
    vectors = np.arange(6.0).reshape(3, 2)
    embedding = rnn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=-1)
    x = embedding([0, 2, 2])
    np.testing.assert_array_equal(x.data, vectors[[0, 2, 2]])
    x.sum().backward()
    np.testing.assert_array_equal(embedding.E.grad, [[1, 1], [0, 0], [0, 0]])


def test_an_embedding_is_read_in_its_own_precision():
    embedding = rnn.Embedding(4, 3, padding_idx=0, dtype=np.float32)
    model = rnn.ManyToMany(rnn.Layers(embedding, rnn.GRUCell(3, 2, dtype=np.float32)), 4)
    loss = rnn.cross_entropy(model([[1, 2], [3, 0]]), [[2, 3], [0, 1]], weight=[1, 1, 2, 2], label_smoothing=0.1)
    assert loss.dtype == np.float32
    loss.backward()
    assert embedding.E.grad.dtype == np.float32
    assert all(node.dtype == np.float32 for node in tg.graph(loss).nodes if node.kind == "op")
