"""Where shards are computed: in this process, or on an engine of `concurrent.futures`, which is not ours.

A task that is lost, because its worker died, is run again, in the end in this process: no result is missing.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

Engine = int | Executor | Callable[[], Executor] | None
ATTEMPTS = 3  # on an engine, before a task is run in this process


class Workers:
    """An engine of the user's, or one of so many processes.

    Parameters
    ----------
    engine : int, Executor or function that makes an Executor, optional
        A number of processes: those of loky where it is installed, else Python's own, for which a script needs
        ``if __name__ == "__main__":``. An executor is used as it is: loky's, ``client.get_executor()`` of Dask,
        mpi4py's `MPIPoolExecutor`. A function is called again when its executor broke. None or 1 is this process.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor() as threads:
    ...     Workers(threads).run(pow, pow, [(2, 3), (2, 4)])
    [8, 16]

    Ray's remote functions give such futures, too:

    >>> class RayExecutor(Executor):
    ...     def submit(self, function, *arguments):
    ...         return ray.remote(function).remote(*arguments).future()
    """

    def __init__(self, engine: Engine = None):
        is_number = isinstance(engine, int) and not isinstance(engine, bool)
        if not (engine is None or isinstance(engine, Executor) or callable(engine) or (is_number and engine >= 1)):
            raise TypeError(
                f"workers should be a number, at least 1, or an executor such as loky's or Dask's"
                f" client.get_executor(), not {engine!r}"
            )
        self._engine = None if engine == 1 else engine
        self._executor: Executor | None = engine if isinstance(engine, Executor) else None
        self._is_lost = False  # for good: what is to be computed is computed here

    @property
    def are_here(self) -> bool:
        """Whether all is computed in this process."""
        return self._engine is None or self._is_lost

    def run(self, function: Callable, here: Callable, tasks: Sequence[tuple]) -> list[Any]:
        """Return ``function(*task)`` of each task, in order; of one that finds no worker, ``here(*task)``."""
        results: dict[int, Any] = {}
        error: BaseException | None = None
        for _ in range(0 if self.are_here else ATTEMPTS):
            missing = [number for number in range(len(tasks)) if number not in results]
            if missing:
                error = self._attempt(function, tasks, missing, results) or error
        missing = [number for number in range(len(tasks)) if number not in results]
        if missing and not self.are_here:
            self._is_lost = True
            warnings.warn(
                f"no worker answers ({type(error).__name__}: {error}): the shards are computed in this process from now"
                " on, with the same result; a number or a function that makes an executor gives new workers",
                RuntimeWarning,
                stacklevel=2,
            )
        return [results[number] if number in results else here(*tasks[number]) for number in range(len(tasks))]

    def _attempt(
        self, function: Callable, tasks: Sequence[tuple], missing: list[int], results: dict[int, Any]
    ) -> BaseException | None:
        """Try to add the missing results; return the last error of those that were lost."""
        lost: BaseException | None = None
        try:
            executor = self._started()
            futures = {number: executor.submit(function, *tasks[number]) for number in missing}
        except (Exception, asyncio.CancelledError) as error:
            self._renew()
            return error
        for number, future in futures.items():
            try:
                results[number] = future.result()
            except (Exception, asyncio.CancelledError) as error:  # whatever an engine makes of a worker that died
                lost = error
        if isinstance(lost, (BrokenExecutor, RuntimeError)):
            self._renew()
        return lost

    def _started(self) -> Executor:
        if self._executor is None:
            make = partial(_pool, self._engine) if isinstance(self._engine, int) else self._engine
            assert callable(make)
            self._executor = make()
        return self._executor

    def _renew(self) -> None:
        """Let go of an executor of our own; the next attempt makes another."""
        self.close(wait=False)

    def close(self, *, wait: bool = True) -> None:
        """Stop the processes that were started here."""
        if self._executor is not None and not isinstance(self._engine, Executor):
            with suppress(Exception):
                self._executor.shutdown(wait=wait)
            self._executor = None


def _pool(count: int) -> Executor:
    if find_spec("loky"):
        from loky import ProcessPoolExecutor as Loky  # optional

        return Loky(max_workers=count)
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))
