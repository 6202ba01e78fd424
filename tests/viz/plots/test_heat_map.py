"""Heat maps: the values that were recorded, in the order of time, in colours that a legend explains."""

import importlib
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import rnn
import tinygraph as tg
import viz
from examples import programs
from viz.palette import NOT_FINITE, on_dark, ramp
from viz.plots.sheet import width_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def model():
    """The package's encoder and decoder with attention on two sequences, one of them padded, and its weights."""
    attention = rnn.AdditiveAttention(4, 4, 3, rng=0)
    decoder = rnn.AttentionDecoder(rnn.GRUCell(2 + 4, 4, rng=1), attention, 2, rng=2)
    network = rnn.AttentionEncoderDecoder(rnn.GRUCell(3, 4, rng=3), decoder)
    outputs, alphas = network(np.random.default_rng(0).normal(size=(5, 2, 3)), steps=3, lengths=[5, 2])
    return sum((o**2).sum() for o in outputs), [α.data for α in alphas]


def cells(picture, theme="light"):
    """The cells of a heat map, row by row: place, colour, and what is said of it."""
    root = ET.fromstring(picture.svg(theme))
    style = next(root.iter(f"{SVG}style")).text
    groups = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}rect[@class='cell']") is not None]
    for group in groups:
        rect = group.find(f"{SVG}rect")
        colour = re.search(rf"\.{group.get('class')} rect,[^{{]*{{fill:(#\w+)", style)[1]
        yield float(rect.get("x")), float(rect.get("y")), colour, group.find(f"{SVG}title").text


def test_b10_alpha_of_the_package_is_a_row_for_each_time_step_of_the_decoder(model):
    loss, alphas = model
    matrix = viz.heat_map(loss, "α", at=np.s_[:, 0]).matrix
    np.testing.assert_array_equal(matrix.values, [α[:, 0] for α in alphas])
    assert (matrix.rows, matrix.columns) == (("1", "2", "3"), ("1", "2", "3", "4", "5"))
    assert matrix.axes == ("time step t", "position")


def test_b10_alpha_of_a_program_written_by_hand():
    loss = programs.encoder_decoder_attention(S=4, T=3)
    matrix = viz.heat_map(loss, "α").matrix
    recorded = [node.data for node in tg.graph(loss).nodes if node.name == "α"]
    assert len(recorded) == 3
    np.testing.assert_array_equal(matrix.values, recorded)
    assert viz.heat_map(tg.trace(loss), "α").matrix == viz.heat_map(tg.graph(loss), "α").matrix == matrix


def test_what_is_masked_is_exactly_zero_and_drawn_hollow(model):
    loss, _ = model
    picture = viz.heat_map(loss, "α", at=np.s_[:, 1])
    assert picture.svg().count('class="zero"') == 3 * 3  # three time steps, three padded positions
    assert all(colour == ramp(0.0) for *_, colour, title in cells(picture) if title.endswith(": 0"))


def test_the_colour_of_a_cell_is_its_number_on_the_scale_and_its_place_is_its_time():
    picture = viz.heat_map([[0.0, 0.5], [1.0, 0.25]])
    (a, b, c, d) = cells(picture)
    assert [cell[2] for cell in (a, b, c, d)] == [ramp(0.0), ramp(0.5), ramp(1.0), ramp(0.24)]
    assert a[0] == c[0] < b[0] == d[0]
    assert a[1] == b[1] < c[1] == d[1]
    dark = [cell[2] for cell in cells(picture, "dark")]
    assert dark == [on_dark(cell[2]) for cell in (a, b, c, d)]
    assert d[3] == "2, 2: 0.25"


def test_numbers_below_zero_have_a_colour_of_their_own():
    picture = viz.heat_map([[-1.0, 0.0, 0.5]])
    colours = [colour for *_, colour, _ in cells(picture)]
    assert colours == [ramp(1.0, below_zero=True), ramp(0.0), ramp(0.5)]
    assert [text for text, _ in picture.legend.entries] == ["−1", "−0.5", "0", "0.25", "0.5"]


