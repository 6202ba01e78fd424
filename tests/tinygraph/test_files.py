"""Files are replaced whole, and stay what they were in all but their content."""

import os
import stat

import pytest

from tinygraph.files import replacing


def write(path):
    with replacing(path) as file:
        file.write(b"new")


def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe)
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(b"old")
    with pytest.raises(AttributeError), replacing(path) as file:
        file.write(b"half") and file.no_such_method()
    for wrong in (tmp_path / "none" / "numbers", tmp_path):
        with pytest.raises(OSError, match=str(wrong)):
            write(wrong)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("numbers", b"old")]
