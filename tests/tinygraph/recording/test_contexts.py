"""What circumstances and calls a program leaves behind: blocks in any order, generators, tasks, threads, long loops."""

import asyncio
import contextvars
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygraph as tg

w = tg.parameter([1.0, 2.0])


def records():
    return (w * 2).requires_grad


@pytest.fixture(autouse=True)
def _recording_before_and_after():
    assert records()
    yield
    assert records()


# -- blocks ------------------------------------------------------------------------------------------------------------


def test_one_block_may_be_entered_again_inside_itself():
    quiet = tg.no_grad()
    with quiet:
        with quiet:
            assert not records()
        assert not records()
    assert records()


def quiet_pieces():
    with tg.no_grad(), tg.scope("piece"):
        yield records(), scope_here()
        yield records(), scope_here()


def scope_here():
    return tg.graph(tg.tensor(1.0)).nodes[0].scope


def test_blocks_of_generators_may_close_in_any_order():
    first, second, third = quiet_pieces(), quiet_pieces(), quiet_pieces()
    for generator in (first, second, third):
        assert next(generator) == (False, "piece")
    second.close()
    assert next(first) == (False, "piece")
    first.close()
    assert next(third) == (False, "piece")
    third.close()
    assert records()


def test_a_suspended_generator_concerns_nobody_else():
    pieces = quiet_pieces()
    next(pieces)
    assert records()
    with tg.scope("caller"):
        assert scope_here() == "caller"
        assert next(pieces) == (False, "piece/caller")  # in the order in which they were entered
        assert records()
    pieces.close()
    assert scope_here() == ""


def test_a_generator_may_be_closed_by_another_task():
    def begun():
        generator = quiet_pieces()
        next(generator)
        return generator

    contextvars.copy_context().run(begun).close()
    assert records()


def test_a_decorated_generator_runs_inside_the_block_and_its_consumer_does_not():
    @tg.no_grad()
    def pieces():
        received = yield records()
        try:
            yield received, records()
        except KeyError:
            yield "caught", records()
        return "done"

    def consumer():
        generator = pieces()
        said = [next(generator), records(), generator.send("sent"), records(), generator.throw(KeyError()), records()]
        with pytest.raises(StopIteration) as end:
            next(generator)
        return said, end.value.value

    assert consumer() == ([False, True, ("sent", False), True, ("caught", False), True], "done")
    left = pieces()
    next(left)
    left.close()


def test_decorated_methods_recursion_and_coroutines():
    class Model:
        @tg.no_grad()
        def pieces(self):
            yield self, records()

        @tg.no_grad()
        def count(self, n):
            assert not records()
            return self.count(n - 1) + 1 if n else 0

        @tg.no_grad()
        async def waits(self):
            await asyncio.sleep(0)
            return self, records()

    async def both():
        first, seen = asyncio.create_task(model.waits()), records()
        return await first, seen, records()

    model = Model()
    assert list(model.pieces()) == [(model, False)]
    assert model.count(5) == 5
    assert asyncio.run(both()) == ((model, False), True, True)
    with pytest.raises(TypeError, match="asynchronous generator"):

        @tg.no_grad()
        async def unsupported():
            yield 1


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_backward_pass_in_the_middle_of_a_loop_keeps_its_time_steps():
    h = tg.parameter([1.0, 1.0])
    for t in range(7):
        h = h * w
        if t % 3 == 0:
            h.sum().backward()
    assert tg.graph(h).timesteps == list(range(1, 8))
    w.zero_grad()


def test_a_backward_pass_of_one_task_keeps_the_time_steps_of_others():
    async def task(learns):
        h = tg.parameter([1.0, 1.0])
        for _ in range(5):
            h = h * w
            await asyncio.sleep(0)
            if learns:
                h.sum().backward()
        return tg.graph(h).timesteps

    async def both():
        return await asyncio.gather(task(True), task(False))

    assert asyncio.run(both()) == [[1, 2, 3, 4, 5]] * 2
    w.zero_grad()


def test_interleaved_generators_keep_their_time_steps():
    def states():
        h = tg.parameter([1.0, 1.0])
        for _ in range(5):
            h = h * w
            yield h

    several = [states() for _ in range(40)]
    for _ in range(5):
        last = [next(generator) for generator in several]
    assert [tg.graph(h).timesteps for h in last] == [[1, 2, 3, 4, 5]] * 40


def test_threads_that_share_a_context_keep_their_own_time_steps():
    turn = threading.Barrier(2)

    def job(learns):
        h = tg.parameter([1.0, 1.0])
        for _ in range(5):
            turn.wait()
            h = h * w
            turn.wait()
            if learns:
                h.sum().backward()
        return tg.graph(h).timesteps

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(contextvars.copy_context().run, job, learns) for learns in (True, False)]
        assert [job.result() for job in jobs] == [[1, 2, 3, 4, 5]] * 2
    w.zero_grad()


class Local:
    """What can be watched."""


def test_locals_of_a_function_do_not_outlive_its_backward_pass():
    def function():
        local = Local()
        np.sum(w * w).backward()
        return weakref.ref(local)

    assert function()() is None
    w.zero_grad()


def test_locals_of_a_loop_that_was_left_do_not_outlive_the_backward_pass():
    def first_row():
        local = Local()
        for row in (w, w):
            if (row * row).data[0] > 0:
                return row * row, weakref.ref(local)

    h, watched = first_row()
    h.sum().backward()
    assert watched() is None
    w.zero_grad()


def test_finished_generators_are_forgotten_without_any_backward_pass():
    watched = []

    def rows(local):
        for row in w:
            watched.append(weakref.ref(local))
            yield row * row

    for _ in range(100):
        sum(rows(Local()))
    gc.collect()
    assert sum(ref() is not None for ref in watched) <= 2 * 20
