"""Modules: names, state dicts, files."""

import os

import numpy as np
import pytest

import rnn
import tinygraph as tg


def deep(seed=0):
    rng = np.random.default_rng(seed)
    cells = rnn.Stacked(rnn.LSTMCell(3, 4, peepholes=True, rng=rng), rnn.GRUCell(4, 4, rng=rng))
    return rnn.ManyToOne(cells, 2, rng=rng)


def test_parameters_have_dotted_names_and_carry_their_attributes():
    model = deep()
    names = list(model.parameters())
    assert names[:2] == ["cell.cells.0.U", "cell.cells.0.W"]
    assert names[-2:] == ["readout.V", "readout.c"]
    layers = {name: parameter.name for name, parameter in model.parameters().items()}
    assert layers["cell.cells.0.U"] == "U_1"
    assert all(drawn.partition("_")[0] == name.split(".")[-1].partition("_")[0] for name, drawn in layers.items())


def test_a_shared_parameter_counts_once():
    model = rnn.ManyToMany(rnn.ElmanCell(3, 3, rng=0), 3, rng=0)
    before = model.num_parameters()
    model.readout.V = model.layer.W
    assert model.num_parameters() == before - 9
    assert "readout.V" not in model.parameters()


def test_parameters_in_a_list_or_a_dict_are_found_named_saved_and_loaded():
    class Deep(rnn.Module):
        def __init__(self, seed):
            rng = np.random.default_rng(seed)
            self.Ws = [tg.parameter(rng.normal(size=(2, 2))) for _ in range(2)]
            self.others = {"c": tg.parameter(rng.normal(size=2)), "cells": (rnn.ElmanCell(2, 2, rng=rng),)}
            self.seen = []

    one, other = Deep(0), Deep(1)
    assert list(one.parameters())[:3] == ["Ws.0", "Ws.1", "others.c"]
    assert [p.name for p in one.parameters().values()][:3] == ["Ws_0", "Ws_1", "others_c"]
    one.seen.append(one.Ws[0] * 2)  # what is computed is no parameter
    assert len(one.parameters()) == 6
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(other.Ws[1].data, one.Ws[1].data)
    optimizer = rnn.SGD(other, lr=1.0)
    other.Ws[1].sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(other.Ws[1].data, one.Ws[1].data - 1)


def test_a_name_given_by_the_user_is_kept():
    model = rnn.ElmanCell(2, 2, rng=0)
    model.W = tg.parameter(np.eye(2), name="recurrent")
    assert model.W.name == "recurrent"


def test_state_dicts_are_copies():
    model = deep()
    model.state_dict()["readout.weight"][:] = 7
    assert not np.any(model.readout.V.data == 7)


def test_state_dict_round_trip():
    one, other = deep(0), deep(1)
    other.load_state_dict(one.state_dict())
    for name, parameter in one.parameters().items():
        assert np.array_equal(other.parameters()[name].data, parameter.data), name


def broken(state):
    return {
        "missing": {k: v for k, v in state.items() if k != "readout.bias"},
        "unknown": state | {"extra": np.zeros(2)},
        "shape": state | {"readout.bias": np.zeros(3)},
        "integers": state | {"readout.bias": np.zeros(2, int)},
    }


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("missing", KeyError, r"missing \['readout.bias'\], unknown \[\]"),
        ("unknown", KeyError, r"missing \[\], unknown \['extra'\]"),
        ("shape", ValueError, r"readout.bias should have shape \(2,\), not \(3,\)"),
        ("integers", TypeError, "readout.bias should hold floating-point numbers, not int64"),
    ],
)
def test_a_bad_state_dict_is_refused_and_changes_nothing(kind, error, message):
    model = deep(0)
    before = {name: p.data for name, p in model.parameters().items()}
    with pytest.raises(error, match=message):
        model.load_state_dict(broken(deep(1).state_dict())[kind])
    for name, parameter in model.parameters().items():
        assert np.array_equal(parameter.data, before[name])


def test_files_round_trip_bitwise(tmp_path):
    one, other = deep(0), deep(1)
    one.save(tmp_path / "weights.safetensors")
    other.load(tmp_path / "weights.safetensors")
    for name, parameter in one.parameters().items():
        assert np.array_equal(other.parameters()[name].data, parameter.data), name
    assert [p.name for p in tmp_path.iterdir()] == ["weights.safetensors"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", None])
def test_a_truncated_or_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    model = deep()
    model.save(path)
    path.write_bytes(path.read_bytes()[:-8] if content is None else content)
    before = model.readout.V.data
    with pytest.raises(rnn.FileError, match="not a whole safetensors file"):
        model.load(path)
    assert np.array_equal(model.readout.V.data, before)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        deep().load(tmp_path / "nothing.safetensors")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    deep(0).save(path)
    before = path.read_bytes()

    def fails(*args):
        raise OSError(28, "No space left on device", "somewhere else")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(OSError, match=r"No space left on device: '.*weights'"):
        deep(1).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.weights'$"):
        deep().save(tmp_path / "nowhere" / "weights")


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_files_have_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        deep().save(tmp_path / "weights")
    finally:
        os.umask(before)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == 0o640


def test_a_cell_without_equations_says_so():
    with pytest.raises(NotImplementedError, match="Cell has no equations"):
        rnn.Cell()(None, None)
