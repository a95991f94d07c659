"""Addresses of static files: hashed, and worked out once."""

from __future__ import annotations

import pytest
from django.test import override_settings

from monolith.web.static_files import StaticFiles


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.css").write_text("a {}")
    storage = StaticFiles(location=tmp_path, base_url="/static/")
    storage.hashed_files = {"a.css": "a.0123456789ab.css"}
    return storage


def test_an_address_is_worked_out_once(files):
    assert files.url("a.css") == "/static/a.0123456789ab.css"
    files.hashed_files = {}
    assert files.url("a.css") == "/static/a.0123456789ab.css"


def test_a_file_that_is_missing_is_not_remembered_as_there(files):
    with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
        files.url("b.css")


@pytest.mark.slow
@override_settings(DEBUG=True)
def test_while_one_works_on_it_addresses_are_plain(files):
    assert files.url("a.css") == "/static/a.css"
