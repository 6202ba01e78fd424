"""What a folded drawing says of time: directions, frames, and which time step of another loop is read."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from tests.programs import EXACT

T = 4
X = np.sin(np.arange(2.0 * T)).reshape(T, 2)


def folded(result, view="variables"):
    return viz.draw(result, view=view, fold=True).scene


def labels(scene):
    """Edges as (source's label, target's label, label)."""
    label = {node.id: node.label for node in scene.nodes}
    return [(label[edge.source], label[edge.target], edge.label) for edge in scene.edges]


def weights(names):
    return [tg.parameter(np.eye(2) / (k + 2), name=name) for k, name in enumerate(names)]


# Loops that run from the end


def reversed_list():
    (W, V), h, g, hs, gs = weights("WV"), np.zeros(2), np.zeros(2), [], []
    for x in X:
        h = np.tanh(W @ h + x)
        hs.append(h)
    for x in reversed(X):
        g = np.tanh(V @ g + x)
        gs.append(g)
    return sum((h * g).sum() for h, g in zip(hs, reversed(gs), strict=True))


def counted_down():
    (W, V), h, g, hs, gs = weights("WV"), np.zeros(2), np.zeros(2), {}, {}
    for t in range(T):
        h = hs[t] = np.tanh(W @ h + X[t])
    for t in range(T - 1, -1, -1):
        g = gs[t] = np.tanh(V @ g + X[t])
    return np.stack([hs[t] * gs[t] for t in range(T)]).sum()


def two_steps_back():
    (W, V), h, g, older, hs, gs = weights("WV"), np.zeros(2), tg.tensor([1.0, 2]), tg.tensor([3.0, 4]), [], []
    for x in X:
        h = np.tanh(W @ h + x)
        hs.append(h)
    for x in X[::-1]:
        g, older = np.tanh(V @ older + g + x), g
        gs.append(g)
    return sum((h * g).sum() for h, g in zip(hs, gs[::-1], strict=True))


@pytest.mark.parametrize("program", [reversed_list, counted_down])
@pytest.mark.parametrize("view", ["ops", "variables"])
def test_a_loop_from_the_end_reads_the_time_step_after_and_begins_after_the_last(program, view):
    edges = labels(folded(program(), view))
    delays = {(source, text.split()[-1]) for source, _, text in edges if "t+" in text or "t−" in text}
    assert {("g⁽ᵗ⁾", "t+1"), ("h⁽ᵗ⁾", "t−1")} <= delays
    assert {text for source, text in delays if source not in ("g⁽ᵗ⁾", "h⁽ᵗ⁾")} <= {"t−1"}  # the sum of the losses
    starts = {source for source, _, _ in edges if source.startswith(("h⁽", "g⁽"))} - {"h⁽ᵗ⁾", "g⁽ᵗ⁾"}
    assert starts == {"h⁽⁰⁾", "g⁽ᵀ⁺¹⁾"}


def test_two_initial_states_of_a_loop_from_the_end():
    edges = labels(folded(two_steps_back()))
    assert ("g⁽ᵗ⁾", "g⁽ᵗ⁾", "V t+2") in edges
    assert {source for source, _, _ in edges if source.startswith("g⁽ᵀ")} == {"g⁽ᵀ⁺¹⁾", "g⁽ᵀ⁺²⁾"}


def test_the_lectures_bidirectional_network():
    edges = labels(folded(programs.bidirectional()))
    assert {("g⁽ᵗ⁾", "g⁽ᵗ⁾", "W_B t+1"), ("g⁽ᵀ⁺¹⁾", "g⁽ᵗ⁾", "W_B once"), ("h⁽ᵗ⁾", "h⁽ᵗ⁾", "W_F t−1")} <= set(edges)


# Frames


def encoder_and_decoder(context=False):
    W, V, C = weights("WVC")
    h, total = np.zeros(2), 0.0
    for x in X:
        h = np.tanh(W @ h + x)
    s = np.zeros(2) if context else h
    for y in X:
        s = np.tanh(V @ s + C @ h) if context else np.tanh(V @ s)
        total = total + ((s - y) ** 2).sum()
    return total


def frames(scene):
    return {node.label: (node.scope, node.frame) for node in scene.nodes if node.scope}


def test_loops_of_one_length_are_two_frames_where_one_reads_the_end_of_the_other():
    drawing = viz.draw(encoder_and_decoder(), view="variables", fold=True)
    frame = frames(drawing.scene)
    assert frame["h⁽ᵗ⁾"] == frame["x⁽ᵗ⁾"] != frame["s⁽ᵗ⁾"] == frame["total⁽ᵗ⁾"]
    assert {scope for scope, _ in frame.values()} == {"× 4"}
    assert [frame.scope for frame in drawing.layout.frames] == ["× 4", "× 4"]


def test_an_edge_between_frames_says_which_time_step_it_leaves_and_whether_that_is_once():
    edges = labels(folded(encoder_and_decoder()))
    assert ("h⁽ᵗ⁾", "s⁽ᵗ⁾", "V t=4, once") in edges
    assert ("h⁽ᵗ⁾", "s⁽ᵗ⁾", "C t=4") in labels(folded(encoder_and_decoder(context=True)))
    many_to_one = labels(folded(programs.sequence_to_one(6)))
    assert [text for source, target, text in many_to_one if (source, target) == ("h⁽ᵗ⁾", "ŷ")] == ["V t=6"]


def test_loops_that_run_side_by_side_share_a_frame():
    assert len(set(frames(folded(programs.bidirectional())).values())) == 1
    assert len(set(frames(folded(EXACT["bidirectional_through_a_helper"](4))).values())) == 1


def test_what_reads_all_time_steps_says_so():
    edges = labels(folded(programs.encoder_decoder_attention(3, 3)))
    assert ("h⁽ᵗ⁾", "H", "all t") in edges


def test_a_loop_that_is_not_over_time_has_an_index_of_its_own():
    assert ("totalᵢ", "totalᵢ", "i−1") in labels(folded(EXACT["sentences_of_words"](4)))


def forward_sums(first_apart):
    W, A = weights("WA")
    total = 0.0
    for xs in (np.ones((3, 2)), np.ones((5, 2)), np.ones((4, 2))):
        h, alpha = np.zeros(2), np.zeros(2)
        for k, x in enumerate(xs):
            h = np.tanh(W @ h + x)
            alpha = np.exp(h) if k == 0 and first_apart else np.log(np.exp(A @ alpha)) + h
        total = total + alpha.sum()
    return total


def test_what_each_sentence_has_of_its_own_has_its_index_and_stands_in_its_frame():
    drawing = viz.draw(forward_sums(first_apart=False), view="variables", fold=True)
    scopes = {node.label: node.scope for node in drawing.scene.nodes}
    assert scopes.items() >= {
        ("hᵢ⁽⁰⁾", "× 3"),
        ("hᵢ⁽ᵗ⁾", "× 3 × 3–5"),
        ("αᵢ⁽ᵗ⁾", "× 3 × 3–5"),
        ("totalᵢ", "× 3"),
    }
    outer, inner = sorted(drawing.layout.frames, key=lambda frame: -frame.box.height)
    assert (outer.scope, inner.scope) == ("× 3", "× 3–5")
    assert outer.box.left < inner.box.left < inner.box.right < outer.box.right
    assert outer.box.top < inner.box.top < inner.box.bottom < outer.box.bottom


def gated_sentences():
    W, U = weights("WU")
    total = 0.0
    for xs in (np.ones((3, 2)), np.ones((5, 2)), np.ones((4, 2))):
        h = np.zeros(2)
        for x in xs:
            z = tg.sigmoid(W @ x + U @ h)
            h = z * h + (1 - z) * x
        total = total + h.sum()
    return total * 0.5


def test_the_columns_of_a_gated_cell_stand_in_the_frame_of_the_loop_around_it():
    drawing = viz.draw(gated_sentences(), view="variables", fold=True)
    columns = {node.label: node.column for node in drawing.scene.nodes}
    inside = [k for k, column in enumerate(drawing.scene.columns) if column.around]
    assert inside == list(range(columns["hᵢ⁽⁰⁾"], columns["totalᵢ"] + 1))
    assert {drawing.scene.columns[k].around for k in inside} == {"× 3"}
    (frame,) = [frame for frame in drawing.layout.frames if frame.column == -1]
    boxes = {node.label: drawing.layout.box(node.id) for node in drawing.scene.nodes}
    assert frame.scope == "× 3"
    assert all(frame.box.left < boxes[name].left < boxes[name].right < frame.box.right for name in ("hᵢ⁽⁰⁾", "totalᵢ"))
    (end,) = [node for node in drawing.scene.nodes if node.kind == "loss"]
    assert drawing.layout.box(end.id).left > frame.box.right


def test_what_is_computed_apart_in_the_first_time_step_says_that():
    edges = labels(folded(forward_sums(first_apart=True)))
    assert ("hᵢ⁽ᵗ⁾", "αᵢ⁽¹⁾", "t=1") in edges
    assert ("αᵢ⁽¹⁾", "αᵢ⁽ᵗ⁾", "A once") in edges
    assert ("hᵢ⁽ᵗ⁾", "αᵢ⁽ᵗ⁾", "") in edges


def over_nodes_and_edges(counted):
    M, S = weights("MS")
    h = list(np.ones((3, 2)))
    for _ in range(2):
        inbox = [np.zeros(2) for _ in h]
        for u, v in ((0, 1), (1, 2), (2, 0), (0, 2)):
            inbox[v] = inbox[v] + M @ h[u]
        if counted:
            before, h = h, []
            for n in range(3):
                h.append(np.tanh(S @ before[n] + inbox[n]))
        else:
            h = [np.tanh(S @ value + message) for value, message in zip(h, inbox, strict=True)]
    return sum((value**2).sum() for value in h)


@pytest.mark.parametrize(("counted", "letter"), [(False, "ᵢ"), (True, "ₙ")])
def test_each_loop_has_a_letter_of_its_own_and_those_that_go_together_one(counted, letter):
    edges = labels(folded(over_nodes_and_edges(counted)))
    inboxes = {target for _, target, _ in edges if target.startswith("inbox")}
    assert len(inboxes) == 1
    assert letter not in inboxes.pop()
    assert any(source == f"h{letter}⁽ᵗ⁾" and "=" not in text for source, _, text in edges)
    sums = [text for source, target, text in edges if source == target and source.startswith("loss")]
    assert sums == [f"{'n' if counted else 'i'}−1"]


def words_with_those_before(given):
    E, W = weights("EW")
    total = 0.0
    for words in given:
        h = np.zeros(2)
        for k, word in enumerate(words):
            if k:
                h = np.tanh(W @ h + E[words[k - 1]] + E[word])
        total = total + h.sum()
    return total


def test_what_one_op_alone_is_given_is_of_its_time_step_whatever_it_happens_to_equal():
    scene = folded(words_with_those_before([[0, 1, 1], [1, 0, 0, 1, 0, 1], [1, 1, 0, 1, 0]]))
    assert not [node.label for node in scene.nodes if " or " in node.label or "," in node.label]
    assert not [edge.label for edge in scene.edges if " or " in edge.label]


# Initial states


def test_an_initial_state_that_two_gates_read_is_drawn_once():
    Z, R = weights("ZR")
    h = np.zeros(2)
    for x in X:
        z = tg.sigmoid(Z @ h + x)
        h = np.tanh(R @ h + z)
    for fold in (False, True):
        names = [node.label for node in viz.draw(h.sum(), view="variables", fold=fold).scene.nodes]
        assert names.count("h⁽⁰⁾") == 1


def gated(T):
    W, U, V = weights("WUV")
    h = np.zeros(2)
    for x in np.ones((T, 2)):
        z = tg.sigmoid(W @ x + U @ h)
        h = z * h + (1 - z) * np.tanh(V @ h)
    return h.sum()


def plain(T):
    W, U = weights("WU")
    h = np.zeros(2)
    for x in np.ones((T, 2)):
        h = np.tanh(W @ h + U @ x)
    return h.sum()


@pytest.mark.parametrize("program", [gated, plain])
def test_what_begins_with_an_initial_state_says_that_it_is_read_once(program):
    scene = viz.draw(program(4), view="variables", fold=True).scene
    (start,) = (node.id for node in scene.nodes if node.label == "h⁽⁰⁾")
    assert {edge.label.split()[-1] for edge in scene.edges if edge.source == start} == {"once"}
