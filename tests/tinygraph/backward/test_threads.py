"""Threads share parameters and nothing else."""

import threading

import numpy as np

import tinygraph as tg


def in_a_thread(run):
    results = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join()
    return results[0]


def test_no_grad_in_one_thread_does_nothing_in_another():
    w = tg.parameter(2.0)
    with tg.no_grad():
        assert in_a_thread(lambda: (w * w).requires_grad)
        assert not (w * w).requires_grad
    entered, leave = threading.Event(), threading.Event()

    def quiet():
        with tg.no_grad():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=quiet)
    thread.start()
    entered.wait()
    assert (w * w).requires_grad
    leave.set()
    thread.join()


def test_threads_share_parameters_and_get_their_own_gradients_right():
    W = tg.parameter(np.eye(3))
    expected = tg.grad(lambda W: np.tanh(W @ W @ np.ones(3)).sum())(W.data)
    wrong = []

    def work():
        for _ in range(50):
            gradient = tg.grad(lambda W: np.tanh(W @ W @ np.ones(3)).sum())(W.data)
            if not np.array_equal(gradient, expected):
                wrong.append(gradient)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
