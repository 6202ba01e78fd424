"""Names, source and rules full of control characters: nothing of them is ever shown."""

import io
import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest

import rnn
import tinygraph as tg
import viz
from rnn.checkpoint import Run
from tests.attacks.campaign import report, rounds
from viz.debugging.snapshot import take_snapshot
from viz.terminal.session import COMMANDS
from viz.terminal.terminal import debug

pytestmark = pytest.mark.slow

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2066\u2069\u200f\u061c",
    "nul\0",
    "a\r\nb\x0b\x0c\x85\u2028",
    "\x7f\b\b",
    "\ud800",
    "\ufeff\u200b",
    "\uffff",
]


def is_shown_safely(text):
    return all(line.isprintable() for line in text.split("\n"))


def network():
    own = tg.op(lambda x: x**2, vjp=lambda g, y, x: g * 2 * x, name="own")
    W, h = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W"), tg.tensor([1.0, -0.5], name="h")
    for t in range(3):
        with tg.iteration("scan", t), tg.scope("cell"), tg.scope("part"):
            h = np.tanh(W @ h + own(W)[0])
    return np.einsum("i,i->", h, h)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "whole.trace"
    tg.trace(network()).save(path)
    with zipfile.ZipFile(path) as archive:
        return archive.read("trace.json"), archive.read("arrays.bin")


def poisoned(value, rng, share=1.0):
    """Return plain data with hostile characters in its texts."""
    if isinstance(value, dict):
        return {key: poisoned(item, rng, share) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, rng, share) for item in value]
    return _mixed(value, rng) if isinstance(value, str) and rng.random() < share else value


def poison_names(header, rng, share):
    """Put hostile characters into all of a trace file that is a name, source or a rule, and not its structure."""
    for row in header["nodes"]:
        row.update({key: poisoned(row[key], rng, share) for key in ("scope", "label", "name") if key in row})
    for loop in header["visits"]["loops"]:
        loop[1:3] = poisoned(loop[1:3], rng, share)
    header["files"] = {_mixed(name, rng): poisoned(lines, rng, share) for name, lines in header["files"].items()}
    header["sources"] = poisoned(header["sources"], rng, share)
    header["ops"] = [row if row["known"] else poisoned(row, rng, share) for row in header["ops"]]


def _mixed(text, rng):
    place = int(rng.integers(len(text) + 1))
    hostile = HOSTILE[rng.integers(len(HOSTILE))] * int(rng.choice([1, 1, 1, 40]))
    return text[:place] + hostile + text[place:]


def written(path, header, block):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trace.json", json.dumps(header))
        archive.writestr("arrays.bin", block)
    return path


