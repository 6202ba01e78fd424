"""Trainings that one writes who knows PyTorch alone, each beside its PyTorch twin: what once surprised him, kept."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

import rnn
import tinygraph as tg

RNG = np.random.default_rng(0)
RATES = {"cell": 1e-3, "readout": 5e-2}


class TheirTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.readout = nn.LSTM(3, 5), nn.Linear(5, 2)

    def forward(self, xs):
        return self.readout(self.cell(xs)[0][-1])


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize(("ours", "theirs"), [(rnn.Adam, torch.optim.Adam), (rnn.RMSprop, torch.optim.RMSprop)])
def test_fine_tuning_with_a_rate_for_each_part(ours, theirs, compile):
    torch.manual_seed(0)
    net = TheirTagger().double()
    model = rnn.ManyToOne(rnn.LSTM(3, 5, rng=0), 2, rng=0)
    model.load_state_dict({name: array.numpy().copy() for name, array in net.state_dict().items()})
    xs, ys = RNG.normal(size=(6, 8, 3)), RNG.integers(0, 2, 8)
    groups = [{"params": getattr(net, part).parameters(), "lr": rate} for part, rate in RATES.items()]
    optimizer, losses = theirs(groups), []
    for _ in range(6):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(torch.tensor(xs)), torch.tensor(ys))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    history = rnn.fit(model, (xs, ys), loss=rnn.cross_entropy, optimizer=ours(model, lr=RATES), epochs=6, quiet=True,
                      compile=compile)  # fmt: skip
    np.testing.assert_allclose(history.train, losses, rtol=1e-12)


def test_rates_by_part_follow_schedules_and_resume(tmp_path):
    def start(epochs, **options):
        model = rnn.Forecaster(4, 6, rng=0)
        plateau = rnn.ReduceLROnPlateau(0.05, patience=0, threshold=0.5)
        optimizer = rnn.Adam(model, lr={"cell": rnn.step_decay(1e-2, every=3), "readout": plateau, "readout.c": 0.0})
        history = rnn.fit(model, rnn.windows(np.sin(np.arange(40) / 3), 4), epochs=epochs, optimizer=optimizer,
                          quiet=True, **options)  # fmt: skip
        return model, optimizer, history

    model, optimizer, history = start(8)
    assert optimizer.rate["cell"] == pytest.approx(1e-4)
    assert optimizer.rate["readout"] < 0.05
    assert model.readout.c.data == 0
    path = tmp_path / "run.safetensors"
    start(4, checkpoint=path)
    again, _, resumed = start(8, checkpoint=path, resume=True)
    assert resumed.train == history.train
    assert all(np.array_equal(p.data, again.parameters()[name].data) for name, p in model.parameters().items())


@pytest.mark.parametrize(
    ("lr", "says"),
    [
        ({"cell": 0.1}, "lr has no rate for readout.V: it is given for cell; one that is to stay has 0"),
        ({"cell": 0.1, "readout": 0.1, "fc": 0.1}, "lr is given for fc: no parameter is there"),
        ({"cell": 0.1, "readout": -0.1}, "lr should be at least 0, not -0.1"),
    ],
)
def test_rates_that_do_not_fit_are_named(lr, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        rnn.Adam(rnn.ManyToOne(rnn.GRUCell(3, 4, rng=0), 2, rng=0), lr=lr)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_gradient_of_zero_is_decayed_and_none_is_not(set_to_none):
    theirs, ours = torch.nn.Parameter(torch.ones(2, dtype=torch.float64)), tg.parameter(np.ones(2))
    for w, optimizer in ((theirs, torch.optim.AdamW([theirs], lr=0.1)), (ours, rnn.AdamW({"w": ours}, lr=0.1))):
        (w * w).sum().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=set_to_none)
        optimizer.step()
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-12)


class TheirClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(3, 6, bidirectional=True, batch_first=True), nn.Linear(12, 2)

    def forward(self, xs, lens):
        packed = pack_padded_sequence(xs, lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(torch.cat([h[0], h[1]], dim=1))


class OurClassifier(rnn.Module):
    def __init__(self):
        self.lstm = rnn.LSTM(3, 6, bidirectional=True, batch_first=True, rng=0)
        self.fc = rnn.Readout(12, 2, rng=0)

    def forward(self, xs, lens):
        packed = rnn.pack_padded_sequence(xs, lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(np.concatenate([h[0], h[1]], axis=1))


@pytest.mark.slow
def test_folds_of_packed_sequences():
    sequences = [RNG.normal(size=(RNG.integers(2, 9), 3)) for _ in range(12)]
    labels = np.array([int(sequence.sum() > 0) for sequence in sequences])
    folds = np.array_split(RNG.permutation(12), 3)
    torch.manual_seed(0)
    start = {name: array.clone() for name, array in TheirClassifier().double().state_dict().items()}
    for fold in range(2):
        train = np.concatenate([part for number, part in enumerate(folds) if number != fold])
        net, losses = TheirClassifier().double(), []
        net.load_state_dict(start)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
        xs = pad_sequence([torch.tensor(sequences[i]) for i in train], batch_first=True)
        lens = torch.tensor([len(sequences[i]) for i in train])
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(xs, lens), torch.tensor(labels[train]))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        for compile in (False, True):
            model = OurClassifier()
            model.load_state_dict({name: array.numpy() for name, array in start.items()})
            batch = (xs.numpy(), labels[train], lens.numpy())
            options = {"loss": rnn.cross_entropy, "epochs": 5, "quiet": True, "compile": compile}
            with pytest.raises(TypeError, match=r"name its argument so, or say forward=lambda model, batch: model\("):
                rnn.fit(model, batch, **options)
            forward = lambda model, batch: model(batch.inputs, batch.lengths)
            optimizer = rnn.SGD(model, lr=0.5, momentum=0.9)
            history = rnn.fit(model, batch, optimizer=optimizer, forward=forward, **options)
            np.testing.assert_allclose(history.train, losses, rtol=1e-12)
