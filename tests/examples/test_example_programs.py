"""Every example program runs to its end in seconds, and says in one line what is wrong with how it was called."""

import lzma
import re

import numpy as np
import pytest

import rnn
from examples import bible, captions, common, surnames
from tests.tools.processes import ROOT, run_python

PROGRAMS = [path for path in sorted((ROOT / "examples").glob("*.py")) if "common.options(" in path.read_text("utf-8")]
PROGRAMS.remove(ROOT / "examples" / "common.py")


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.stem)
def program(request):
    return request.param


@pytest.mark.slow
def test_quick_runs_are_seconds_and_print_the_result_beside_a_baseline(program, tmp_path):
    ran = run_python("-W", "error", program, "--quick", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert len(re.findall(r"│ .+ │ +-?\d+\.\d+ │", ran.stdout)) >= 2
    assert not list(tmp_path.iterdir())  # results of a quick run mean nothing: no picture


@pytest.mark.slow
def test_pictures_are_written_where_they_are_wanted(program, tmp_path):
    pytest.importorskip("matplotlib")
    ran = run_python(program, "--quick", "--output", tmp_path / "new")
    assert ran.returncode == 0, ran.stderr
    pictures = sorted(path.suffix for path in (tmp_path / "new").iterdir())
    assert ".png" in pictures
    assert ".svg" in pictures
    assert ran.stdout.count("wrote") == len(pictures)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--quik"], "unrecognized arguments: --quik; the options are --help, --quick, --seeds, --output"),
        (["--seeds", "none"], "a whole number from 1 is needed, not 'none'"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(program, options, told):
    ran = run_python(program, *options)
    assert ran.returncode == 1
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_what_is_not_installed_is_told_in_one_line(program):
    start = f"import sys, runpy; sys.modules['matplotlib'] = None; sys.argv = [{str(program)!r}]; "
    ran = run_python("-c", start + f"runpy.run_path({str(program)!r}, run_name='__main__')")
    assert ran.returncode == 1
    assert ran.stderr == f"{program.name}: matplotlib not installed: pip install 'tinygraph-rnn[examples]'\n"


def test_a_folder_that_cannot_be_made_is_told_in_one_line(program, tmp_path):
    (tmp_path / "file").write_text("")
    blocked = "import importlib.util as u, runpy, sys; found = u.find_spec; "
    blocked += "u.find_spec = lambda name, *rest: name == 'matplotlib' or found(name, *rest); "  # as if it were there
    blocked += f"sys.argv = [{str(program)!r}, '--quick', '--output', {str(tmp_path / 'file' / 'new')!r}]; "
    ran = run_python("-c", blocked + f"runpy.run_path({str(program)!r}, run_name='__main__')")
    assert ran.returncode == 1
    assert "cannot write into" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_data_that_are_not_there_are_told_in_one_line():
    assert common.data_file("numpy", "version.py").is_file()
    with pytest.raises(SystemExit, match=r"numpy has no data/none\.csv; another version of it may"):
        common.data_file("numpy", "data/none.csv")
    with pytest.raises(SystemExit, match=r"no_such_package not installed: pip install 'tinygraph-rnn\[examples\]'"):
        common.data_file("no_such_package", "data.csv")


def test_data_that_cannot_be_read_are_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "__file__", str(tmp_path / "common.py"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "broken.npz").write_bytes(b"PK no archive")
    for name, reason in (("none.npz", "No such file"), ("broken.npz", "zip|pickle")):
        told = rf"cannot read .*{name}: .*({reason}).*; take it from the repository again"
        with pytest.raises(SystemExit, match=told), common.reading(name) as path:
            np.load(path)


@pytest.mark.parametrize(("name", "read"), [("surnames.csv", surnames.read), ("letters.hex", captions.load)])
@pytest.mark.parametrize("lines", [0, 1, 500])
def test_data_of_which_a_part_is_missing_are_told_in_one_line(name, read, lines, monkeypatch, tmp_path):
    whole = (ROOT / "examples" / "data" / name).read_text("utf-8").splitlines()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text("\n".join(whole[:lines]))
    monkeypatch.setattr(common, "__file__", str(tmp_path / "common.py"))
    with pytest.raises(
        SystemExit, match=rf"cannot read .*{name}: \d+ of \d+ \w+ are there; take it from the repository"
    ):
        read()


@pytest.mark.parametrize("content", [None, b"no archive", lzma.compress(b"Genesis\tone\tIn the beginning")])
def test_a_text_that_cannot_be_read_is_told_in_one_line(content, monkeypatch, tmp_path):
    monkeypatch.setattr(common, "__file__", str(tmp_path / "common.py"))
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / "data" / "bible.txt.xz").write_bytes(content)
    with pytest.raises(SystemExit, match=r"cannot read .*bible\.txt\.xz: .+; take it from the repository again$"):
        bible.read()


def test_a_chapter_of_the_text_stands_in_one_part_alone():
    parts = [{(chapter.book, chapter.number) for chapter in part} for part in bible.parts()]
    assert [len(part) for part in parts] == [433, 30, 30]
    assert len(set.union(*parts)) == len(bible.CHAPTERS) == 493


def test_streams_go_on_where_the_letter_before_was():
    text = np.arange(11)
    xs, ys = bible.streams(text, 3)
    np.testing.assert_array_equal(xs, [[0, 3, 6], [1, 4, 7], [2, 5, 8]])
    np.testing.assert_array_equal(ys, xs + 1)


def test_programs_do_not_repeat_how_they_are_trained():
    texts = {path.stem: path.read_text("utf-8") for path in PROGRAMS}
    assert not [name for name, text in texts.items() if "rnn.cosine_decay(" in text and "clip_norm=" in text]
    assert sum("common.fit(" in text or "bible.learn(" in text for text in texts.values()) >= 12


@pytest.mark.parametrize(("decay", "optimizer"), [(0, rnn.Adam), (0.3, rnn.AdamW)])
def test_programs_train_as_they_would_by_rnn_fit(decay, optimizer):
    xs, ys = np.random.default_rng(0).normal(size=(2, 6, 4, 3))
    models = [rnn.ManyToMany(rnn.ElmanCell(3, 5, rng=0), 3, rng=1) for _ in range(2)]
    trained = common.fit(models[0], [(xs, ys)], 4, 8, rate=0.1, seed=2, decay=decay, loss=rnn.mse)
    assert trained is models[0]
    weights = {"weight_decay": decay} if decay else {}
    by_hand = optimizer(models[1], rnn.cosine_decay(0.1, 8), **weights)
    rnn.fit(models[1], [(xs, ys)], epochs=4, loss=rnn.mse, optimizer=by_hand, clip_norm=1.0, rng=2, quiet=True)
    for name, value in models[0].state_dict().items():
        np.testing.assert_allclose(value, models[1].state_dict()[name], rtol=1e-9, atol=1e-12)


def test_each_kind_is_trained_from_each_seed(capsys):
    trained = common.each(["LSTM", "GRU"], 3, lambda kind, seed: f"{kind} {seed}")
    assert trained == {"LSTM": ["LSTM 0", "LSTM 1", "LSTM 2"], "GRU": ["GRU 0", "GRU 1", "GRU 2"]}
    assert capsys.readouterr().out == ""  # the bar is for terminals


def test_bars_of_a_group_stand_beside_one_another_around_its_name():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, panel = pyplot.subplots()
    common.bars(panel, {"a": [1, 2], "b": [3, 4], "c": [5, 6]}, ["left", "right"], "%.1f")
    places = np.array([bar.get_x() + bar.get_width() / 2 for bar in panel.patches]).reshape(3, 2)
    np.testing.assert_allclose(places, np.arange(2) + np.array([[-0.27], [0], [0.27]]))
    assert [bar.get_height() for bar in panel.patches] == [1, 2, 3, 4, 5, 6]
    assert [text.get_text() for text in panel.texts] == ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["left", "right"]
    pyplot.close(figure)


def test_the_readme_has_an_entry_for_every_program_with_the_time_of_its_full_run():
    readme, results = ((ROOT / "examples" / name).read_text("utf-8") for name in ("README.md", "RESULTS.md"))
    entries = dict(re.findall(r"^`python examples/(\w+)\.py` · ([^·\n]+) · \[the program\]\(\1\.py\)$", readme, re.M))
    times = re.findall(r"^\| `python examples/(\w+)\.py` \| [\d-]+ \| \d+ \| ([^|]+) \|", results, re.M)
    assert entries == dict(times)
    assert sorted(entries) == [path.stem for path in PROGRAMS]


def test_the_readme_shows_or_links_every_picture():
    readme = (ROOT / "examples" / "README.md").read_text("utf-8")
    pictures = {f"pictures/{path.name}" for path in (ROOT / "examples" / "pictures").iterdir()}
    assert set(re.findall(r"\((pictures/[^)]+)\)", readme)) == pictures


def test_programs_are_as_long_as_the_readme_says():
    least, most = map(
        int, re.findall(r"one file of (\d+) to (\d+) lines", (ROOT / "examples" / "README.md").read_text())[0]
    )
    assert all(least <= len(path.read_text("utf-8").splitlines()) <= most for path in PROGRAMS)
