"""The process that Graphviz runs in. It is a script and imports nothing of ours: it starts at once, and may end badly.

A request is a line with the length of a graph in Graphviz' language and the seconds that it may take, then that graph;
an answer is a line with the length of the layout as JSON and the seconds that it took, then that. When it has worked
for longer than it may, the process ends.
"""

import faulthandler
import os
import signal
import sys
import time
from typing import TextIO

BUSY = 10.0  # so many times longer may it take on a machine that does other things


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    leave_no_core()
    with open(os.devnull, "w") as nowhere:
        sys.path.append(sys.argv[1])
        import pygraphviz

        while header := requests.readline():
            length, limit = header.split()
            source = requests.read(int(length)).decode()
            start = time.process_time()
            limit_time(float(limit), nowhere)
            answer = pygraphviz.AGraph(string=source).draw(format="json0", prog="dot")
            limit_time(0.0, nowhere)
            answers.write(b"%d %f\n" % (len(answer), time.process_time() - start))
            answers.write(answer)
            answers.flush()


def limit_time(seconds: float, nowhere: TextIO) -> None:
    """Have the process end after so many seconds, whatever C code is at; 0 for no limit."""
    counts_work = hasattr(signal, "setitimer")
    if counts_work:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
    if seconds:
        faulthandler.dump_traceback_later(seconds * (BUSY if counts_work else 1.0), exit=True, file=nowhere)
    else:
        faulthandler.cancel_dump_traceback_later()


def leave_no_core() -> None:
    """Have an abort leave no file behind."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
