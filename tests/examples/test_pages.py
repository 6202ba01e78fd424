"""The example pages are what the programs record today, and their tours true; rebuild: ``python examples/pages.py``."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
from examples.pages import EXAMPLES, PAGES
from tests.tools.javascript import unpacked
from viz.page.contents import contents

ROOT = Path(__file__).parents[2]
NAMES = [page.name for page in EXAMPLES]
TRACES = {page.name: tg.trace(page.program()) for page in EXAMPLES}
TOURS = {page.name: page.tour for page in EXAMPLES}


def stored(name):
    return (PAGES / f"{name}.html").read_text(encoding="utf-8")


# -- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", EXAMPLES, ids=NAMES)
def test_the_stored_page_is_the_one_exported_today(page, tmp_path):
    now, before = page.save(tmp_path).read_text(encoding="utf-8"), stored(page.name)
    assert around_data(now) == around_data(before)
    (data, numbers), (old, old_numbers) = unpacked(now), unpacked(before)
    np.testing.assert_allclose(kept(data, numbers), kept(old, old_numbers), rtol=1e-9, atol=1e-12)
    norms, old_norms = data["arrays"]["columns"].pop("norm"), old["arrays"]["columns"].pop("norm")
    np.testing.assert_allclose(norms, old_norms, rtol=1e-5, atol=1e-12)
    lag, old_lag = data.pop("lag"), old.pop("lag")
    assert (lag is None) == (old_lag is None)
    if lag is not None:
        np.testing.assert_allclose(lag.pop("norms"), old_lag.pop("norms"), rtol=1e-4, atol=1e-12)
    assert lag == old_lag
    for view in old["figures"]:
        assert drawn(data["figures"].pop(view)) == drawn(old["figures"][view])
    assert data == old | {"figures": {}}


def around_data(html):
    """Return a page without what is packed: the markup, the styles, and in the policy the digest of the script."""
    return re.sub(r'(?<=id="(?:data|code)">)[^<]*', "", html)


def drawn(figure):
    """Return what a drawing shows, without the coordinates, which are Graphviz' own."""
    nodes, edges = figure["nodes"]["columns"], figure["edges"]["columns"]
    running = zip(
        np.cumsum(edges["source"]).tolist(), np.cumsum(edges["target"]).tolist(), edges["argument"], strict=True
    )
    return {
        "columns": [column["label"] for column in figure["columns"]],
        "nodes": [nodes[name] for name in ("index", "column", "label", "kind")],
        "edges": sorted(running, key=str),
        "labels": sorted(figure["labels"], key=str),
        **{name: figure.get(name) for name in ("title", "description", "owners", "members")},
    }