def texts_of(data):
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts_of(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts_of(value)
    elif isinstance(data, str):
        yield data


def shown(trace):
    """Yield all that can be seen of a trace."""
    yield from map(repr, (trace, trace.graph, *trace.graph.nodes, *(node.op for node in trace.graph.nodes)))
    yield from (str(node.source) for node in trace.graph.nodes if node.source)
    yield from map(str, trace.graph.timeline.visits.places)
    yield from trace.symbols.names()
    for k in range(len(trace)):
        yield from texts_of(take_snapshot(trace, k))
    for node in trace.graph.nodes:
        yield repr(trace.contributions(node)) if trace.writes(node) else ""
    commands = [name for name in COMMANDS if name not in ("quit", "abort", "save", "draw")]
    commands += ["goto 3", "con W", "info 2", "info 5", "b op x", "b scope x", "l 1", "p name", "p scope", "p h"]
    lines = "\n".join(commands)
    for as_json in (False, True):
        output = io.StringIO()
        debug(trace, stdin=io.StringIO(lines), stdout=output, as_json=as_json, width=80)
        yield output.getvalue()
        if as_json:
            yield from (text for line in output.getvalue().splitlines() for text in texts_of(json.loads(line)))
    yield str(tg.fold(trace.graph))


def drawings(trace):
    for options in (
        {},
        {"view": "variables"},
        {"view": "calls"},
        {"fold": True},
        {"backward": True, "overlay": "grad_norm"},
    ):
        yield viz.draw(trace, **options)


def check_drawing(drawing, path, png=False):
    ElementTree.fromstring(drawing.svg())
    ElementTree.fromstring(drawing.graphml())
    texts = [drawing.svg(), drawing.graphml(), drawing.mermaid(), drawing.text(), drawing.dot, repr(drawing)]
    texts += texts_of(drawing.scene.as_dict())
    for text in texts:
        assert is_shown_safely(text.replace("\t", " ").replace("\N{NO-BREAK SPACE}", " ")), text
    if png:
        drawing.save(path / "x.png")


def test_nothing_that_a_trace_file_says_reaches_the_screen(parts, tmp_path):
    count, opened = rounds(2, 150), 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        share = float(rng.choice([1.0, 0.5, 0.1]))
        header = json.loads(parts[0])
        poison_names(header, rng, share)
        trace = tg.load_trace(written(tmp_path / "x.trace", header, parts[1]))
        for text in shown(trace):
            assert is_shown_safely(text), ascii(text)
        for drawing in drawings(trace):
            check_drawing(drawing, tmp_path, png=seed == 0)
        opened += 1
    report("texts of trace files", files=count, opened=opened)


def refusal(path):
    """Return why a trace file is not opened; empty where it is."""
    try:
        tg.load_trace(path)
    except tg.TraceFileError as error:
        return str(error)
    return ""


def test_nothing_of_a_bad_file_is_in_the_message_about_it(parts, tmp_path):
    count, refused = rounds(60, 4000), 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        header = poisoned(json.loads(parts[0]), rng, share=float(rng.choice([1.0, 0.1, 0.01])))
        if seed % 3 == 0:  # of what has another type, too
            key = sorted(header)[rng.integers(len(header))]
            header[key] = HOSTILE[rng.integers(len(HOSTILE))]
        message = refusal(written(tmp_path / "x.trace", header, parts[1]))
        assert message.isprintable(), ascii(message)
        refused += bool(message)
    report("messages about trace files", files=count, refused=refused)
    assert refused > count / 4


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_program_s_own_names_are_shown_as_safely(text, tmp_path):
    W = tg.parameter([[0.5]], name=f"W{text}" + 30 * "x")
    h = tg.tensor([1.0], name=text)
    own = tg.op(lambda x: x**2, vjp=lambda g, y, x: g * 2 * x, name=f"own{text}")
    with tg.scope(text + 20 * "s"), tg.iteration(text, 0):
        h = own(W @ h)
    trace = tg.trace(np.sum(h))
    for each in shown(trace):
        assert is_shown_safely(each), ascii(each)
    for drawing in drawings(trace):
        check_drawing(drawing, tmp_path, png=text == HOSTILE[0])


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_keys_are_shown_as_safely(text, tmp_path):
    p = {"W\x1b[31m": tg.parameter([[0.5]]), f"U{text}": tg.parameter([[0.2]])}
    p["h\x07\u202e"] = np.tanh(p["W\x1b[31m"] @ np.ones(1) + p[f"U{text}"] @ np.ones(1))
    trace = tg.trace(np.sum(p["h\x07\u202e"]))
    assert trace.graph.outputs[0].inputs[0].name == "h\ufffd\ufffd"
    for each in shown(trace):
        assert is_shown_safely(each), ascii(each)
    for drawing in drawings(trace):
        check_drawing(drawing, tmp_path)


def test_a_checkpoint_s_names_are_not_in_messages(tmp_path):
    for text in HOSTILE[:-3]:
        rnn.safetensors.write_safetensors(tmp_path / "x", {text: np.zeros(1)}, {"format": text})
        run = Run(rnn.Forecaster(2, 3, rng=0), None, np.random.default_rng(0))
        with pytest.raises(rnn.FileError) as refused:
            run.load(tmp_path / "x")
        assert is_shown_safely(str(refused.value))
