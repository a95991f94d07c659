"""Somebody takes their pictures along: from the page of their data, which another service may show, as one file."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import StorageState

from tests.journeys.conftest import MEMBER, Window
from tests.journeys.test_making import picture, upload

pytestmark = pytest.mark.browser


def test_what_was_uploaded_is_in_the_file_one_takes_along(
    window: Window, signed_in: Callable[[str], StorageState]
) -> None:
    visitor = window(signed_in=signed_in(MEMBER))
    files = [picture(f"taken-{uuid4().hex[:8]}") for _ in range(2)]
    for file in files:
        upload(visitor, file, javascript=True)
    visitor.go("/accounts/data/")
    with visitor.page.expect_download() as download:
        visitor.main().get_by_role("link", name="Download your pictures").click()
    assert download.value.suggested_filename == "pictures.zip"
    with ZipFile(download.value.path()) as zipped:
        assert zipped.testzip() is None
        assert {file["name"]: zipped.read(file["name"]) for file in files} == {
            file["name"]: file["buffer"] for file in files
        }
