"""The process that Graphviz runs in. It is a script and imports nothing of ours: it starts at once, and may end badly.

A request is a line with the length of a graph in Graphviz' language and the seconds that it may take, then that graph;
an answer is a line with the length of the layout as JSON, then that. After those seconds the process ends.
"""

import faulthandler
import os
import sys


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
            faulthandler.dump_traceback_later(float(limit), exit=True, file=nowhere)  # C code does not hold it up
            answer = pygraphviz.AGraph(string=source).draw(format="json0", prog="dot")
            faulthandler.cancel_dump_traceback_later()
            answers.write(b"%d\n" % len(answer))
            answers.write(answer)
            answers.flush()


def leave_no_core() -> None:
    """Have an abort leave no file behind."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
