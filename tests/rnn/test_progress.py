"""What `fit` tells while it trains: callbacks, history, and the table."""

import json

import numpy as np
import pytest

import rnn
import tinygraph as tg
import viz

SERIES = np.sin(np.arange(40) / 3)
DATA = rnn.windows(SERIES, 4)
BATCHES = [rnn.Batch(DATA.inputs[a : a + 12], DATA.targets[a : a + 12]) for a in (0, 12, 24)]


def model(seed=0):
    return rnn.Forecaster(4, 6, rng=seed)


def test_a_callback_after_each_update_gets_the_loss_with_its_graph_the_batch_and_the_norms():
    updates = []
    history = rnn.fit(model(), BATCHES, epochs=2, clip_norm=1e-3, after_update=updates.append, quiet=True)
    assert [update.number for update in updates] == [1, 2, 3, 4, 5, 6]
    assert np.mean([update.loss.item() for update in updates[:3]]) == pytest.approx(history.train[0])
    for update in updates:
        again = tg.trace(update.loss)  # the parameters have changed since; what was recorded has not
        gradients = {node.tensor: again.contributions(node).sum for node in again.graph.parameters}
        total = np.sqrt(sum(np.vdot(g, g) for g in gradients.values()))
        assert np.hypot(*update.gradient_norms.values()) == pytest.approx(total)
        assert list(update.gradient_norms) == ["cell", "readout"]
        assert any(update.batch.inputs is batch.inputs for batch in BATCHES)


def test_a_callback_may_end_the_training():
    class Enough(Exception):
        pass

    def stop(update):
        if update.number == 4:
            raise Enough

    fitted = model()
    with pytest.raises(Enough):
        rnn.fit(fitted, BATCHES, after_update=stop, quiet=True)


def test_the_history_is_plain_data_and_has_the_norms_of_each_layer():
    updates = []
    history = rnn.fit(model(), BATCHES, epochs=3, validation=DATA, after_update=updates.append, quiet=True)
    assert json.loads(json.dumps(history.data())) == {
        "epoch": [1, 2, 3],
        "train": history.train,
        "validation": history.validation,
    }
    for layer in ("cell", "readout"):
        means = [np.mean([u.gradient_norms[layer] for u in updates[a : a + 3]]) for a in (0, 3, 6)]
        np.testing.assert_allclose(history.gradient_norms[layer], means)


def test_the_history_is_plotted_by_a_line():
    history = rnn.fit(model(), BATCHES, epochs=4, validation=DATA, quiet=True)
    plot = viz.plot(history.data())
    assert [(series.label, list(series.values.values())) for series in plot.chart.series] == [
        ("train", history.train),
        ("validation", history.validation),
    ]
    assert "epoch" in plot.svg() and "time step" not in plot.svg()
    assert viz.plot({"epoch": range(1, 5), **history.gradient_norms}).chart.timesteps == [1, 2, 3, 4]


def test_the_table_has_a_line_an_epoch(capsys):
    history = rnn.fit(model(), BATCHES, epochs=3, validation=DATA, table=True)
    head, names, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["|", "loss", "|", "norm", "of", "the", "gradient"]
    assert names.split() == ["epoch", "|", "train", "validation", "|", "cell", "readout"]
    norms = zip(*history.gradient_norms.values(), strict=True)
    for number, (line, *values) in enumerate(zip(lines, history.train, history.validation, norms, strict=True), 1):
        read = [float(word) for word in line.split() if word != "|"]
        assert read == pytest.approx([number, values[0], values[1], *values[2]], rel=1e-3)
    assert len({len(line) for line in [names, *lines]}) == 1
    rnn.fit(model(), BATCHES, epochs=3, table=True, quiet=True)
    assert capsys.readouterr().out == ""


def test_the_head_of_a_long_table_comes_again(capsys):
    rnn.fit(model(), BATCHES[:1], epochs=45, table=True)
    assert capsys.readouterr().out.count("epoch") == 2


def test_a_layer_that_is_frozen_or_unused_has_no_norm_or_zero():
    fitted = model()
    fitted.spare = rnn.ElmanCell(2, 2, rng=0)
    fitted.readout.requires_grad_(False)
    history = rnn.fit(fitted, BATCHES, epochs=2, quiet=True)
    assert list(history.gradient_norms) == ["cell", "spare"]
    assert history.gradient_norms["spare"] == [0, 0]
