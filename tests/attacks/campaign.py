"""How large a campaign is: a few seconds for all of them, or minutes where the environment says ``ATTACKS=long``."""

import os

LONG = os.environ.get("ATTACKS") == "long"


def rounds(few: int, many: int) -> int:
    """Return how many inputs to try."""
    return many if LONG else few


def report(name: str, **counts: int) -> None:
    """Say what a long campaign has counted."""
    if LONG:
        print(f"\n{name}: " + ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items()))
