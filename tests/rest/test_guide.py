"""docs/api.md: its commands, one after another, as somebody would paste them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from apps.auth import tokens
from apps.catalog.models import Item
from tests.servers import ROOT


@pytest.mark.slow
@pytest.mark.django_db(databases="__all__", transaction=True)
def test_the_guide_does_what_it_says(live_server: Any, alice: Any, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(), re.M | re.S)
    assert len(blocks) == 4
    token = tokens.make_token(
        person_id=alice.id, name="guide", scopes=["catalog:read", "catalog:write"], days=1
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env=os.environ | {"SITE": live_server.url, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    code, total, xml = done.stdout.split("\n", 2)
    assert (code, total) == ("catalog.precondition_failed", "1")
    assert "Red boat" in xml
    assert Item.objects.get().title == "Red boat"
