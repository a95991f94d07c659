"""Fixtures every test may use: real servers, a running site, a browser."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.utils import translation

from monolith.files import storages as storages_of
from tests import servers, weigh
from tests.architecture.watch import every_statement_is_watched  # noqa: F401  a fixture every test uses
from tests.contracts import binding, settle  # noqa: F401  fixtures
from tests.journeys.table import (  # noqa: F401  hooks
    is_seen_elsewhere,
    pytest_addoption,
    pytest_generate_tests,
    pytest_terminal_summary,
)
from tests.people import alice, bob, charlie, dora, nobody_remembered, signing_keys  # noqa: F401

# A machine that does other things too is slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

DATA_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}
SERVER_FIXTURES = {"mariadb", "redis_server", "s3_server", "site"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what touches the databases, so that bin/test can run just that a second time on MariaDB, and what starts a
    server or weighs much, so that the inner loop goes without. What shares something that its module starts stays in
    one process. What compares sites goes to each before anything has changed it, and what takes long goes first, so
    that no process is left with it at the end. What one topology shows for all is left out on the others."""
    seen_elsewhere = [item for item in items if is_seen_elsewhere(item)]
    for item in seen_elsewhere:
        items.remove(item)
    config.hook.pytest_deselected(items=seen_elsewhere)
    heavy = weigh.listed()
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        touches = item.get_closest_marker("django_db") or DATA_FIXTURES & fixtures
        # MariaDB's own pass keeps files in a folder: where they lie and which database tells of it don't meet.
        is_on_s3 = ("storage", "s3") in parameters(item)
        if touches and not is_on_s3 and not item.get_closest_marker("once"):
            item.add_marker("data")
        if shares_with_its_module(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
        if SERVER_FIXTURES & fixtures or is_on_s3:
            item.add_marker("slow")
        if weigh.name_of(item) in heavy:
            item.add_marker("heavy")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("untouched", "slow")])


def shares_with_its_module(item: pytest.Item) -> bool:
    info = getattr(item, "_fixtureinfo", None)
    return bool(info) and any(each[-1].scope == "module" for each in info.name2fixturedefs.values() if each)


def parameters(item: pytest.Item) -> set[tuple[str, str]]:
    spec = getattr(item, "callspec", None)
    return {(name, value) for name, value in spec.params.items() if isinstance(value, str)} if spec else set()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name goes from process to process with everything said of it: the megabyte that it sends is no name."""
    return argname if isinstance(val, str | bytes) and len(val) > 200 else None


def pytest_collection_finish() -> None:
    """What there is by now stays to the end: looking through it for what may go took a thirtieth of the whole time."""
    gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Each process reads all tests first, which takes it seconds: a pass of one mark reads the files that have it, and
    the inner loop not the whole API's document."""
    asked = config.option.markexpr
    if asked in ("browser", "container") and collection_path.match("test_*.py"):
        return True if f"pytest.mark.{asked}" not in collection_path.read_text() else None
    return True if "not slow" in asked and collection_path.name == "test_conformance.py" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if settings.configured:
        shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def language_of_the_site() -> Iterator[None]:
    """A page asked for in Spanish leaves its thread Spanish; the next test begins as a new visitor does."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_even_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms of accounts answer as soon as they can; tests/auth/test_enumeration.py tests that they don't."""
    monkeypatch.setattr("apps.auth.evenly.STEP", 1e-6)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.MariaDB]:
    """A MariaDB of this test session's own, without databases."""
    with servers.mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    """A Redis of this test session's own."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[servers.S3]:
    """An S3 server of this test session's own, without buckets of yours."""
    with servers.s3() as server:
        yield server


@pytest.fixture
def keep_files_at(settings: Any, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Call it with a STORAGE_URL, or "" for a folder of this test's own: files are kept there from then on."""

    def keep(url: str) -> None:
        storages._storages.clear()  # type: ignore[attr-defined]
        largest = settings.MEDIA_MAX_UPLOAD_MB * 10**6
        settings.STORAGES = settings.STORAGES | storages_of(url, tmp_path, largest=largest)

    yield keep
    storages._storages.clear()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def site() -> Iterator[servers.Site]:
    """The running site on SQLite, empty: gunicorn, worker and relay. Shared by a session; make your own items."""
    with servers.site() as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Debian's Chromium, which downloads nothing and phones nowhere."""
    flags = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
    arguments = [f"--{flag}" for flag in [*flags.split(), "disable-sync"]]
    return browser_type_launch_args | {"executable_path": servers.chromium_path(), "args": arguments}


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return servers.ROOT
