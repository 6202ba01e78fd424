"""Which torch there must be."""

from __future__ import annotations

OLDEST = (2, 4)


def refuse_old() -> None:
    """Raise an ImportError where torch is missing or too old to be recorded."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ImportError("tinygraph.pytorch records PyTorch programs: pip install tinygraph-rnn[torch]") from error
    message = refusal(torch.__version__)
    if message:
        raise ImportError(message)


def refusal(version: str) -> str:
    """Return why a version of torch is refused; empty if it is not.

    >>> refusal("2.13.0+cpu"), refusal("1.13.1")
    ('', 'tinygraph.pytorch needs torch 2.4 or newer, this is 1.13.1: pip install --upgrade torch')
    """
    numbers = tuple(int(part) for part in version.split("+")[0].split(".")[:2])
    if numbers >= OLDEST:
        return ""
    oldest = ".".join(map(str, OLDEST))
    return f"tinygraph.pytorch needs torch {oldest} or newer, this is {version}: pip install --upgrade torch"