def kept(data, numbers):
    """Return the numbers of all arrays that a page keeps; another machine may round the last bit otherwise."""
    columns = data["arrays"]["columns"]
    rows = [(at, kind) for at, kind in zip(columns["at"], columns["kind"], strict=True) if at is not None]
    starts = [int(at) for at in np.cumsum([at for at, _ in rows])]
    buffers = [numbers[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    whole = [
        buffer[: len(buffer) - len(buffer) % int(kind[1])] for buffer, (_, kind) in zip(buffers, rows, strict=True)
    ]
    return np.concatenate([np.frombuffer(buffer, kind) for buffer, (_, kind) in zip(whole, rows, strict=True)])


def test_the_pages_are_small_and_no_others_are_there():
    sizes = {path.stem: path.stat().st_size for path in PAGES.iterdir()}
    assert sorted(sizes) == sorted(NAMES)
    assert max(sizes.values()) <= 100_000
    assert sum(sizes.values()) <= 450_000


@pytest.mark.parametrize("name", NAMES)
def test_a_page_tells_no_path_of_the_machine_it_was_built_on(name):
    data, _ = unpacked(stored(name))
    assert {file["name"] for file in data["files"]} <= {"programs.py", "through_time.py"}
    for text in (stored(name), str(data)):
        assert str(ROOT) not in text
        assert not re.search(r"/(home|root|work|tmp|Users|usr)/", text)


@pytest.mark.parametrize("place", ["README.md", "examples/gallery/index.html"])
def test_the_pages_are_linked(place):
    text = (ROOT / place).read_text(encoding="utf-8")
    assert [name for name in NAMES if f"pages/{name}.html" not in text] == []


# -- the tours --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_tour_walks_backward_in_a_few_stops(name):
    tour = contents(TRACES[name], name, TOURS[name]).data["tour"]
    steps = [stop["step"] for stop in tour]
    assert 5 <= len(tour) <= 9
    assert steps == sorted(set(steps))
    assert all(text.count(". ") <= 2 for _, text, *_ in TOURS[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_tour_is_the_traces(name):
    said = {where: decimals(" ".join(texts)) for where, *texts in TOURS[name]}
    said = {where: texts for where, texts in said.items() if texts}
    true = NUMBERS[name](TRACES[name])
    assert said.keys() == true.keys()
    for where, texts in said.items():
        assert len(texts) == len(true[where])
        for text, number in zip(texts, true[where], strict=True):
            assert rounds_to(number, text), (where, text, number)


def decimals(text):
    """Return the numbers with a decimal point in a sentence, as they are written."""
    return re.findall(r"−?\d+\.\d+", text)


def rounds_to(number, text):
    """Return whether a number is the one that is written."""
    digits = len(text.partition(".")[2])
    return f"{number:.{digits}f}" == text.replace("−", "-")


def gradient(trace, name):
    return trace.gradient(trace.node(name))


def value(trace, name):
    return trace.node(name).data


def norms(trace, name):
    """Return the norms of the contributions to a value, each under its step."""
    return {term.step: float(term.norm) for term in trace.contributions(name)}


def norm(trace, name):
    return float(np.linalg.norm(gradient(trace, name)))


def let_through(trace, name):
    """Return how much of the gradient of a state arrives at what its tanh read."""
    (read,) = trace.node(name).inputs
    return float(np.linalg.norm(trace.gradient(read))) / norm(trace, name)


def worked_series(trace):
    h3 = norms(trace, "h[3]")
    return {
        "ŷ[4]": [value(trace, "ŷ[4]")[0], gradient(trace, "ŷ[4]")[0]],
        "h[4]": [let_through(trace, "h[4]")],
        "h[3]": [h3[14]],
        "43": [norms(trace, "U")[43]],
    }


def bptt(trace):
    h2 = list(norms(trace, "h[2]").values())
    return {
        "y[3]": [norm(trace, "y[3]"), norm(trace, "r[3]")],
        "h[3]": [*np.column_stack([gradient(trace, "h[3]"), gradient(trace, "z[3]")]).ravel()],
        "h[2]": [h2[1], h2[0]],
    }


def vanishing_exploding(trace):
    states = np.concatenate([value(trace, f"{name}[{t}]") for name in "hg" for t in range(1, 9)])
    slope = float((1 - states**2).min())
    exploding, vanishing = norms(trace, "U_e"), norms(trace, "U_v")
    return {
        "loss": [np.linalg.norm(value(trace, "W_v"), 2)],
        "h[8]": [norm(trace, "h[8]")],
        "W_v": [norm(trace, "h[7]") / norm(trace, "h[8]")],
        "g[4]": [norm(trace, "g[4]"), norm(trace, "h[4]")],
        "61": [exploding[61], exploding[5]],
        "h[1]": [math.floor(slope * 1e5) / 1e5],
        "65": [vanishing[65], vanishing[9]],
    }


def memory_lane(trace):
    forget = {t: value(trace, f"f[{t}]") for t in range(1, 6)}
    s3 = list(norms(trace, "s[3]").values())
    alone = gradient(trace, "s[5]") * forget[5] * forget[4] * forget[3] * forget[2]
    return {
        "s[5]": [norm(trace, "s[5]")],
        "9": [forget[5].min(), forget[5].max()],
        "u[5]": [norm(trace, "h[4]"), norm(trace, "h[5]")],
        "s[3]": [norm(trace, "s[3]"), *s3],
        "s[1]": [norm(trace, "s[1]"), norm(trace, "s[5]"), np.linalg.norm(alone)],
    }


def attention(trace):
    s1, h1, h3 = (norms(trace, name) for name in ("s[1]", "h[1]", "h[3]"))
    mean = trace.step_of("H")
    return {
        "c[2]": [*value(trace, "α[2]")],
        "U": [np.linalg.norm(trace.adjoints[trace.writes(trace.node("U"))[0][0]]), norm(trace, "c[2]")],
        "s[1]": [s1[6], s1[trace.step_of("ŷ[1]")], s1[13]],
        "h[3]": [h3[20], h3[mean]],
        "h[1]": [h1[mean], h1[36]],
    }


NUMBERS = {
    "worked-series": worked_series,
    "bptt": bptt,
    "vanishing-exploding": vanishing_exploding,
    "memory-lane": memory_lane,
    "attention": attention,
}


# What the sentences claim without a decimal number.


def test_what_the_worked_series_says_is_so():
    trace = TRACES["worked-series"]
    V, W, U, h3 = (trace.contributions(name) for name in ("V", "W", "U", "h[3]"))
    assert [gradient(trace, f"L[{t}]") for t in range(1, 5)] == [1 / 4] * 4
    assert gradient(trace, "ŷ[4]") == (value(trace, "ŷ[4]") - 12) / 2
    assert V.timesteps == W.timesteps == U.timesteps == [4, 3, 2, 1]
    assert np.median(1 - value(trace, "h[4]") ** 2) < 0.001
    np.testing.assert_array_equal(
        W[0].term, np.outer(gradient(trace, trace.node("h[4]").inputs[0]), value(trace, "h[3]"))
    )
    assert [term.node.inputs[0].name for term in h3] == ["W", "V"]
    assert [term.timestep for term in h3] == [4, 3]
    assert rounds_to(h3[1].norm, "12")
    assert [U[-1].step, W[-1].step] == [43, 44]
    assert max(U.norms) == U.norms[-1]
    assert max(range(1, 5), key=lambda t: let_through(trace, f"h[{t}]")) == 1
    assert [norm > 0 for norm in W.norms] == [True, True, True, False]
    assert min(U.norms) > 0


def test_what_bptt_says_is_so():
    trace = TRACES["bptt"]
    bar = {f"{name}{t}": gradient(trace, f"{name}[{t}]") for name in "hzry" for t in (1, 2, 3)}
    h = {t: value(trace, f"h[{t}]") for t in (1, 2, 3)}
    V, W, U = (trace.contributions(name) for name in "VWU")
    y = value(trace, "y[3]")
    np.testing.assert_allclose(bar["r3"], bar["y3"] * y * (1 - y))
    np.testing.assert_allclose(bar["z3"], bar["h3"] * (1 - h[3] ** 2))
    np.testing.assert_allclose(bar["h3"], value(trace, "V").T @ bar["r3"])
    np.testing.assert_allclose(bar["h2"], value(trace, "V").T @ bar["r2"] + value(trace, "W").T @ bar["z3"])
    for place, t in enumerate((3, 2, 1)):
        np.testing.assert_array_equal(V[place].term, np.outer(bar[f"r{t}"], h[t]))
        np.testing.assert_array_equal(W[place].term, np.outer(bar[f"z{t}"], h.get(t - 1, np.zeros(2))))
    assert [V[0].step, W[1].step, W[2].step, U[2].step] == [trace.step_of("r[3]"), 19, 28, 29]
    assert str(trace.symbols.of(trace.nodes[U[0].step + 1])) == "L⁽²⁾"
    assert [(terms.norms > 0).sum() for terms in (V, U, W)] == [3, 3, 2]


def test_what_vanishing_and_exploding_says_is_so():
    trace = TRACES["vanishing-exploding"]
    W_v, W_e = value(trace, "W_v"), value(trace, "W_e")
    np.testing.assert_allclose(W_v.T @ W_v, np.eye(2) / 4, atol=1e-15)
    np.testing.assert_array_equal(W_e, 4 * W_v)
    np.testing.assert_array_equal(value(trace, "U_v"), value(trace, "U_e"))
    assert rounds_to(norm(trace, "g[8]"), "1.41")
    assert norm(trace, "g[4]") / norm(trace, "g[8]") == pytest.approx(16, rel=1e-4)
    assert norm(trace, "h[4]") / norm(trace, "h[8]") == pytest.approx(1 / 16, rel=1e-4)
    for name, factor in (("h", 0.5), ("g", 2.0)):  # a straight line on the log scale
        sizes = [norm(trace, f"{name}[{t}]") for t in range(8, 0, -1)]
        np.testing.assert_allclose(np.diff(np.log(sizes)), np.log(factor), atol=1e-4)
    exploding, vanishing = trace.contributions("U_e"), trace.contributions("U_v")
    assert [exploding[-1].step, exploding[-1].timestep] == [61, 1]
    assert [vanishing[-1].step, vanishing[-1].timestep] == [65, 1]
    assert max(exploding.norms) == exploding.norms[-1]
    assert min(exploding.norms) == exploding.norms[0]
    assert min(vanishing.norms) == vanishing.norms[-1]
    assert max(vanishing.norms) == vanishing.norms[0]


def test_what_the_memory_lane_says_is_so():
    trace = TRACES["memory-lane"]
    assert [term.node.name for term in trace.contributions("h[5]")] == ["ŷ"]
    assert [node.name or str(node.op) for node in trace.node("h[5]").inputs] == ["o", "tanh"]
    lane = trace.nodes[9]
    assert [node.name for node in lane.inputs] == ["f", "s"]
    assert [node.timestep for node in lane.inputs] == [5, 4]
    (term,) = [term for term in trace.contributions("s[4]") if term.step == 9]
    np.testing.assert_array_equal(term.term, gradient(trace, "s[5]") * value(trace, "f[5]"))
    assert [step.node.name for step in trace.contributions("h[4]")] == ["u"]
    last = trace.contributions("b_f")[-1]
    assert [last.step, last.timestep, last.norm] == [73, 1, 0]


def test_what_attention_says_is_so():
    trace = TRACES["attention"]
    α, c = value(trace, "α[2]"), gradient(trace, "c[2]")
    H = trace.contributions("H")
    np.testing.assert_allclose(H[0].term, np.outer(α, c))
    assert abs(gradient(trace, "e[2]").sum()) < 1e-15
    assert H.timesteps == [2, 2, 1, 1]
    assert len(trace.contributions("s[1]")) == 3
    assert [term.node.name for term in trace.contributions("h[1]")] == ["H", None]
    np.testing.assert_array_equal(trace.contributions("h[1]")[0].term, gradient(trace, "H")[0])
