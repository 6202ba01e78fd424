"""Files with flipped bits, cut short, or spliced: refused by one kind of error, before anything has changed."""

import json
import zipfile

import numpy as np
import pytest
import safetensors.numpy

import rnn
import tinygraph as tg
from rnn.checkpoint import Run
from rnn.optim import SGD, Adam
from tests.attacks.campaign import LONG, report, rounds

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
BATCHES = [rnn.Batch(RNG.normal(size=(3, 2, 2)), RNG.normal(size=(3, 2, 1))) for _ in range(2)]


def run(seed, kind=Adam, epochs=0, bits="PCG64"):
    model = rnn.Forecaster(2, 3, rng=seed)
    result = Run(model, kind(model), np.random.Generator(getattr(np.random, bits)(seed)))
    result.history.train = [1.0] * epochs
    return result


def state(of):
    """Return all of a run as one text."""
    history = of.history.train, of.history.validation
    parts = of.values(), of.optimizer.state(), of.rng.bit_generator.state, history, of.best
    return json.dumps(
        parts, sort_keys=True, default=lambda array: [str(array.dtype), array.shape, array.tobytes().hex()]
    )


def refusal(path, load, kind=rnn.FileError):
    """Return the message with which a file is refused; empty where it is taken."""
    try:
        load(path)
    except kind as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.safetensors"
    model = rnn.Forecaster(2, 3, rng=0)
    rnn.fit(model, BATCHES, epochs=3, validation=BATCHES[0], checkpoint=path, quiet=True)
    return path.read_bytes()


