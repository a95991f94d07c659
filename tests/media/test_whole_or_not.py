"""A file in a folder is whole or not there: with several writers, a writer that is killed, a disk that is full."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.files import File

from apps.media import models
from apps.media.contract import StorageAway
from apps.media.folder import LEFT_BEHIND_SECONDS, PARTIAL
from apps.media.storage import kept, originals
from tests.media.drawn import picture
from tests.people import sign_in
from tests.servers import ROOT

# A process of its own on the same folder, as another machine that mounts it is: it shares nothing but the files.
OTHER = """
import sys, time, itertools
import django
from django.conf import settings
settings.configure()
django.setup()
from django.core.files import File
from apps.media.folder import Folder

folder = Folder(kind="originals", largest=10**9, location=sys.argv[1])

class Slow(File):
    def __init__(self, byte): self.byte, self.name = byte, "x"
    def chunks(self, chunk_size=None):
        for _ in range(16):
            yield self.byte * 65536
            if sys.argv[3] == "slowly":
                print("writing", flush=True)
                time.sleep(0.2)

for _ in range(int(sys.argv[4])):
    folder.save("ab/one", Slow(sys.argv[2].encode()))
print("done", flush=True)
"""
SIZE = 16 * 65536


@pytest.fixture
def writer(folders, tmp_path_factory):
    """Start a process that saves a megabyte of one letter as ab/one, so many times."""
    started = []

    def start(letter, speed="fast", times=1):
        command = [sys.executable, "-c", OTHER, str(folders / "originals"), letter, speed, str(times)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_two_write_the_same_name_and_a_third_never_reads_half_a_file(writer):
    """And no mixture: each time all of it is one writer's."""
    writers = [writer("a", times=100), writer("b", times=100)]
    seen, reads = set(), 0
    until = time.monotonic() + 120
    while any(process.poll() is None for process in writers) and time.monotonic() < until:
        try:
            with originals().open("ab/one") as file:
                content = file.read()
        except FileNotFoundError:
            assert not seen, "what was there once is there"
            continue
        assert len(content) == SIZE
        assert content in (b"a" * SIZE, b"b" * SIZE)
        seen.add(content[:1])
        reads += 1
    assert [process.wait() for process in writers] == [0, 0]
    assert reads > 20
    assert seen == {b"a", b"b"}


@pytest.mark.slow
def test_a_writer_killed_in_the_middle_leaves_nothing_one_sees_and_its_leftover_is_swept(writer, folders):
    originals().save("ab/one", File(io.BytesIO(b"before")))
    process = writer("x", "slowly")
    for _chunk in range(3):
        assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    with originals().open("ab/one") as file:
        assert file.read() == b"before"
    [left] = (folders / "originals" / PARTIAL).iterdir()
    assert 0 < left.stat().st_size < SIZE

    storage = originals()
    storage._next_sweep = 0.0
    storage.save("ab/two", File(io.BytesIO(b"x")))
    assert left.exists(), "somebody may still be writing it"
    old = left.rename(left.with_name(f"{int(time.time()) - LEFT_BEHIND_SECONDS - 1}-{'0' * 32}"))
    storage.save("ab/three", File(io.BytesIO(b"x")))
    assert old.exists(), "a folder is not listed for each file that is saved"
    storage._next_sweep = 0.0
    storage.save("ab/four", File(io.BytesIO(b"x")))
    assert not old.exists()


