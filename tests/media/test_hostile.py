"""Hostile files of every kind by the real upload: each is refused in a sentence, or what is shown of it is inert."""

from __future__ import annotations

import hashlib
import io
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.media import models
from apps.media.reasons import REASONS
from apps.media.storage import renditions
from functions.media_renditions import handler, render
from tests.media import hostile
from tests.people import sign_in

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.slow, pytest.mark.once]

MEGABYTE = 1024**2
# Behind the script itself: what the kernel says was the most memory this process ever had.
MEASURED = """
    with open({log!r}, "a") as log:
        [most] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
        log.write(f"{{sys.argv[1]}} {{most}}\\n")
"""


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """The children say what they needed: call it for (verb, bytes) of each one that came to its end."""
    log, script = tmp_path / "memory", tmp_path / "render.py"
    script.write_text(handler.RENDER.read_text() + MEASURED.format(log=str(log)))
    monkeypatch.setattr(handler, "RENDER", script)
    started = []
    in_child = handler.in_child
    monkeypatch.setattr(handler, "in_child", lambda *a: started.append(a[0]) or in_child(*a))

    def memory():
        lines = [line.split() for line in log.read_text().splitlines()]
        assert len(lines) == len(started), "no child was ended by force"
        return [(verb, int(kilobytes) * 1024) for verb, kilobytes in lines]

    return memory


@pytest.fixture
def send(client, alice):
    """Upload by the form, as many at once as it takes; what was said of each file that was refused."""
    signed_in = sign_in(client, alice)

    def send(files):
        sent = [SimpleUploadedFile(file.name, file.data, "image/png") for file in files]
        answer = signed_in.post("/pictures/upload", {"file": sent})
        assert answer.status_code in (302, 422)
        return {name: str(reason) for name, reason in answer.context["refusals"]} if answer.context else {}

    return send


def test_every_kind_of_hostile_file_is_refused_in_a_sentence_or_made_inert(send, work, memory, client):
    files = hostile.every_kind()
    assert len({file.kind for file in files}) == len(files) >= 250
    assert len({file.data for file in files}) == len(files)
    refused = {}
    for at in range(0, len(files), 10):
        refused |= send(files[at : at + 10])
    work()
    assets = {asset.original.sha256: asset for asset in models.Asset.objects.select_related("original")}
    fates = Counter()
    for file in files:
        fates[fate(file, refused, assets, client)] += 1
    assert fates["refused"] > 100
    assert fates["inert"] > 50
    used = memory()
    assert max(most for verb, most in used if verb == "inspect") < 100 * MEGABYTE
    assert max(most for verb, most in used if verb == "render") < render.MEMORY_BYTES / 4


def fate(file, refused, assets, client):
    """What became of it; fails for anything that is neither of the two good ends."""
    asset = assets.get(hashlib.sha256(file.data).hexdigest())
    if asset is None:
        is_sentence(refused[file.name], file)
        return "refused"
    assert not asset.is_processing, file.kind
    if asset.has_failed:
        assert asset.original.renditions == [], file.kind
        is_sentence(asset.reason, file)
        return "refused"
    for made in asset.original.renditions:
        is_inert(made["name"], file)
    as_page = client.get(renditions().url(asset.original.renditions[-1]["name"]))
    kept = client.get(f"/pictures/{asset.pk}/original")
    for answer, disposition in ((as_page, "inline"), (kept, "attachment")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Content-Disposition"].startswith(disposition)
        assert answer.headers["Content-Type"] in {
            f"image/{k}" for k in ("jpeg", "png", "gif", "webp", "avif")
        }
    return "inert"


def is_sentence(said, file):
    stems = [str(reason).partition("{")[0] for reason in REASONS.values()]
    assert any(said.startswith(stem) for stem in stems), (file.kind, said)
    assert said.endswith(".")
    assert "{" not in said


def is_inert(name, file):
    """A picture of its own making: nothing in it but pixels."""
    with renditions().open(name) as opened:
        data = opened.read()
    for foreign in (hostile.MARK, b"<script", b"<?php", b"PK\x03\x04", b"%PDF", b"SECRET"):
        assert foreign not in data, (file.kind, foreign)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert not image.getexif(), file.kind
        assert not {"icc_profile", "xmp", "comment", "exif"} & set(image.info), file.kind
        assert getattr(image, "n_frames", 1) == 1, file.kind
        assert image.width <= render.STEPS[-1], file.kind
        assert image.height <= render.MAX_HEIGHT, file.kind
