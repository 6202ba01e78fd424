"""What one types who knows PyTorch and not this package, and what one reads: what was given, expected, to write."""

import re

import numpy as np
import pytest

import rnn
import tinygraph as tg

X, Y = np.zeros((5, 2, 3)), np.zeros((5, 2, 1))


def cell(I=3, H=4):
    return rnn.ElmanCell(I, H, rng=0)


def weights():
    return tg.parameter(np.ones((2, 2)), name="W"), tg.parameter(np.ones(2), name="w")


class Forgetful(rnn.Cell):
    """A cell without super().__init__(input_size, state_sizes)."""

    def __init__(self):
        self.W = tg.parameter(np.eye(3))

    def __call__(self, h, x):
        return np.tanh(tg.linear(x + h, self.W))


class Sized(Forgetful):
    """One that has it, and whose equations are set by a test."""

    def __init__(self, state_sizes=3, equations=None):
        rnn.Cell.__init__(self, 3, state_sizes)
        self.W = tg.parameter(np.eye(3))
        self.equations = equations

    def __call__(self, h, x):
        return self.equations(self, h, x)


class Plain(rnn.Cell):
    """One whose weights are arrays."""

    def __init__(self):
        super().__init__(3, 3)
        self.W = np.eye(3)

    def __call__(self, h, x):
        return np.tanh(tg.linear(x + h, self.W))


class Empty(rnn.Cell):
    """One without equations."""

    def __init__(self):
        super().__init__(3, 3)
        self.W = tg.parameter(np.eye(3))


def run(one):
    return rnn.unroll(one, np.zeros((4, 2, 3)))


def in_torchs_order(one):
    h = np.zeros((2, 3))
    for x in np.ones((2, 2, 3)):
        h = one(x, h)