def without_checksum(content):
    """Return a checkpoint as versions wrote it that knew no checksum."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = {"format": "tinygraph checkpoint 1", "run": header["__metadata__"]["run"]}
    return safetensors.numpy.save(safetensors.numpy.load(content), about)


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def damaged(content, rng):
    """Return content cut, spliced, with bytes changed, or something else."""
    start, end = sorted(int(place) for place in rng.integers(len(content), size=2))
    match rng.integers(5):
        case 0:
            return content[:start]
        case 1:
            return content[:start] + content[end:]
        case 2:
            return content[:start] + rng.bytes(end - start) + content[end:]
        case 3:
            return content + content[start:end]
    return rng.bytes(end - start)


def loads(path, content, into):
    """Load a checkpoint: whether it was taken over. What is refused has changed nothing."""
    path.write_bytes(content)
    before = state(into)
    message = refusal(path, into.load)
    assert message.isprintable()
    assert not message or (str(path) in message and state(into) == before)
    return not message


def test_the_whole_file_is_taken_over_and_so_is_that_of_an_older_version(checkpoint, tmp_path):
    new, old = run(1), run(2)
    assert loads(tmp_path / "new", checkpoint, new)
    assert loads(tmp_path / "old", without_checksum(checkpoint), old)
    assert state(new) == state(old) != state(run(1))


def test_no_flipped_bit_is_taken_over(checkpoint, tmp_path):
    bits = range(8 * len(checkpoint)) if LONG else np.random.default_rng(1).integers(8 * len(checkpoint), size=700)
    into = run(1)
    taken = [bit for bit in map(int, bits) if loads(tmp_path / "x", flipped(checkpoint, bit), into)]
    report("flipped bits of a checkpoint", tried=len(bits), taken_over=len(taken))
    assert not taken


def test_no_damaged_checkpoint_is_taken_over(checkpoint, tmp_path):
    rng, into, count, taken = np.random.default_rng(2), run(1), rounds(300, 20_000), 0
    for _ in range(count):
        content = damaged(checkpoint, rng)
        taken += content != checkpoint and loads(tmp_path / "x", content, into)
    report("damaged checkpoints", tried=count, taken_over=taken)
    assert not taken


def test_without_a_checksum_a_run_is_changed_wholly_or_not_at_all(checkpoint, tmp_path):
    content, rng, count, refused = without_checksum(checkpoint), np.random.default_rng(3), rounds(400, 20_000), 0
    for _ in range(count):
        bad = flipped(content, int(rng.integers(8 * len(content)))) if rng.random() < 0.7 else damaged(content, rng)
        refused += not loads(tmp_path / "x", bad, run(1))
    report("checkpoints without a checksum", tried=count, refused=refused)
    assert refused > count / 10


HOSTILE = [None, True, -1, 2**70, 1.5, "x", [], [None], ["1"], {}, {"bit_generator": "PCG64"}, [[1.0]], float("nan")]


@pytest.mark.parametrize("bits", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_whatever_an_old_checkpoint_says_of_its_run_is_checked_first(checkpoint, tmp_path, bits):
    arrays = safetensors.numpy.load(checkpoint)
    header = json.loads(checkpoint[8 : 8 + int.from_bytes(checkpoint[:8], "little")])
    about = json.loads(header["__metadata__"]["run"])
    good = {
        **about,
        "rng": json.loads(json.dumps(run(5, bits=bits).rng.bit_generator.state, default=np.ndarray.tolist)),
    }
    places = [(good, key) for key in good] + [(good["rng"], key) for key in good["rng"]]
    places += [(good["rng"]["state"], key) for key in good["rng"]["state"]]
    for place, key in places:
        right = place[key]
        for wrong in HOSTILE:
            place[key] = wrong
            metadata = {"format": "tinygraph checkpoint 1", "run": json.dumps(good)}
            loads(tmp_path / "x", safetensors.numpy.save(arrays, metadata), run(1, bits=bits))
        place[key] = right
    metadata = {"format": "tinygraph checkpoint 1", "run": json.dumps(good)}
    assert loads(tmp_path / "x", safetensors.numpy.save(arrays, metadata), run(1, bits=bits))


def test_arrays_of_no_part_or_of_another_kind_are_refused(checkpoint, tmp_path):
    arrays = safetensors.numpy.load(checkpoint)
    name = next(name for name in arrays if name.startswith("optimizer."))
    for key, array in [("other", np.zeros(1)), (name, arrays[name].astype(int)), (name, np.zeros(7))]:
        rnn.safetensors.write_safetensors(tmp_path / "x", {**arrays, key: array}, dict(about(checkpoint)))
        before = state(into := run(1))
        with pytest.raises(rnn.FileError):
            into.load(tmp_path / "x")
        assert state(into) == before
    before = state(into := run(1, SGD))
    (tmp_path / "x").write_bytes(checkpoint)
    assert "written with Adam, not SGD" in refusal(tmp_path / "x", into.load)
    assert state(into) == before


def about(content):
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return ((key, text) for key, text in metadata.items() if key != "tinygraph.checksum")


def test_no_flipped_bit_of_a_weights_file_gives_other_weights(tmp_path):
    path = tmp_path / "weights"
    model = rnn.Forecaster(2, 3, rng=0)
    model.save(path)
    content, expected = path.read_bytes(), model.state_dict()
    count = rounds(300, 8 * len(content))
    bits = range(count) if LONG else np.random.default_rng(4).integers(8 * len(content), size=count)
    refused = 0
    for bit in map(int, bits):
        path.write_bytes(flipped(content, bit))
        other = rnn.Forecaster(2, 3, rng=1)
        if refusal(path, other.load):
            refused += 1
        else:  # the bit is one of the checksum's own name
            assert all(np.array_equal(array, expected[name]) for name, array in other.state_dict().items())
    report("flipped bits of weights", tried=count, refused=refused)
    assert refused > 0.9 * count


def test_damaged_traces_open_or_are_refused(tmp_path):
    W, h = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W"), tg.tensor([1.0, -0.5], name="h")
    for _ in range(3):
        h = np.tanh(W @ h)
    path = tmp_path / "x.trace"
    tg.trace(np.sum(h)).save(path)
    content, rng, count, refused = path.read_bytes(), np.random.default_rng(5), rounds(300, 20_000), 0
    with zipfile.ZipFile(path) as archive:
        header, block = archive.read("trace.json"), archive.read("arrays.bin")
    for number in range(count):
        if number % 2:
            path.write_bytes(
                damaged(content, rng) if rng.random() < 0.5 else flipped(content, int(rng.integers(8 * len(content))))
            )
        else:  # inside the archive, past its own checksum
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("trace.json", flipped(header, int(rng.integers(8 * len(header)))))
                archive.writestr("arrays.bin", block if rng.random() < 0.5 else damaged(block, rng))
        message = refusal(path, tg.load_trace, tg.TraceFileError)
        assert message.isprintable()
        refused += bool(message)
    report("damaged traces", tried=count, refused=refused)
    assert refused > count / 4