def test_nan_is_crossed_and_rows_may_be_of_unequal_length():
    picture = viz.heat_map([[1.0], [0.5, np.nan]])
    assert len(list(cells(picture))) == 3
    assert 'class="cross"' in picture.svg()
    assert ("not finite", NOT_FINITE) in picture.legend.entries
    history = importlib.import_module("tests.programs.outsiders.p23_history_attention").main()
    assert [len(row) for row in viz.heat_map(history, "a₁").matrix.values] == [1, 2, 3, 4, 5]


def test_heat_maps_share_a_scale_by_limits_and_side_by_side(model):
    loss, alphas = model
    first = viz.heat_map(loss, "α", at=np.s_[:, 0])
    assert viz.heat_map(loss, "α", at=np.s_[:, 1], limits=first).legend.entries[-1][0].startswith("≥ ")
    fixed = [viz.heat_map(loss, "α", at=np.s_[:, k], limits=(0, 1)).legend.entries for k in (0, 1)]
    assert fixed[0] == fixed[1]
    assert [mark for mark, _ in fixed[0]] == ["0", "0.25", "0.5", "0.75", "1"]  # α cannot lie beyond
    both = viz.side_by_side(first, viz.heat_map(loss, "α", at=np.s_[:, 1]), titles=("whole", "padded"))
    assert both.pictures[0].scale == both.pictures[1].scale
    assert both.pictures[0].scale.high == np.max(alphas)
    ids = re.findall(r' id="([^"]+)"', both.svg())
    assert len(ids) == len(set(ids))
    assert both.svg().count(">α</text>") == 2 + 1  # the two headings, and one legend


@pytest.mark.parametrize(
    ("rows", "marks"),
    [
        ([[0.0, 1.0]], ["0", "0.25", "0.5", "0.75", "1"]),
        ([[0.2, 1.5]], ["0", "0.25", "0.5", "0.75", "≥ 1"]),
        ([[-0.1, 0.5]], ["≤ 0", "0.25", "0.5", "0.75", "1"]),
        ([[-2.0, 2.0]], ["≤ 0", "0.25", "0.5", "0.75", "≥ 1"]),
    ],
)
def test_a_limit_says_that_more_lies_beyond_only_where_it_does(rows, marks):
    picture = viz.heat_map(rows, limits=(0, 1))
    assert [mark for mark, _ in picture.legend.entries] == marks
    other = viz.heat_map([[0.5]], limits=picture)  # has its limits, and not what lies beyond them
    assert [mark for mark, _ in other.legend.entries] == ["0", "0.25", "0.5", "0.75", "1"]


def test_words_of_sentences_stand_beside_rows_and_columns():
    words = ["the", "internationalisation", "<b>&"]
    picture = viz.heat_map(np.eye(3), rows=["die", "Katze", "."], columns=words, axes=("output", "source"))
    root = ET.fromstring(picture.svg())
    texts = {"".join(e.itertext()): e.get("transform") for e in root.iter(f"{SVG}text")}
    assert {"die", "Katze", ".", *words} <= set(texts)
    assert texts["internationalisation"].startswith("rotate(-45")
    assert "↓ output, → source" in texts
    assert "Katze: 0 1 0" in picture.text()


def test_slanted_names_keep_clear_of_the_line_above_them():
    words = ["Avustralya", "ve", "gram"]
    texts = list(
        ET.fromstring(viz.heat_map(np.eye(3), columns=words, axes=("is written", "is read")).svg()).iter(f"{SVG}text")
    )
    (axes,) = (float(e.get("y")) for e in texts if "".join(e.itertext()).startswith("↓"))
    (name,) = (float(e.get("y")) for e in texts if e.text == words[0])
    letter = 9  # pixels, above the line that letters stand on
    assert name - (width_of(words[0]) + letter) / np.sqrt(2) > axes + 6


