"""manage.py copy_media: from a folder to a bucket and back, halfway, again."""

from __future__ import annotations

import io
import os

import pytest
from django.core.files import File
from django.core.management import CommandError, call_command

from apps.media.storage import originals, renditions

FILES = {
    ("originals", "ab/one"): b"the first",
    ("originals", "cd/two"): b"the second",
    ("renditions", f"{'0' * 64}/320.webp"): b"",
    ("renditions", f"{'0' * 64}/640.webp"): os.urandom(300_000),
}


@pytest.fixture
def shop(tmp_path, keep_files_at):
    """A folder with pictures, and a half-written one."""
    keep_files_at("")
    for (kind, name), content in FILES.items():
        {"originals": originals, "renditions": renditions}[kind]().save(name, File(io.BytesIO(content)))
    (tmp_path / "originals" / ".partial" / "1-2").write_bytes(b"half")
    return tmp_path


def copied(source, capsys):
    call_command("copy_media", str(source))
    return capsys.readouterr().out


def keys(client, bucket):
    return {found["Key"] for found in client.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_from_a_folder_to_a_bucket_and_back(
    shop, keep_files_at, s3_server, capsys, tmp_path_factory, settings
):
    client, url = s3_server.client, s3_server.make_bucket("copied")
    keep_files_at(url)
    assert "4 files copied, 0 were here already." in copied(shop, capsys)
    assert keys(client, "copied") == {"/".join(where) for where in FILES}
    for (kind, name), content in FILES.items():
        assert client.get_object(Bucket="copied", Key=f"{kind}/{name}")["Body"].read() == content
    assert "0 files copied, 4 were here already." in copied(shop, capsys)

    client.put_object(Bucket="copied", Key="originals/ab/one", Body=b"half of")
    client.delete_object(Bucket="copied", Key="originals/cd/two")
    assert "2 files copied, 2 were here already." in copied(shop, capsys)
    assert client.get_object(Bucket="copied", Key="originals/ab/one")["Body"].read() == b"the first"

    for where in FILES:
        (shop / "/".join(where)).unlink()
    keep_files_at("")
    assert "4 files copied" in copied(url, capsys)
    for (kind, name), content in FILES.items():
        assert (shop / kind / name).read_bytes() == content


def test_a_copy_that_is_not_the_same_is_told(shop, keep_files_at, s3_server, monkeypatch, capsys):
    keep_files_at(s3_server.make_bucket())
    from apps.media.bucket import Bucket

    save = Bucket._save
    with monkeypatch.context() as broken:
        broken.setattr(
            Bucket,
            "_save",
            lambda self, name, content: save(self, name, File(io.BytesIO(b"x" * content.size))),
        )
        with pytest.raises(
            CommandError, match=r"The copy of ab/one is not what was copied\. 0 files were copied before"
        ):
            call_command("copy_media", str(shop))
    assert "4 files copied, 0 were here already" in copied(str(shop), capsys), "as long as it was, or not"
    with originals().open("ab/one") as file:
        assert file.read() == FILES["originals", "ab/one"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/no/such/folder", "holds no pictures"),
        (
            "http://bucket",
            r"^The source is read as a STORAGE_URL is\. .*must begin with s3://.*region=name\.$",
        ),
        ("s3://k:s@bucket?endpoint=http://127.0.0.1:1", "0 files were copied before; run this again"),
    ],
)
def test_a_source_that_is_none_is_explained(source, said):
    with pytest.raises(CommandError, match=said):
        call_command("copy_media", source)


def test_copying_to_itself_is_refused(shop):
    with pytest.raises(CommandError, match="kept there already"):
        call_command("copy_media", str(shop))