@pytest.fixture
def small_disk():
    """No file of this process can grow past 20 kB, which is answered as a full disk is: with an OSError."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_loses_nothing_that_was_there(files, small_disk):
    originals().save("ab/one", File(io.BytesIO(b"before")))
    with pytest.raises(StorageAway, match="File too large"):
        originals().save("ab/one", File(io.BytesIO(bytes(1_000_000))))
    with originals().open("ab/one") as file:
        assert file.read() == b"before"
    assert files() == ["originals/ab/one"]


@pytest.fixture
def full(tmp_path):
    """A disk of 64 kB, where this user may mount one."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk of its own")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_without_room_for_one_more(full):
    from apps.media.folder import Folder

    folder = Folder(kind="originals", largest=10**6, location=full)
    folder.save("small", File(io.BytesIO(b"before")))
    with pytest.raises(StorageAway, match="No space left"):
        folder.save("large", File(io.BytesIO(bytes(1_000_000))))
    assert not folder.exists("large")
    assert not list((full / PARTIAL).iterdir())
    folder.save("another", File(io.BytesIO(bytes(30_000))))


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("path", ["/pictures/upload", "/api/v1/media/assets"])
def test_an_upload_to_a_full_disk_is_told_to_try_again(client, alice, path, monkeypatch):
    """Full where pictures are kept, and full where they lie while they come."""
    signed_in = sign_in(client, alice)
    for full in (
        "apps.media.folder._write",
        "django.core.files.uploadhandler.TemporaryFileUploadHandler.receive_data_chunk",
    ):
        with monkeypatch.context() as patched:
            patched.setattr(full, no_space)
            answer = signed_in.post(path, {"file": File(io.BytesIO(picture()), name="lake.png")})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "Send this one again in a minute." in answer.content.decode().replace("&#x27;", "'")
        assert models.Asset.objects.count() == models.Job.objects.count() == 0
    assert signed_in.post(path, {"file": File(io.BytesIO(picture()), name="lake.png")}).status_code in (
        201,
        302,
    )


def no_space(*_arguments, **_more):
    raise StorageAway("Files can't be read or written: No space left on device.")


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o027, 0o640), (0o077, 0o600)])
def test_the_umask_says_who_may_read_it(umask, mode, folders):
    before = os.umask(umask)
    try:
        originals().save("ab/one", File(io.BytesIO(b"x")))
    finally:
        os.umask(before)
    found = folders / "originals" / "ab" / "one"
    assert stat.S_IMODE(found.stat().st_mode) == mode
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o777 & ~umask


def test_no_lock_and_no_time_is_needed(monkeypatch, folders):
    """A mount may have neither locks that work nor a clock like ours."""
    import fcntl

    monkeypatch.setattr(fcntl, "flock", pytest.fail)
    monkeypatch.setattr(fcntl, "lockf", pytest.fail)
    originals().save("ab/one", File(io.BytesIO(b"first")))
    os.utime(folders / "originals" / "ab" / "one", (0, 2**33))
    originals().save("ab/one", File(io.BytesIO(b"second")))
    with originals().open("ab/one") as file:
        assert file.read() == b"second"


def test_what_is_kept_was_flushed_before_it_got_its_name(monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: steps.append("flush") or fsync(fd))
    monkeypatch.setattr(Path, "replace", lambda *a: steps.append("name") or replace(*a))
    originals().save("ab/one", File(io.BytesIO(b"x")))
    assert steps == ["flush", "name", "flush"]


@pytest.mark.parametrize("kind", ["originals", "renditions", "incoming"])
@pytest.mark.usefixtures("storage")
def test_every_storage_keeps_what_it_was_given(kind):
    data = os.urandom(300_000)
    kept(kind).save("a/b", File(io.BytesIO(data)))
    size, _modified = kept(kind).stat("a/b")
    assert size == len(data)
    assert (
        hashlib.sha256(b"".join(kept(kind).part("a/b", range(size)))).digest()
        == hashlib.sha256(data).digest()
    )
    assert b"".join(kept(kind).part("a/b", range(10, 20))) == data[10:20]
    kept(kind).delete("a/b")
    kept(kind).delete("a/b")
    assert not kept(kind).exists("a/b")
    for gone in (lambda: kept(kind).stat("a/b"), lambda: kept(kind).open("a/b")):
        with pytest.raises(FileNotFoundError):
            gone()
