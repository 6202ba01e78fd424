"""``python -m tests.attacks``: every campaign, small; with ``--long`` large, and with its counts."""

import argparse
import os
import sys
from pathlib import Path

import pytest

parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
parser.add_argument("--long", action="store_true", help="minutes instead of seconds")
if parser.parse_args().long:
    os.environ["ATTACKS"] = "long"
sys.exit(pytest.main(["-s", str(Path(__file__).parent)]))
