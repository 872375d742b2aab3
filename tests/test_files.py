import os
import time

import pytest

from gan_edu import files


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a" / "file"
    files.write_atomically(path, b"old")
    monkeypatch.setattr(files.os, "fsync", lambda handle: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and len(list(path.parent.iterdir())) == 1


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    path = tmp_path / "run[1].safetensors"
    names = [".run[1].safetensors.abc.tmp", ".run[1].safetensors.new.tmp", ".run1.safetensors.abc.tmp", "mine.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
        if "new" not in name:
            os.utime(tmp_path / name, (time.time() - 2 * files.STALE,) * 2)
    files.write_atomically(path, b"whole")
    assert {file.name for file in tmp_path.iterdir()} == {path.name, *names[1:]}


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither links for all nor such permissions")
def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    files.write_atomically(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new" and target.stat().st_mode & 0o777 == 0o640


def test_a_place_that_can_not_be_written_is_told_before(tmp_path):
    files.check_writable(tmp_path / "new" / "file")
    assert not list((tmp_path / "new").iterdir())
    with pytest.raises(OSError, match="is a folder"):
        files.check_writable(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Nothing can be written at .*file.x: "):
        files.check_writable(tmp_path / "file" / "x")
    with pytest.raises(OSError, match="Nothing can be written"):
        files.check_writable(tmp_path / ("x" * 300))


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device. Choose another place, or make room"):
        files.check_writable(tmp_path / "file")
    assert not list(tmp_path.iterdir())
