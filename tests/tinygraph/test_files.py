"""Files are replaced whole, and stay what they were in all but their content."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from tinygraph.files import replacing


def write(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert names(tmp_path) == ["link", "real"]


def test_a_link_to_nothing_yet_makes_what_it_leads_to(tmp_path):
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="circle"):
        write(tmp_path / "circle")
    assert (tmp_path / "circle").is_symlink()


def test_what_only_its_owner_may_read_is_never_open_to_others(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with replacing(path) as file:
        assert [stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()] == [0o600, 0o600]
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_file_has_the_permissions_that_open_gives_and_umask_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask is the whole process's"))
    write(tmp_path / "ours")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


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


def test_a_pipe_by_the_name_of_its_descriptor_is_written_to():
    reader, writer = os.pipe()
    try:
        write(f"/dev/fd/{writer}")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/zero"])
def test_devices_are_refused(device):
    before = os.stat(device)
    with pytest.raises(OSError, match=f"this is a device, not a file: '{device}'"):
        write(device)
    assert os.stat(device).st_rdev == before.st_rdev


def test_a_file_that_is_read_only_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda name, mode: False)  # as root may write all
    with pytest.raises(PermissionError, match="kept"):
        write(path)
    assert path.read_bytes() == b"old"


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(b"old")
    with pytest.raises(AttributeError), replacing(path) as file:
        file.write(b"half") and file.no_such_method()
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        raise KeyboardInterrupt
    for wrong in (tmp_path / "none" / "numbers", tmp_path):
        with pytest.raises(OSError, match=str(wrong)):
            write(wrong)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("numbers", b"old")]


@pytest.mark.parametrize("function", ["fsync", "replace", "chmod"])
def test_an_error_at_any_moment_names_the_user_s_file_alone(tmp_path, monkeypatch, function):
    path = tmp_path / "numbers"
    path.write_bytes(b"old")

    def fails(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", *(str(a) for a in arguments[:1] if function != "fsync"))

    monkeypatch.setattr(os, function, fails)
    with pytest.raises(OSError, match="No space left") as refused:
        write(path)
    assert refused.value.filename == str(path)
    assert "tinygraph." not in str(refused.value)
    monkeypatch.undo()
    assert names(tmp_path) == ["numbers"] and path.read_bytes() == b"old"


def test_an_error_about_another_file_stays_about_that(tmp_path):
    with pytest.raises(FileNotFoundError) as refused, replacing(tmp_path / "new"):
        (tmp_path / "source").read_bytes()
    assert refused.value.filename == str(tmp_path / "source")
    with pytest.raises(OSError, match="^without a number$"), replacing(tmp_path / "new"):
        raise OSError("without a number")
    assert names(tmp_path) == []


def test_a_long_name_is_no_longer_beside_itself(tmp_path):
    path = tmp_path / ("ä" * 127)  # 254 bytes: the most that there may be is 255
    write(path)
    assert path.read_bytes() == b"new"


def test_threads_that_write_the_same_file_share_no_temporary_one(tmp_path):
    path, contents = tmp_path / "numbers", [bytes([k]) * 100_000 for k in range(8)]
    again_and_again = lambda content: [write(path, content) for _ in range(20)]
    threads = [threading.Thread(target=again_and_again, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["numbers"]


WRITER = """
import sys, time
from tinygraph.files import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half")
    print("writes", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Another process in the middle of a save."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writes\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_what_a_killed_save_leaves_is_gone_after_the_next_one_of_the_same_file(tmp_path, writer):
    writer.kill()
    writer.wait()
    (left,) = names(tmp_path)
    write(tmp_path / "other")
    assert names(tmp_path) == sorted([left, "other"])
    write(tmp_path / "run")
    assert names(tmp_path) == ["other", "run"]


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
def test_a_save_under_way_is_left_alone(tmp_path, writer):
    write(tmp_path / "run")
    assert len(names(tmp_path)) == 2
    assert (tmp_path / "run").read_bytes() == b"new"


def test_one_that_was_taken_for_abandoned_before_it_was_locked_is_begun_anew(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    taken = []

    def flock(file, how):
        if not taken:
            taken.append(names(tmp_path)[0])
            (tmp_path / taken[0]).unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    write(tmp_path / "run")
    assert taken and names(tmp_path) == ["run"]


def test_where_there_are_no_locks_files_are_written_all_the_same(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    write(tmp_path / "run")
    assert names(tmp_path) == ["run"]