def test_values_of_a_loop_that_is_not_over_time_are_rows_too():
    hops = importlib.import_module("tests.programs.outsiders.p16_memn2n").main()
    matrix = viz.heat_map(hops, "p").matrix
    assert (len(matrix.rows), len(matrix.columns)) == (3, 4)
    assert matrix.axes[0] == "turn i of its loop"
    np.testing.assert_allclose([sum(row) for row in matrix.values], 1)


def test_no_row_or_column_that_has_a_name_goes_without():
    rows, columns = [f"word {k}" for k in range(20)], list("abcdefghijklmnopqrstuvwxyz" * 2)
    picture = viz.heat_map(np.ones((20, 52)), rows=rows, columns=columns)
    texts = [(e.text, float(e.get("x")), float(e.get("y"))) for e in ET.fromstring(picture.svg()).iter(f"{SVG}text")]
    heights = [y for name, _, y in texts if name in rows]
    places = [x for name, x, _ in texts if name in columns]
    assert len(heights) == 20
    assert len(places) == 52
    assert min(np.diff(heights)) >= 13
    assert min(np.diff(places)) >= 13
    wide = viz.heat_map(np.ones((20, 300)), rows=rows).svg()
    assert all(f">{name}</text>" in wide for name in rows)


def test_the_legend_does_not_say_the_title_again():
    said = lambda picture, text: picture.svg().count(f">{text}</text>")
    assert said(viz.heat_map(np.eye(3), title="Attention"), "Attention") == 1
    loss = programs.encoder_decoder_attention(S=4, T=3)
    assert said(viz.heat_map(loss, "α"), "α") == 1
    assert said(viz.heat_map(loss, "α", title="Attention"), "α") == 1


def test_large_matrices_have_fewer_names_and_no_numbers():
    picture = viz.heat_map(np.random.default_rng(0).uniform(size=(50, 120)))
    names = [e.text for e in ET.fromstring(picture.svg()).iter(f"{SVG}text") if e.get("class") == "name"]
    assert names[0] == "1"
    assert names[-1] == "120"
    assert len(names) < 40
    assert 'class="l number"' not in picture.svg()
    assert len(picture.text()) < 3000


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_heat_map_is_saved_in_the_formats_of_a_drawing(tmp_path, suffix):
    assert viz.heat_map(np.eye(3)).save(tmp_path / f"map.{suffix}").stat().st_size > 900


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda m: viz.heat_map(m, "α"),
            ValueError,
            r"α⁽¹⁾ has shape \(5, 2\).*no vector of numbers; .*at=np.s_\[:, 0\]",
        ),
        (lambda m: viz.heat_map(m, "β"), LookupError, "no node is called 'β'"),
        (lambda m: viz.heat_map(m), ValueError, r"shape \(\).*no matrix"),
        (lambda m: viz.heat_map("α"), TypeError, "expected a matrix, a list of vectors, or a recorded program"),
        (lambda m: viz.heat_map([]), ValueError, "0 numbers"),
        (lambda m: viz.heat_map(np.ones((300, 300))), ValueError, "90,000 numbers; it shows from one to 40,000"),
        (lambda m: viz.heat_map(np.eye(2), rows=["a"]), ValueError, "1 rows are named, and there are 2"),
        (lambda m: viz.heat_map(np.eye(2), limits=(1, 0)), ValueError, "below the second"),
        (lambda m: viz.heat_map(np.ones((2, 2), complex)), ValueError, "complex128"),
    ],
)
def test_what_is_no_heat_map_is_refused(model, call, error, message):
    with pytest.raises(error, match=message):
        call(model[0])


def test_a_name_of_several_loops_is_not_guessed():
    loss = programs.three_decoders()
    with pytest.raises(LookupError, match=r"'ŷ' is computed in several loops: ŷ \(EN\), ŷ \(FR\), ŷ \(ES\)"):
        viz.heat_map(loss, "ŷ")


def test_a_number_far_below_the_largest_is_left_to_the_title():
    picture = viz.heat_map([[1.0, 0.004], [0.006, -0.5]]).svg()
    assert re.findall(r'class="l number"[^>]*>([^<]+)<', picture) == ["1", "0.006", "−0.5"]
    assert "1, 2: 0.004" in picture
