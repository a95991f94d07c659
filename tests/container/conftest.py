"""The image, built once for all tests of this folder, and a volume for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.container import image


@pytest.fixture(scope="session", autouse=True)
def built_image() -> str:
    """The image's name; skips every test here, with the reason, where containers can't be had."""
    try:
        image.ensure_base()
    except image.NoContainers as reason:
        pytest.skip(f"The container was neither built nor run: {reason}")
    image.build()
    return image.IMAGE


@pytest.fixture
def volume() -> Iterator[str]:
    with image.fresh_volume() as name:
        yield name
