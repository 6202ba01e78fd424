"""The page's logic, without a browser: it says what the trace says, to the last bit where it promises that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tests.tools.javascript import ask, engine
from viz.page.export import page_of

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(4)


def elman(length, size, dtype=float):
    W, U, b, V = (
        tg.parameter((RNG.normal(size=s) / 2).astype(dtype)) for s in ((size, size), (size, 3), (size,), (2, size))
    )
    x, h, loss = RNG.normal(size=(length, 3)).astype(dtype), tg.tensor(np.zeros(size, dtype)), 0.0
    for t in range(length):
        h = np.tanh(W @ h + U @ x[t] + b)
        loss = loss + np.sum((V @ h) ** 2)
    return loss


def batched(length, dtype):
    W, U = tg.parameter(RNG.normal(size=(8, 8)).astype(dtype) / 3), tg.parameter(RNG.normal(size=(8, 5)).astype(dtype))
    x, h = RNG.normal(size=(length, 6, 5)).astype(dtype), tg.tensor(np.zeros((6, 8), dtype))
    for t in range(length):
        h = np.tanh(h @ W.T + x[t] @ U.T)
    return np.mean(h**2)


def lists_of_gates(length):
    p = {name: tg.parameter(RNG.normal(size=(3, 5)) / 2) for name in ("Wi", "Wf", "Wo", "Wc")}
    h = c = np.zeros(3)
    for _ in range(length):
        z = np.concatenate([h, RNG.normal(size=2)])
        i, o = (tg.sigmoid(p[name] @ z) for name in ("Wi", "Wo"))
        f = tg.sigmoid(p["Wf"] @ z)
        c = f * c + i * np.tanh(p["Wc"] @ z)
        h = o * np.tanh(c)
    return np.sum(h * h)


PROGRAMS = {
    "elman": lambda: elman(5, 4),
    "elman in float32": lambda: elman(5, 4, np.float32),
    "batches": lambda: batched(4, np.float64),
    "batches in float32": lambda: batched(4, np.float32),
    "gates": lambda: lists_of_gates(4),
}


@pytest.fixture(scope="module", params=PROGRAMS, ids=str)
def passed(request):
    trace = tg.trace(PROGRAMS[request.param]())
    return trace, engine(page_of(trace))


def test_values_and_gradients_are_the_traces(passed):
    trace, page = passed
    for node in trace.graph.nodes:
        value = ask(page, f"trace.arrays.values(trace.values[{node.index}].array)")
        np.testing.assert_array_equal(value, np.ravel(node.data))
        gradient = trace.gradient(node)
        if gradient is not None:
            got = ask(page, f"trace.arrays.values(trace.values[{node.index}].gradient)")
            np.testing.assert_array_equal(got, np.ravel(gradient))


def test_every_running_sum_is_the_traces_to_the_last_bit(passed):
    trace, page = passed
    for k in range(len(trace)):
        shot = ask(page, f"snapshot(trace, {k})")
        step = trace[k]
        written = [argument for argument, term in enumerate(step.contributions) if term is not None]
        assert [term["argument"] for term in shot["terms"]] == written
        for term in shot["terms"]:
            before, after = step.before[term["argument"]], step.after[term["argument"]]
            np.testing.assert_array_equal(term["after"], np.ravel(after))
            assert (term["before"] is None) == (before is None)
            if before is not None:
                np.testing.assert_array_equal(term["before"], np.ravel(before))


def test_the_ledger_says_exactly_where_it_is(passed):
    trace, page = passed
    for node in trace.graph.parameters:
        assert ask(page, f"agreement(trace, {node.index})") == "exact"


def test_statuses_are_the_traces(passed):
    trace, page = passed
    for k in range(-1, len(trace)):
        state = trace.at(k + 1)
        for node in trace.graph.nodes:
            assert ask(page, f"status(trace, {node.index}, {k})") == state.status(node)


def test_moves(passed):
    trace, page = passed
    weight = trace.graph.parameters[0]
    writes = [step for step, _ in trace.writes(weight)]
    assert ask(page, f"nextWrite(trace, {weight.index}, -1)") == writes[0]
    assert ask(page, f"previousWrite(trace, {weight.index}, {len(trace)})") == writes[-1]
    assert ask(page, f"nextWrite(trace, {weight.index}, {writes[-1]})") is None
    main = max(trace.contributions(weight), key=lambda term: term.norm)
    assert ask(page, f"mainSource(trace, {weight.index}).step") == main.step
    last = len(trace) - 1
    stops = [k for k in range(last) if trace.nodes[k].timestep != trace.nodes[k + 1].timestep] + [last]
    k, visited = -1, []
    while k < last:
        k = ask(page, f"moveWhile(trace, {k}, 1, (value) => value.t)")
        visited.append(k)
    assert visited == stops


def test_formulas_come_back_as_the_traces(passed):
    trace, page = passed
    for k in range(len(trace)):
        for formula in trace.formulas(k):
            term = f"trace.steps[{k}].terms.find((term) => term.argument === {formula.argument})"
            assert ask(page, f"formulaText(trace, nodeOf(trace, {k}), {term}.formula)") == formula.text


def test_every_symbol_of_a_formula_is_known_as_a_value(passed):
    trace, page = passed
    for k, node in enumerate(trace.nodes):
        for formula in trace.formulas(k):
            symbols = {str(trace.symbols.of(x)) for x in node.inputs if x.kind == "parameter"}
            template = ask(page, f"trace.steps[{k}].terms.find((term) => term.argument === {formula.argument}).formula")
            assert not any(symbol in template for symbol in symbols)


def test_the_ways_between_a_state_and_a_loss(passed):
    trace, page = passed
    import networkx as nx

    graph = nx.DiGraph(trace.graph.to_networkx())
    middle = trace.graph.nodes[len(trace.graph.nodes) // 3].index
    ways = ask(page, f"[...between(trace, {middle}, [{trace.output.index}])]")
    expected = (nx.descendants(graph, middle) & nx.ancestors(graph, trace.output.index)) | {middle, trace.output.index}
    assert set(ways) == (expected if nx.has_path(graph, middle, trace.output.index) else {middle})


def test_the_lane_of_a_memory_is_the_product_of_its_gates():
    trace = tg.trace(lists_of_gates(4))
    page = engine(page_of(trace))
    lanes = ask(page, "lanes(trace)")
    gates = {node.timestep: node.data.mean() for node in trace.graph.nodes if node.name == "f"}
    memories = {node.index: node.timestep for node in trace.graph.nodes if node.name == "c" and node.kind == "op"}
    assert [memories[lane["to"]] for lane in lanes] == [4, 3, 2, 1]
    left = 1.0
    for lane in lanes:
        left *= gates[memories[lane["to"]]]
        assert lane["product"] == pytest.approx(left)


@pytest.mark.parametrize("timesteps", [None, [3]], ids=str)
def test_a_box_of_the_folded_view_stands_for_a_value_of_its_name(timesteps):
    page = engine(page_of(tg.trace(lists_of_gates(4)), timesteps=timesteps))
    boxes = ask(page, "rows(trace.figures.folded.nodes).map(({ index, label, kind }) => [index, label, kind])")
    names = [
        (ask(page, f"trace.figures.folded.labels[{label}]")[0][0], ask(page, f"trace.values[{index}].name"))
        for index, label, kind in boxes
        if kind == "variable"
    ]
    assert {name for _, name in names} == {"i", "o", "f", "c", "h", "z"}
    assert [pair for pair in names if pair[0] != pair[1]] == []


def test_nothing_else_is_a_lane():
    assert ask(engine(page_of(tg.trace(elman(4, 3)))), "lanes(trace)") == []


def test_stops_of_a_tour_name_values_writes_steps_and_the_beginning():
    trace = tg.trace(elman(4, 3))
    W = trace.graph.parameters[0]
    name = str(trace.symbols.of(W))
    page = engine(page_of(trace, [("", "a"), ("5", "b"), (name, "c"), (f"{name}[2]", "d")]))
    second = next(step for step, _ in trace.writes(W) if trace.nodes[step].timestep == 2)
    assert ask(page, "trace.tour.map((stop) => stop.step)") == [-1, 5, trace.writes(W)[0][0], second]


def test_what_is_rounded_is_said():
    long = elman(400, 24)
    page = engine(page_of(tg.trace(long)))
    assert "rounded to float32" in ask(page, "trace.rounded")
    trace = tg.trace(long)
    for node in trace.graph.parameters:
        got = ask(page, f"agreement(trace, {node.index})")
        assert got == "exact" or 0 < got < 1e-5
    for node in trace.graph.nodes[:: len(trace.graph.nodes) // 40]:
        value = ask(page, f"trace.arrays.values(trace.values[{node.index}].array)")
        np.testing.assert_allclose(value, np.ravel(node.data), rtol=2e-6, atol=2e-6)


def test_nan_infinity_and_empty_arrays():
    w = tg.parameter([0.0, 1.0, 2.0], name="w")
    with np.errstate(all="ignore"):
        loss = np.sum(np.log(w) * np.array([0.0, 1.0, 1.0])) + np.sum(w[3:])
        trace = tg.trace(loss)
    page = engine(page_of(trace))
    node = trace.node("w")
    assert np.isnan(np.array(page.eval(f"String(trace.arrays.norm(trace.values[{node.index}].gradient))"), float))
    assert ask(page, f"status(trace, {node.index}, {len(trace) - 1})") == "complete"


@settings(max_examples=200)
@given(st.floats(-1e300, 1e300))
def test_numbers_are_short_and_near(x):
    context = _SHORT.setdefault("context", engine(page_of(tg.parameter(1.0) * 2.0)))
    text = context.eval(f"short({x!r})")
    number = text.replace("−", "-").replace("·10", "e")
    number = number.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    assert len(text) <= 12
    assert float(number) == pytest.approx(x, rel=0.05)


_SHORT: dict = {}


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries({}, optional={"a": st.integers(-9, 9), "b": st.text(max_size=3)}), max_size=6))
def test_tables_come_back_as_they_went(rows):
    import json

    from viz.page.tables import table

    context = _SHORT.setdefault("context", engine(page_of(tg.parameter(1.0) * 2.0)))
    assert ask(context, f"rows({json.dumps(table(rows, ['a']))})") == rows


def test_a_product_that_overflowed_is_kept_as_it_is():
    W, x = tg.parameter(np.full((2, 2), 3e30, np.float32), name="W"), np.full(2, 1e30, np.float32)
    h = tg.tensor(np.ones(60_000, np.float32))
    with np.errstate(all="ignore"):
        trace = tg.trace(np.sum(W @ x) + np.sum(h * W[0, 0]))
    page = engine(page_of(trace))
    product = next(node for node in trace.graph.nodes if node.op == "matmul")
    assert np.isinf(product.data).all()
    got = page.eval(f"String([...trace.arrays.values(trace.values[{product.index}].array)])")
    assert got == "Infinity,Infinity"


def encoder_and_decoder(scopes):
    """Two loops over an h, told apart by their scopes or by the functions that they run in."""
    W, U, x = tg.parameter(np.eye(2) / 2, name="W"), tg.parameter(np.eye(2) * 0.9, name="U"), np.ones(2)

    def encode(h):
        with tg.scope("encoder" if scopes else ""):
            for _ in range(5):
                h = np.tanh(W @ h + x)
        return h

    def decode(h):
        with tg.scope("decoder" if scopes else ""):
            for _ in range(3):
                h = np.tanh(U @ h)
        return h

    return tg.trace(np.sum(decode(encode(tg.tensor(np.zeros(2))))))


@pytest.mark.parametrize(
    ("scopes", "names"),
    [(True, ["‖∂L/∂h⁽ᵗ⁾‖ (encoder)", "‖∂L/∂h⁽ᵗ⁾‖ (decoder)"]), (False, ["‖∂L/∂h_enc⁽ᵗ⁾‖", "‖∂L/∂h_dec⁽ᵗ⁾‖"])],
)
def test_the_states_of_two_loops_are_two_lines_of_the_timeline(scopes, names):
    trace = encoder_and_decoder(scopes)
    page = engine(page_of(trace))
    assert ask(page, "series(trace).map(lineName)") == names
    states = [node for node in trace.graph.nodes if node.op == "tanh"]
    norms = [float(np.linalg.norm(trace.gradient(node))) for node in states]
    points = ask(page, "series(trace).map(({ points }) => Object.fromEntries(points.map(({ t, norm }) => [t, norm])))")
    assert points[0] == pytest.approx(dict(zip("12345", norms[:5], strict=True)), rel=1e-5)
    assert points[1] == pytest.approx(dict(zip("123", norms[5:], strict=True)), rel=1e-5)


def test_layers_are_lines_of_their_own():
    W, states = [tg.parameter(np.eye(2) / k, name=f"W{k}") for k in (1, 2)], [np.ones(2), np.ones(2)]
    for _ in range(4):
        below = np.ones(2)
        for layer in range(2):
            h = np.tanh(W[layer] @ states[layer] + below)
            states[layer] = below = h
    page = engine(page_of(tg.trace(np.sum(below))))
    assert ask(page, "series(trace).map(lineName)") == ["‖∂L/∂h₁⁽ᵗ⁾‖", "‖∂L/∂h₂⁽ᵗ⁾‖"]
