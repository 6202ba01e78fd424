"""Programs as somebody writes them who knows PyTorch alone: the same numbers, or a word on what to write instead."""

import os

import numpy as np
import pytest

import rnn
import tinygraph as tg

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X, TAGS, LABELS = RNG.normal(size=(4, 6, 3)), RNG.integers(0, 5, (4, 6)), RNG.integers(0, 2, 4)


class Theirs(torch.nn.Module):
    def __init__(self, tags=5):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 7, num_layers=2, batch_first=True)
        self.tags, self.label = torch.nn.Linear(7, tags), torch.nn.Linear(7, 2)

    def forward(self, x):
        out, (h, _) = self.lstm(x)
        return self.tags(out), self.label(h[-1])


class Ours(rnn.Module):
    def __init__(self, tags=5):
        super().__init__()
        self.lstm = rnn.LSTM(3, 7, num_layers=2, batch_first=True)
        self.tags, self.label = rnn.Readout(7, tags), rnn.Readout(7, 2)

    def forward(self, x):
        out, (h, _) = self.lstm(x)
        return self.tags(out), self.label(h[-1])


def pair():
    theirs, ours = Theirs().double(), Ours()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def assert_same(ours, theirs):
    state = ours.state_dict()
    for name, array in theirs.state_dict().items():
        np.testing.assert_allclose(state[name], array.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("compiled", [False, True])
def test_two_tasks_with_a_loss_each(compiled):
    theirs, ours = pair()
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.01)
    for _ in range(4):
        tags, label = theirs(torch.tensor(X))
        loss = torch.nn.functional.cross_entropy(tags.reshape(-1, 5), torch.tensor(TAGS).reshape(-1))
        loss = loss + 0.3 * torch.nn.functional.cross_entropy(label, torch.tensor(LABELS))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.05)
        optimizer.step()

    def both(outputs, targets):
        tags, label = outputs
        return rnn.cross_entropy(tags, targets["tags"]) + 0.3 * rnn.cross_entropy(label, targets["label"])

    history = rnn.fit(
        ours, (X, {"tags": TAGS, "label": LABELS}), loss=both, epochs=4, optimizer=rnn.AdamW(ours, 0.01),
        clip_value=0.05, forward=lambda model, batch: model(batch.inputs), quiet=True, compile=compiled,
    )  # fmt: skip
    assert history.train[-1] == pytest.approx(loss.item(), rel=1e-9)
    assert_same(ours, theirs)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_trained_network_with_a_new_head_and_frozen_layers(compiled):
    theirs, ours = Theirs(9).double(), Ours(9)
    ours.load_state_dict(theirs.state_dict())
    trained = {name: array for name, array in Theirs().double().state_dict().items() if not name.startswith("tags")}
    missing, _ = theirs.load_state_dict(trained, strict=False)
    assert missing == ["tags.weight", "tags.bias"]
    ours.load_state_dict(trained, strict=False)
    assert_same(ours, theirs)
    for parameter in theirs.lstm.parameters():
        parameter.requires_grad = False
    for parameter in ours.lstm.parameters().values():
        parameter.requires_grad = False
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, theirs.parameters()), lr=0.01, weight_decay=0.1)
    for _ in range(4):
        loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(X))[0].reshape(-1, 9), torch.tensor(TAGS).ravel())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    rnn.fit(
        ours, (X, TAGS), loss=rnn.cross_entropy, epochs=4, optimizer=rnn.Adam(ours, 0.01, weight_decay=0.1),
        forward=lambda model, batch: model(batch.inputs)[0], quiet=True, compile=compiled,
    )  # fmt: skip
    assert_same(ours, theirs)


def test_a_state_of_which_no_name_fits_is_refused():
    with pytest.raises(KeyError, match="no name in common"):
        Ours().load_state_dict({"encoder.weight": np.zeros(3)}, strict=False)


TYPED = {
    "for p in model.parameters(): p.requires_grad = False": "parameters().values()",
    "[p.shape for p in model.parameters()]": "parameters().values()",
    "dict(model.named_parameters())": "model.parameters().items()",
    'model.to("cpu")': "runs on the CPU",
    "model.double()": "dtype=np.float64",
    "optimizer.param_groups[0]['lr'] = 0.1": "optimizer.lr",
    "rnn.EarlyStopping(patience=3)": "patience=3",
    "rnn.Linear(3, 2)": "rnn.Readout",
    "model.lstm.weight": "has no attribute 'weight'",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_pytorch_calls_otherwise_is_told(typed):
    model = Ours()
    with pytest.raises(AttributeError) as told:
        exec(typed, {"rnn": rnn, "model": model, "optimizer": rnn.Adam(model)})
    assert TYPED[typed] in str(told.value)


def test_a_name_is_a_string_all_the_same():
    (name, *_) = rnn.ElmanCell(2, 3, rng=0).parameters()
    assert name == "U"
    assert {name: 1} == {"U": 1}
    assert repr(name) == "'U'"
    with pytest.raises(AttributeError, match="has no attribute 'spam'"):
        _ = name.spam
    assert isinstance(tg.parameter(1.0).name, str | None)