TABLE = {
    # arrays and tensors
    "tg.Tensor([1.0])": (lambda: tg.Tensor([1.0]), TypeError, "write tg.tensor([1.0]), or tg.parameter([1.0])"),
    # layers
    "Layers([cell])": (lambda: rnn.Layers([cell()]), TypeError,
        "Layers takes its layers one by one, not a list of 1: write rnn.Layers(first, second), or rnn.Layers(*layers)"),
    "Stacked([cell, cell])": (lambda: rnn.Stacked([cell(), cell(4)]), TypeError,
        "Stacked takes its layers one by one, not a list of 2: write rnn.Stacked(first, second)"),
    "Stacked(dropout)": (lambda: rnn.Stacked(cell(), rnn.Dropout()), TypeError,
        "Stacked takes cells, not Dropout(0.5)"),
    "Layers(np.tanh)": (lambda: rnn.Layers(cell(), np.tanh), TypeError, "Layers takes layers, not <ufunc 'tanh'>"),
    "sizes that do not fit": (lambda: rnn.Layers(cell(), cell(3)), ValueError,
        "layer 2 reads 3 features, but the layer before it has 4"),
    "ManyToMany([cell], 2)": (lambda: rnn.ManyToMany([cell(), cell(4)], 2), TypeError,
        "several are one as rnn.Stacked(*cells)"),
    "ManyToOne(model, 2)": (lambda: rnn.ManyToOne(rnn.ManyToMany(cell(), 2), 2), TypeError,
        "ManyToOne runs a cell, a Bidirectional or Layers over its sequence, not ManyToMany("),
    "Bidirectional(layer, layer)": (lambda: rnn.Bidirectional(rnn.LSTM(3, 4), rnn.LSTM(3, 4)), TypeError,
        "Bidirectional takes two cells, one a direction of time, not LSTM(3, 4)"),
    "Bidirectional(cell, cell)": (lambda: rnn.Bidirectional(*[cell()] * 2), ValueError, "would share its weights"),
    "unroll(rnn.LSTM(3, 4), xs)": (lambda: rnn.unroll(rnn.LSTM(3, 4), X), TypeError, "runs itself: call it with xs"),
    "cell(x, h), of one size": (lambda: in_torchs_order(rnn.ElmanCell(3, 3, rng=0)), TypeError,
        "ElmanCell is called with its state first, and then x, where PyTorch's cells take x first"),
    "gru_cell(x, h), of one size": (lambda: in_torchs_order(rnn.GRUCell(3, 3, rng=0)), TypeError, "Write cell(h, x)"),
    "gru_cell(None, x)": (lambda: rnn.GRUCell(3, 4)(None, X[0]), TypeError,
        "GRUCell is called as cell(h, x), with None as neither: the first h is cell.initial_state((N,))"),
    "elman_cell(x, None)": (lambda: cell()(X[0], None), TypeError, "ElmanCell is called as cell(h, x)"),
    "LSTMCell(3, 4, False), its bias in PyTorch": (lambda: rnn.LSTMCell(3, 4, False), TypeError, "positional"),
    "GRUCell(3, 4, False), its bias in PyTorch": (lambda: rnn.GRUCell(3, 4, False), TypeError, "positional"),
    "lstm(h, x)": (lambda: rnn.LSTMCell(3, 4)(np.zeros((2, 4)), X[0]), TypeError,
        "called with its state (b_c, s) first, and then x, not with a ndarray of shape (2, 4)"),
    "lstm_cell(x, (h, c))": (lambda: rnn.LSTMCell(3, 4)(X[0], (np.zeros((2, 4)),) * 2), TypeError, "(b_c, s) first"),
    "lstm(xs, h_0)": (lambda: rnn.LSTM(3, 4)(X, np.zeros((1, 2, 4))), ValueError,
        "hx of LSTM(3, 4) should be a pair (h_0, c_0) of shape (1, N, 4) each"),
    "unroll(lstm, xs, h_0)": (lambda: rnn.unroll(rnn.LSTMCell(3, 4), X, np.zeros((2, 4))), ValueError,
        "should be a tuple of 2, its parts in order, not an array of shape (2, 4)"),
    "EncoderDecoder(encoder, [a, b])": (lambda: rnn.EncoderDecoder(cell(), [rnn.Decoder(cell(1), 1)] * 2), TypeError,
        'or several as a dict by name, not a list: write {"EN": decoder, "FR": other}'),
    "Embedding of one-hot vectors": (lambda: rnn.Embedding(4, 2)(np.eye(4)), TypeError,
        "Embedding(4, 2) reads integers, the numbers of symbols, not float64; what is one-hot already is its argmax"),
    "Embedding of too large a number": (lambda: rnn.Embedding(4, 2)([0, 4]), ValueError, "from 0 to 3, not 4"),
    "Embedding of too small a number": (lambda: rnn.Embedding(4, 2)([0, -1]), ValueError, "from 0 to 3, not -1"),
    "from_pretrained(words)": (lambda: rnn.Embedding.from_pretrained([[1, 2]]), ValueError,
        "not int64 of shape (1, 2)"),
    "LayerNorm of another size": (lambda: rnn.LayerNorm(3)(tg.tensor(np.ones((2, 4)))), ValueError,
        "LayerNorm(3) normalises features of shape (3,), not the last of (2, 4)"),
    # names of PyTorch
    "rnn.Linear": (lambda: rnn.Linear(3, 4), AttributeError, "rnn has no Linear; write rnn.Readout(in_features,"),
    "rnn.CrossEntropyLoss": (lambda: rnn.CrossEntropyLoss(), AttributeError,
        "write rnn.cross_entropy(outputs, targets)"),
    "rnn.nonsense": (lambda: rnn.nonsense, AttributeError, "rnn has no nonsense"),
    # optimisers
    "Adam([W, w])": (lambda: rnn.Adam(list(weights())), TypeError,
        'a model, or a dict of tensors by name, not a list of 2: write rnn.Adam(model), or rnn.Adam({"W": W, "b": b})'),
    "Adam([{params, lr}])": (lambda: rnn.Adam([{"params": cell().parameters(), "lr": 0.1}], lr=0.01), TypeError,
        'not a list of groups: write rnn.Adam(model, lr={"cell": 1e-4, "readout": 1e-2})'),
    "Adam(W)": (lambda: rnn.Adam(weights()[0]), TypeError, "not a Tensor of shape (2, 2): write rnn.Adam(model)"),
    "Adam(parameters().values())": (lambda: rnn.Adam(cell().parameters().values()), TypeError, "not dict_values("),
    'Adam({"W": array})': (lambda: rnn.Adam({"W": np.ones(3)}), TypeError, "'W' is a ndarray: write tg.parameter(…)"),
    "Adam({})": (lambda: rnn.Adam({}), ValueError, "there are no parameters to train"),
    "an optimiser's class": (lambda: rnn.optimizer_for(rnn.Adam, cell()), TypeError, "write rnn.Adam(model, lr=0.01)"),
    "an unknown optimiser": (lambda: rnn.optimizer_for("lion", cell()), ValueError,
        "one of ['adam', 'adamw', 'rmsprop', 'sgd'], or one such as rnn.Adam(model), not 'lion'"),
    "a rate beside an optimiser": (lambda: rnn.optimizer_for(rnn.SGD(cell()), cell(), lr=1.0), ValueError,
        "SGD has a rate of its own"),
    'Adam(model, lr="0.1")': (lambda: rnn.Adam(cell(), lr="0.1"), TypeError, "lr should be a number, not '0.1'"),
    "ReduceLROnPlateau(optimizer)": (lambda: rnn.ReduceLROnPlateau(rnn.Adam(cell())), TypeError,
        "a schedule is given to the optimiser, as rnn.Adam(model, lr=schedule)"),
    "step_decay(optimizer, 3)": (lambda: rnn.step_decay(rnn.Adam(cell()), 3), TypeError, "given to the optimiser"),
    "nesterov without momentum": (lambda: rnn.SGD(cell(), nesterov=True), ValueError, "a momentum above 0, not 0.0"),
    "a factor above 1": (lambda: rnn.ReduceLROnPlateau(0.1, factor=2), ValueError, "above 0 and below 1, not 2"),
    # losses
    "cross_entropy(targets, outputs)": (lambda: rnn.cross_entropy([0, 1], tg.parameter(np.eye(2))), TypeError,
        "cross_entropy(outputs, targets): outputs come first, Tensors or lists of them, not a list of int"),
    "mse(outputs, a computed Tensor)": (lambda: rnn.mse(weights()[0], weights()[0] * 2), TypeError,
        "targets are data, and get no gradient; y.detach() makes data of y"),
    "cross_entropy(outputs, one-hot)": (lambda: rnn.cross_entropy(weights()[0], np.eye(2)), TypeError,
        "should be integers, not float64; of one-hot targets give the classes, ys.argmax(axis=-1)"),
    # weights
    "load_state_dict(path)": (lambda: cell().load_state_dict("weights.pt"), TypeError,
        "takes a dict of arrays by name, not 'weights.pt'; a file is read by load(path)"),
    # a cell of one's own
    "no super().__init__": (lambda: run(Forgetful()), AttributeError,
        "Forgetful has no input_size: begin its __init__ with super().__init__(input_size, state_sizes)"),
    "no super().__init__, in a model": (lambda: rnn.ManyToMany(Forgetful(), 2), AttributeError,
        "Forgetful has no output_size: begin its __init__ with super().__init__(input_size, state_sizes)"),
    "no __call__": (lambda: run(Empty()), NotImplementedError,
        "Empty has no equations: give it def __call__(self, state, x), which returns the next state"),
    "no return": (lambda: run(Sized(3, lambda self, h, x: None)), ValueError,
        "Sized.__call__ should return the next state, an array of shape (2, 3), not None"),
    "one state of two": (lambda: run(Sized((3, 3), lambda self, s, x: s[0] + x)), ValueError,
        "should return the next state, a tuple of 2, not an array of shape (2, 3); its state_sizes are (3, 3)"),
    "a state of another size": (lambda: run(Sized(4, lambda self, h, x: x)), ValueError,
        "should return the next state, an array of shape (2, 4), not an array of shape (2, 3)"),
    "no tg.parameter": (lambda: run(Plain()), TypeError,
        "Plain holds no parameters, only arrays, which are not trained (W): write self.W = tg.parameter(…) in its"),
    "a size of zero": (lambda: rnn.Cell(3, 0), ValueError, "state_sizes should be a positive integer, not 0"),
    # data and first weights
    "split(series, fractions)": (lambda: rnn.split(X, (0.7, 0.3)), TypeError,
        "split takes how many examples there are, not a ndarray: write split(len(examples), fractions), whose parts"),
    "split(fractions)": (lambda: rnn.split((0.7, 0.3), 10), TypeError, "how many examples there are, not a tuple"),
    "split(10, 0.7)": (lambda: rnn.split(10, 0.7), TypeError, "the shares of all parts, as (0.7, 0.3), not 0.7"),
    **{f"{name}(3, 2)": (lambda name=name: getattr(rnn, name)(3, 2), TypeError,
        f"{name} takes the shape as a tuple, and then the rng, as {name}((5, 3), rng), not 3")
       for name in ("glorot", "orthogonal", "identity", "uniform", "normal", "zeros", "ones")},
    # sequences
    "pack_padded_sequence, unsorted": (lambda: rnn.pack_padded_sequence(X, [3, 5]), ValueError,
        "the longest sequence should come first, but lengths is [3, 5]: sort them, or write enforce_sorted=False"),
    "batch first where time should be": (lambda: rnn.ManyToMany(cell(), 1)(np.zeros((3, 5))), ValueError,
        "ElmanCell(3, 4) reads 3 features, but xs has shape (3, 5)"),
}  # fmt: skip


