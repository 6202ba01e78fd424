"""What a page quotes of a program's output, beside what the program prints today: words exactly, numbers nearly."""

import math
import re

NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.\d+(?:e[-+]\d+)?|\d+e[-+]\d+)(?![\w.])")


def words(text):
    """Return the text without its decimal numbers, and with single spaces."""
    return re.sub(r"[ █]+", " ", NUMBER.sub("#", text))


def assert_same(printed, quoted, rel_tol=2e-3):
    """Check that a text is what was quoted: word by word, and its numbers to their last shown digits."""
    assert words(printed) == words(quoted)
    for now, then in zip(NUMBER.findall(printed), NUMBER.findall(quoted), strict=True):
        assert math.isclose(float(now), float(then), rel_tol=rel_tol, abs_tol=1e-12), f"{then} is now {now}"


def words_of(svg):
    """Return the words that a reader of a picture reads; coordinates differ between versions of Graphviz."""
    return [re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<text\b[^>]*>(.*?)</text>", svg)]


def blocks(page, language):
    """Return the fenced blocks of a Markdown page in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def links(page):
    """Return what a Markdown page links to and shows, but for the network."""
    return [
        link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page) if not link.startswith(("http", "#"))
    ]
