"""STORAGE_URL and MEDIA_ROOT: what is understood, and what prepare says of a place where nothing can be kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.management import CommandError

from monolith import files
from monolith.management.commands import prepare
from tests import servers

SECRET = "se/cr?et+#%40"


def read(url: str, kind: str = "originals") -> dict:
    return files.storages(url, Path("/media"), largest=5)[kind]["OPTIONS"]


def test_nothing_set_is_a_folder_for_each_kind() -> None:
    for kind, storage in files.storages("", Path("/media"), largest=5).items():
        assert storage["BACKEND"] == "apps.media.folder.Folder"
        assert storage["OPTIONS"]["location"] == Path("/media", kind)


def test_all_of_a_url_is_understood() -> None:
    quoted = "s3://KEY:se%2Fcr%3Fet+%23%2540@shop-1?endpoint=http://127.0.0.1:8333&region=eu-west-1"
    options = read(quoted)
    assert (options["access_key"], options["secret_key"]) == ("KEY", SECRET)
    assert (options["bucket_name"], options["location"]) == ("shop-1", "originals")
    assert (options["endpoint_url"], options["region_name"]) == ("http://127.0.0.1:8333", "eu-west-1")
    assert options["addressing"] == "path"
    assert options["security_token"] is None
    assert read(quoted, "renditions")["base_url"] == "/media/r/"


def test_without_a_key_the_machine_has_a_role() -> None:
    options = read("s3://shop/pictures/")
    assert "access_key" not in options
    assert (options["location"], options["endpoint_url"], options["addressing"]) == (
        "pictures/originals",
        None,
        "auto",
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://shop", "must begin with s3://"),
        ("/srv/media", "must begin with s3://"),
        ("s3://", "names no bucket"),
        ("s3://KEY:hid@", "names no bucket"),
        ("s3://KEY:hid@My_Bucket", "names no bucket"),
        ("s3://KEY@shop", "go together"),
        ("s3://:hid@shop", "go together"),
        ("s3://KEY:hid/den@shop", "%2F"),
        ("s3://KEY:hid?den@shop", "%3F"),
        ("s3://KEY:hid#den@shop", "%23"),
        ("s3://KEY:hid@shop?endpont=http://x", "no option called endpont"),
        ("s3://KEY:hid@shop?endpoint=127.0.0.1:8333", "endpoint is the address"),
        ("s3://KEY:hid@shop?endpoint=ftp://x", "endpoint is the address"),
        ("s3://KEY:hid@shop?endpoint=http://x:99999", "endpoint is the address"),
        ("s3://KEY:hid@shop?endpoint=http://x/bucket", "endpoint is the address"),
        ("s3://KEY:hid@shop?addressing=any", "addressing is one of"),
        ("s3://KEY:hid@[shop", "can't be used"),
    ],
)
def test_a_wrong_url_is_explained_and_the_secret_not_repeated(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL") as raised:
        read(url)
    assert said in str(raised.value)
    assert "hid" not in str(raised.value)
    assert "den" not in str(raised.value)


@pytest.fixture
def prepared(settings, monkeypatch, tmp_path):
    """What prepare says about a STORAGE_URL; empty when all is well."""
    monkeypatch.setattr(prepare, "PATIENCE", 0)

    def prepared(url: str, folder: Path = tmp_path) -> str:
        storages._storages.clear()  # type: ignore[attr-defined]
        settings.STORAGES = settings.STORAGES | files.storages(url, folder, largest=5)
        try:
            prepare.ensure_files()
        except CommandError as error:
            return str(error)
        return ""

    yield prepared
    storages._storages.clear()  # type: ignore[attr-defined]


def test_a_folder_and_a_bucket_that_are_there_are_well(prepared, s3_server) -> None:
    assert prepared("") == ""
    url = s3_server.make_bucket("all-is-well")
    assert prepared(url) == ""
    assert "Contents" not in s3_server.client.list_objects_v2(Bucket="all-is-well"), "nothing is left behind"


def test_what_is_wrong_with_a_bucket_is_said_with_its_remedy(prepared, s3_server) -> None:
    missing = prepared(s3_server.storage_url("not-there"))
    assert "not-there" in missing
    assert "Make it, or name another one" in missing
    url = s3_server.make_bucket("refusing-all")
    for wrong in (url.replace("OFFSHOOT:", "SOMEBODY:"), url.replace("s3%2Fcret", "another")):
        assert "Check KEY and SECRET" in prepared(wrong)
    nobody = prepared(f"s3://k:s@shop?endpoint=http://127.0.0.1:{servers.free_port()}")
    assert "Nobody answers" in nobody
    assert "correct `endpoint`" in nobody
    for said in (missing, nobody):
        assert s3_server.secret not in said


def test_no_key_and_no_role(prepared, monkeypatch, tmp_path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    said = prepared(f"s3://shop?endpoint=http://127.0.0.1:{servers.free_port()}")
    assert "has no KEY:SECRET" in said


def test_a_role_of_the_machine_is_used(prepared, monkeypatch, s3_server) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    url = s3_server.make_bucket("by-its-role")
    assert prepared(f"s3://by-its-role?{url.partition('?')[2]}") == ""


def test_a_folder_that_is_a_file_is_explained(prepared, tmp_path) -> None:
    (tmp_path / "originals").write_text("in the way")
    said = prepared("")
    assert f"can't be kept in {tmp_path / 'originals'}" in said
    assert "MEDIA_ROOT" in said


@pytest.mark.slow
def test_a_wrong_url_ends_each_command_with_a_sentence(tmp_path) -> None:
    env = os.environ | {
        "STORAGE_URL_FILE": str(tmp_path / "url"),
        "DATA_DIR": str(tmp_path),
        "ENV_FILE": os.devnull,
    }
    (tmp_path / "url").write_text("s3://KEY:hid@\n")
    done = servers.subprocess.run(
        [servers.sys.executable, "manage.py", "check"],
        cwd=servers.ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "it names no bucket" in done.stderr + done.stdout