@pytest.mark.parametrize("typed", TABLE)
def test_what_is_typed_and_what_is_read(typed):
    call, error, says = TABLE[typed]
    with pytest.raises(error, match=re.escape(says)):
        call()


def test_a_weight_is_scaled_in_place_as_in_pytorch():
    W, _ = weights()
    W.data *= 0.4
    np.testing.assert_array_equal(W.data, np.full((2, 2), 0.4))


def test_fit_takes_an_optimiser_by_its_name():
    for name in (None, "adam", "AdamW", "rmsprop", "sgd"):
        model = rnn.Forecaster(4, 6, rng=0)
        history = rnn.fit(model, rnn.windows(np.sin(np.arange(40) / 3), 4), epochs=20, optimizer=name, quiet=True)
        assert history.train[-1] < 0.7 * history.train[0], name


def test_targets_may_be_constant_tensors():
    o, y = tg.tensor(np.random.default_rng(0).normal(size=(4, 3))), [0, 1, 2, 0]
    expected = rnn.cross_entropy(o, y).item()
    assert rnn.cross_entropy(o, tg.tensor(y)).item() == rnn.cross_entropy(o, list(map(tg.tensor, y))).item() == expected


def test_a_cell_of_ones_own_in_ten_lines_trains_in_batches_and_folds():
    class Gated(rnn.Cell):
        def __init__(self, input_size, hidden_size, rng):
            super().__init__(input_size, (hidden_size, hidden_size))
            self.W = tg.parameter(rng.normal(size=(2 * hidden_size, input_size + hidden_size)) / 3)

        def __call__(self, state, x):
            h, c = state
            a = tg.linear(np.concatenate([x, h], axis=-1), self.W)
            c = c + tg.sigmoid(a[..., : h.shape[-1]]) * np.tanh(a[..., h.shape[-1] :])
            return np.tanh(c), c

    cell = Gated(3, 4, np.random.default_rng(0))
    for model in (rnn.ManyToOne(cell, 2, rng=0), rnn.ManyToOne(rnn.Stacked(cell, rnn.GRUCell(4, 3, rng=0)), 2, rng=0)):
        xs = np.random.default_rng(1).normal(size=(6, 8, 3))
        assert model(xs).shape == (8, 2)
        assert model(xs[:, 0]).shape == (2,)
        together = model(xs[:, :2], lengths=[6, 3]).data
        np.testing.assert_allclose(together[1], model(xs[:3, 1]).data)
        history = rnn.fit(model, (xs, np.arange(8) % 2), loss=rnn.cross_entropy, epochs=60,
                          optimizer=rnn.Adam(model, lr=0.03), quiet=True)  # fmt: skip
        assert history.train[-1] < 0.5 * history.train[0]
        loss = rnn.cross_entropy(model(xs), np.arange(8) % 2)
        assert len(tg.fold(loss).nodes) < len(tg.graph(loss).nodes) / 2
    cell.learn_initial_state(np.float64)
    assert [name for name in cell.parameters() if name != "W"] == ["h0_1", "h0_2"]


def test_what_a_model_runs_has_one_name_in_all_models():
    models = [rnn.ManyToMany(cell(), 2), rnn.ManyToOne(cell(), 2), rnn.Forecaster(3, 4)]
    for model in models:
        assert model.cell is model.layer
        assert len(model.parameters()) == 5
        assert isinstance(model.cell, rnn.ElmanCell)
