"""Graphviz in a process of its own: a hang, an abort, Ctrl-C, threads, forks and closed streams hurt nobody."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import viz
from examples import programs
from tests.tools.pictures import check_picture
from viz.layout import graphviz_layout, graphviz_process
from viz.layout.graphviz_process import Defeated, LayoutError, dot_layout
from viz.layout.request import Request

ROOT = Path(__file__).parents[3]
SMALL = "digraph { a -> b }"
# dot 14 has "fixLabelOrder: Assertion" on labels of edges that cross each other within a rank
LABEL = '[constraint=false label="xxxxxxx"]'
FLAT = "digraph { " + " ".join(f"n{i} -> n{j} {LABEL}" for i in range(9) for j in range(9) if (i * j + i) % 3) + "}"
HUGE = "digraph { " + " ".join(f"n{i} -> n{(i * i + 7 * j) % 900}" for i in range(900) for j in range(1, 5)) + "}"


def places(answer):
    return {node["name"]: node["pos"] for node in json.loads(answer[0])["objects"]}


def test_the_same_process_answers_again():
    first = dot_layout(SMALL, 5.0)
    process = graphviz_process._idle[-1]._process
    assert dot_layout(SMALL, 5.0)[0] == first[0]
    assert graphviz_process._idle[-1]._process is process


def test_a_layout_that_takes_too_long_is_broken_off_in_time():
    start = time.perf_counter()
    with pytest.raises(LayoutError, match=r"no layout within 0.3 seconds"):
        dot_layout(HUGE, 0.3)
    assert time.perf_counter() - start < 4.0
    assert set(places(dot_layout(SMALL, 5.0))) == {"a", "b"}


def test_an_abort_is_an_error_like_any_other():
    with pytest.raises(LayoutError, match="broke off"):
        dot_layout(FLAT, 20.0)
    assert set(places(dot_layout(SMALL, 5.0))) == {"a", "b"}


def test_a_process_that_was_killed_meanwhile_is_replaced():
    dot_layout(SMALL, 5.0)
    for worker in graphviz_process._idle:
        worker._process.kill()
        worker._process.wait()
    assert set(places(dot_layout(SMALL, 5.0))) == {"a", "b"}


def test_graphviz_is_not_given_what_it_aborts_over():
    edges = [(i, j, False) for i in range(9) for j in range(9) if (i * j + i) % 3][:12]
    request = Request([(40.0, 40.0)] * 9, edges, labels=[30.0] * 12, loose=frozenset(range(12)))
    with pytest.raises(LayoutError, match="broke off"):
        dot_layout(FLAT, 20.0)
    assert len(graphviz_layout.arrange(request).paths) == 12


def test_without_graphviz_a_drawing_is_plainer_and_says_so(monkeypatch):
    def broken(source, limit):
        raise LayoutError("broke off")

    monkeypatch.setattr(graphviz_layout, "dot_layout", broken)
    drawing = viz.draw(programs.first_model())
    with pytest.warns(RuntimeWarning, match=r"Graphviz broke off: .* plainer layout"):
        check_picture(drawing)


@pytest.mark.parametrize(
    ("error", "times"),
    [(Defeated("broke off"), 2), (LayoutError("was interrupted"), 1), (LayoutError("is not there"), 1)],
)
def test_a_graph_that_defeats_graphviz_is_tried_once_more_without_labels_in_the_same_time(monkeypatch, error, times):
    asked, limits = [], []

    def failing(source, limit):
        asked.append('fixedsize="true"' in source)
        limits.append(limit)
        raise error

    monkeypatch.setattr(graphviz_layout, "dot_layout", failing)
    request = Request([(40.0, 20.0)] * 2, [(0, 1, False)], labels=[20.0])
    with pytest.warns(RuntimeWarning, match="plainer layout"):
        graphviz_layout.arrange(request)
    assert asked == [True, False][:times]
    assert sum(limits) <= graphviz_layout.PATIENCE + 0.01


def test_other_threads_run_on_and_four_that_draw_get_the_right_pictures():
    makers = [programs.first_model, programs.attention, programs.affine_system, programs.bidirectional]
    results = [make() for make in makers]
    expected = [viz.draw(result).svg() for result in results]
    counts = [0]
    stop = threading.Event()

    def count():
        while not stop.is_set():
            counts[0] += 1
            time.sleep(0.001)

    with ThreadPoolExecutor(5) as threads:
        threads.submit(count)
        drawings = [threads.submit(lambda r: viz.draw(r).svg(), results[i % 4]) for i in range(24)]
        assert [drawing.result() for drawing in drawings] == expected * 6
        before = counts[0]
        with pytest.raises(LayoutError):
            dot_layout(HUGE, 0.5)
        assert counts[0] - before > 50
        stop.set()
    assert len(graphviz_process._idle) <= graphviz_process.SPARE


SCRIPT = """
import os, signal, sys, threading, warnings
import numpy as np, tinygraph as tg, viz
W, h = tg.parameter(0.5, name="W"), tg.tensor(1.0)
for t in range(3):
    h = np.tanh(W * h)
def draw():
    return viz.draw(h).svg()
"""


def run(script, *, shell=None, **options):
    """Run a script that draws, and return what it printed; `shell` redirects its streams."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT + script]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, **options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_closed_streams_do_no_harm():
    run("draw()", shell="<&- >&- 2>&-")
    assert run("print(len(draw()) > 1000)", shell="<&-") == "True\n"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_parent_and_child_draw_on_their_own():
    said = run("""
expected = draw()
child = os.fork()
same = all(draw() == expected for _ in range(5))
if not child:
    os._exit(0 if same else 1)
print(same, os.waitpid(child, 0)[1])
""")
    assert said == "True 0\n"


@pytest.mark.slow
def test_the_users_program_is_not_run_again_by_it(tmp_path):
    script = tmp_path / "script.py"  # without a guard: what multiprocessing would run a second time
    script.write_text(SCRIPT + "print('once'); draw(); import multiprocessing")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.stdout, done.stderr) == ("once\n", "")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_the_process_ends_with_its_user_however_that_ends():
    said = run("""
from viz.layout import graphviz_process
draw()
print(graphviz_process._idle[0]._process.pid, flush=True)
import atexit; atexit.register(draw)  # at exit, too
""")
    assert gone(int(said))
    script = (
        SCRIPT
        + """
from viz.layout import graphviz_process
draw()
print(graphviz_process._idle[0]._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -signal.SIGKILL
    assert gone(int(killed.stdout))


def gone(pid):
    """Tell whether a process ends within five seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if (
            Path(f"/proc/{pid}/stat").exists()
            and Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] == "Z"
        ):
            return True  # whoever should see to it has not yet
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_ctrl_c_costs_a_message_and_a_plainer_layout():
    said = run("""
from viz.layout import graphviz_layout, graphviz_process
from viz.layout.request import Request
from viz.layout.graphviz_layout import arrange
graphviz_layout.PATIENCE = 60  # a busy machine may not end it before the signal does
graphviz_process.start_early()
ends = [(i, (i * i + 7 * j) % 700, False) for i in range(700) for j in range(1, 5)]
request = Request(sizes=[(40.0, 20.0)] * 700, edges=ends)
threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
with warnings.catch_warnings(record=True) as messages:
    warnings.simplefilter("always")
    placed = arrange(request)
print(len(placed.boxes), "interrupted" in str(messages[0].message), len(draw()) > 1000)
""")
    assert said == "700 True True\n"
