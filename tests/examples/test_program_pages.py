"""The pages that example programs write: their tours walk backward, and what they say is so, whatever was learned."""

import re

import numpy as np
import pytest

import rnn
import tinygraph as tg
from examples import addition, long_lags, surnames, walks
from viz.page.contents import contents
from viz.scenes.text import rounded


def of_surnames(seed=0):
    cell = rnn.GRUCell(len(surnames.LETTERS), surnames.HIDDEN, rng=seed)
    model, tested = rnn.ManyToOne(cell, len(surnames.LANGUAGES), rng=seed), surnames.TESTED
    return walks.through_a_name(model, tested.names, tested.batch(), surnames.LANGUAGES)


def of_addition(seed=0):
    shown = addition.SHOWN.inputs(addition.Kind(2)), addition.SHOWN.sums(), addition.LETTERS
    return walks.through_a_sum(addition.network(True, seed), *shown)


def of_long_lags(seed=0):
    models = {cell: long_lags.network(long_lags.TASKS[2], cell, seed) for cell in long_lags.CELLS}
    return walks.through_an_order(models, *long_lags.temporal_order(np.random.default_rng(7), 1)[:2])


@pytest.mark.parametrize("walk", [of_surnames, of_addition, of_long_lags])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_tour_walks_backward_in_a_few_stops(walk, seed):
    trace, title, tour = walk(seed)
    stops = contents(trace, title, tour).data["tour"]
    steps = [stop["step"] for stop in stops]
    assert 5 <= len(steps) <= 9
    assert steps == sorted(set(steps))
    assert all(text.count(". ") <= 2 for _, text, *_ in tour)
    assert not re.search(r"nan|inf\b|\bNone\b", str(tour))


def test_a_page_is_written(tmp_path, capsys):
    walk = of_surnames()
    walks.page(tmp_path / "name.html", walk)
    assert "name.html" in capsys.readouterr().out
    assert walk.title in (tmp_path / "name.html").read_text("utf-8")


def test_the_norms_by_letter_are_those_of_the_loss_s_gradient():
    _, title, tour = of_surnames()
    name = title.split(",")[0].lower()
    cell = rnn.GRUCell(len(surnames.LETTERS), surnames.HIDDEN, rng=0)
    model = rnn.ManyToOne(cell, len(surnames.LANGUAGES), rng=0)
    language = surnames.TESTED.languages[surnames.TESTED.names.index(name)]
    x = rnn.one_hot(surnames.LETTERS.encode(name), len(surnames.LETTERS))
    numeric = tg.grad(lambda x: rnn.cross_entropy(model(x), language))(x).numpy()
    said = re.findall(r"([a-z]) ([\d.]+)[,.]", tour[-1][1].partition(": ")[2].partition("The least")[0])
    assert said == [(letter, rounded(np.linalg.norm(row))) for letter, row in zip(name, numeric, strict=True)]


def test_a_tour_of_the_decoder_stops_at_its_contexts():
    trace, _, tour = of_addition()
    contexts = [trace.nodes[int(where)] for where, *_ in tour if where.isdecimal()]
    assert [(node.name, node.timestep, str(node.op)) for node in contexts] == [("c", 3, "sum"), ("c", 1, "sum")]


def test_the_states_of_encoder_and_decoder_are_told_apart():
    trace, title, tour = of_addition()
    data = contents(trace, title, tour).data
    states = [variable for variable in data["variables"] if variable["name"] == "h"]
    assert [variable["where"] for variable in states] == ["encoder", "decoder"]


def test_what_the_decoder_brings_and_what_looking_back_brings_add_up():
    trace, _, _ = of_addition()
    terms = trace.contributions("h[5]")
    looked = [term.term for term in terms if term.node == trace.node("hs")]
    assert len(looked) == 1
    np.testing.assert_allclose(sum(term.term for term in terms), trace.gradient(trace.node("h[5]")))
    assert len(trace.contributions("hs")) == 3 + 1
