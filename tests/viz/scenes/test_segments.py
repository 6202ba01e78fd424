"""Which loops over time stand side by side, after each other, or against each other."""

from types import SimpleNamespace

from viz.scenes.segments import find_segments


def node(index, timestep, *inputs):
    return SimpleNamespace(index=index, kind="op", timestep=timestep, inputs=inputs)


def chain(start, T, *feeds):
    """T nodes, each fed by the one before and by its own of each of `feeds`."""
    nodes = []
    for t in range(T):
        before = nodes[-1:] if nodes else []
        nodes.append(node(start + t, t + 1, *before, *(feed[t] for feed in feeds)))
    return nodes


def segments(*chains):
    slot_of = {n.index: name for name, nodes in enumerate(chains) for n in nodes}
    segment_of = find_segments([n for nodes in chains for n in nodes], slot_of)
    return [segment_of[nodes[0].index] for nodes in chains]


def test_a_layer_over_a_layer_is_one_segment():
    low = chain(0, 4)
    high = chain(10, 4, low)
    a, b = segments(low, high)
    assert a is b


def test_a_loop_that_is_read_in_reverse_runs_against_its_reader():
    backward = chain(0, 4)
    forward = chain(10, 4, backward[::-1])
    a, b = segments(backward, forward)
    assert (a.backward, b.backward) == (True, False)
    assert a.group == b.group
    assert [a.column(t) for t in (1, 2, 3, 4)] == [3, 2, 1, 0]
    assert a.level == b.level


def test_a_decoder_comes_after_the_encoder_whose_last_state_it_reads():
    encoder = chain(0, 4)
    decoder = [node(10, 1, encoder[-1])]
    decoder += [node(11, 2, decoder[0]), node(12, 3)]
    decoder[2].inputs = (decoder[1],)
    a, b = segments(encoder, decoder)
    assert (a.level, b.level) == (0, 1)
    assert a.group != b.group


def test_what_looks_at_all_time_steps_comes_after_them():
    encoder = chain(0, 3)
    decoder = [node(10 + t, t + 1, *encoder) for t in range(3)]
    a, b = segments(encoder, decoder)
    assert (a.level, b.level) == (0, 1)
