"""Print the table of the corpus, ``python -m tests.pytorch [name …]``, or what recording costs, ``… overhead``."""

import sys
import traceback

from tests.pytorch import overhead
from tests.pytorch.corpus import HEAD, PROGRAMS, examine

if sys.argv[1:] == ["overhead"]:
    overhead.main()
    sys.exit()
print(HEAD)
for path in PROGRAMS:
    if len(sys.argv) < 2 or path.stem in sys.argv[1:]:
        try:
            print(examine(path), flush=True)
        except Exception as error:
            print(f"{path.stem:28}{type(error).__name__}: {error}", flush=True)
            if len(sys.argv) > 1:
                traceback.print_exc()
