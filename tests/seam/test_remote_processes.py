"""Two services as they run, each with its own database: killed, hanging, draining, and told of what happened."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from apps.media.contract import AssetNotFound, InvalidQuery, Media
from seam.credentials import Credentials
from seam.events import Event, Events
from seam.peer import Peer
from seam.registry import registry
from seam.remote import CallFailed, Unavailable, remote
from seam.request import budget
from tests import remotely
from tests.seam.protoc import ask_as, program_of
from tests.seam.workplace import Workplace, workplace
from tests.servers import ROOT, Server, free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seam-processes")]

SOON = 1.5
HEARD = "SELECT COUNT(*) FROM media_job"


@dataclass
class Apart:
    """auth and media in one service, catalog in another."""

    media: Workplace
    catalog: Workplace
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start_media(self, **env: str) -> Server:
        server = self.media.start("rpc", **env)
        self.media.wait(lambda: f"rpc: auth, media at {self.address}" in server.output(), "rpc listens")
        return server


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    media_port, catalog_port = free_port(), free_port()
    with (
        workplace(
            tmp_path_factory.mktemp("media"),
            None,
            ("auth", "media"),
            CATALOG=f"grpc://127.0.0.1:{catalog_port}",
            RPC_PORT=str(media_port),
            RPC_KEY=remotely.KEY,
        ) as media,
        workplace(
            tmp_path_factory.mktemp("catalog"),
            None,
            ("catalog",),
            AUTH=f"grpc://127.0.0.1:{media_port}",
            MEDIA=f"grpc://127.0.0.1:{media_port}",
            RPC_PORT=str(catalog_port),
            RPC_KEY=remotely.KEY,
        ) as catalog,
    ):
        yield Apart(media, catalog, media_port)


@pytest.fixture
def apart(services: Apart) -> Iterator[Apart]:
    yield services
    services.media.clear()
    services.catalog.clear()


@pytest.fixture
def peer(apart: Apart) -> Iterator[Peer]:
    """The service of media, as another one sees it."""
    with remotely.reached(apart.address, credentials=Credentials("catalog", (remotely.KEY,))) as found:
        yield found


@pytest.fixture
def media(peer: Peer) -> Media:
    return remote(registry.contracts["media"], peer)  # type: ignore[no-any-return]


@pytest.fixture
def events(peer: Peer) -> Events:
    return remote(registry.contracts["seam"], peer)  # type: ignore[no-any-return]


def withdrawn() -> Event:
    return Event(
        id=uuid4(),
        source="catalog",
        type="catalog.item_withdrawn.v1",
        time=datetime.now(UTC),
        data=f'{{"item_id": "{uuid4()}", "slug": "s"}}',
    )


def ask_until(seconds: float, ask: Callable[[], Any]) -> Any:
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Unavailable:
            assert time.monotonic() < until
            time.sleep(0.1)


@contextmanager
def taking(*, less_than: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < less_than


def test_one_asks_the_other_and_is_told_of_its_errors(apart: Apart, media: Media) -> None:
    apart.start_media()
    assert media.list_assets(owner_id=UUID(int=1)).assets == []
    with pytest.raises(AssetNotFound, match="There is no picture"):
        media.get_asset(asset_id=UUID(int=1))
    asked = "from seam import use; from apps.media.contract import Media; from uuid import UUID;"
    asked += "print(use(Media).list_assets(owner_id=UUID(int=1)))"
    assert "AssetPage(assets=[], next=None)" in apart.catalog.manage("shell", "-v0", "-c", asked)


def test_a_program_made_by_protoc_from_the_docs_is_answered(apart: Apart, tmp_path: Path) -> None:
    apart.start_media()
    shutil.copy(ROOT / "docs" / "contracts" / "media.v1.proto", tmp_path)
    env = program_of(tmp_path, "media")
    token = apart.media.manage("rpc", "--token", "media").strip()
    found = ask_as(env, "media", apart.address, token, "ListAssets", {"owner_id": str(UUID(int=1))})
    assert found == {"result": {}}
    error = ask_as(
        env, "media", apart.address, token, "ListAssets", {"owner_id": str(UUID(int=1)), "limit": 0}
    )
    assert (error["status"], error["code"]) == ("FAILED_PRECONDITION", InvalidQuery.code)
    refused = ask_as(env, "media", apart.address, "x", "ListAssets", {"owner_id": str(UUID(int=1))})
    assert refused["status"] == "UNAUTHENTICATED"


def test_a_killed_service_is_known_to_be_away_at_once_and_to_be_back(apart: Apart, media: Media) -> None:
    server = apart.start_media()
    media.list_assets_by_id(ids=[])
    server.kill()
    for _time in range(5):
        with taking(less_than=SOON), pytest.raises(Unavailable):
            media.list_assets_by_id(ids=[])
    apart.start_media()
    assert ask_until(30, lambda: media.list_assets_by_id(ids=[])) == []


def test_a_service_that_hangs_costs_a_request_no_more_than_its_time(apart: Apart, media: Media) -> None:
    server = apart.start_media()
    media.list_assets_by_id(ids=[])
    with server.hung():
        with taking(less_than=1 + SOON), budget(1), pytest.raises(Unavailable, match=r"not answered in 0\.9"):
            media.list_assets_by_id(ids=[])
        known = time.monotonic() + 60
        while time.monotonic() < known:  # until keep-alive has noticed; from then on nobody waits
            try:
                with budget(0.4):
                    media.list_assets_by_id(ids=[])
            except Unavailable as away:
                if "does not answer" in str(away):
                    break
        with taking(less_than=0.2 + SOON), pytest.raises(Unavailable, match="does not answer"):
            media.list_assets_by_id(ids=[])
    assert ask_until(30, lambda: media.list_assets_by_id(ids=[])) == []


def test_told_to_stop_it_answers_what_it_has_in_hand_and_says_that_it_ends(
    apart: Apart, media: Media, events: Events
) -> None:
    server = apart.start_media()
    media.list_assets_by_id(ids=[])
    database = Path(apart.media.env["DATA_DIR"]) / "media.sqlite3"
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as held,
        grpc.insecure_channel(apart.address, [("grpc.enable_http_proxy", 0)]) as channel,
        ThreadPoolExecutor(1) as pool,
    ):
        told = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(told).status == health_pb2.HealthCheckResponse.SERVING
        held.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(events.deliver, events=[withdrawn()])
        time.sleep(1)
        assert not waiting.done()
        assert server.process is not None
        server.process.terminate()
        assert next(told).status == health_pb2.HealthCheckResponse.NOT_SERVING
        ask_until_refused(lambda: media.list_assets_by_id(ids=[]))
        time.sleep(2)
        assert not waiting.done()
        held.execute("COMMIT")
        assert waiting.result(30) == []
        # It waits for nothing else: not for who watches its health, nor for the 25 s it might take.
        with taking(less_than=15):
            assert server.process.wait(30) == 0
    assert "rpc: stopped" in server.output()
    assert apart.media.number("media", HEARD) == 1


def ask_until_refused(ask: Callable[[], Any]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            ask()
        except Unavailable:
            return
        time.sleep(0.05)
    raise AssertionError("It went on to take calls.")


def test_what_takes_longer_than_the_drain_is_cut_off(apart: Apart, media: Media, events: Events) -> None:
    server = apart.start_media(DRAIN_SECONDS="2")
    media.list_assets_by_id(ids=[])
    database = Path(apart.media.env["DATA_DIR"]) / "media.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as held, ThreadPoolExecutor(1) as pool:
        held.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(events.deliver, events=[withdrawn()])
        time.sleep(1)
        assert server.process is not None
        server.process.terminate()
        with pytest.raises(Unavailable):
            waiting.result(9)


def test_events_reach_the_other_service_with_their_request_once(apart: Apart) -> None:
    apart.start_media()
    apart.catalog.manage("probe", "say", "200", "4")
    relay = apart.catalog.start("relay")
    apart.media.wait(lambda: apart.media.number("media", HEARD) == 200, "all were heard")
    done = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'done'"
    apart.catalog.wait(lambda: apart.catalog.number("catalog", done) == 200, "all are done")
    relay.kill()
    ids = "SELECT DISTINCT request_id FROM media_job ORDER BY 1"
    assert apart.media.sql("media", ids) == [(f"said-{writer}",) for writer in range(4)]
    apart.media.start("worker")
    apart.media.wait(lambda: apart.media.done("media") == 200, "all were acted upon")
    assert apart.media.twice("media") == []


def test_events_wait_for_a_service_that_is_killed(apart: Apart) -> None:
    server = apart.start_media()
    apart.catalog.manage("probe", "say", "800", "4")
    apart.catalog.start("relay")
    apart.media.wait(lambda: apart.media.number("media", HEARD) > 0, "some were heard")
    server.kill()
    assert apart.media.number("media", HEARD) < 800
    apart.start_media()
    apart.media.wait(lambda: apart.media.number("media", HEARD) == 800, "all were heard")


def test_a_delivery_by_nobody_we_know_is_refused(apart: Apart) -> None:
    apart.start_media()
    strangers = Credentials("catalog", ("another key that is also long enough to be one",))
    with remotely.reached(apart.address, credentials=strangers) as peer:
        events: Events = remote(registry.contracts["seam"], peer)
        with pytest.raises(CallFailed, match="UNAUTHENTICATED"):
            events.deliver(events=[withdrawn()])
    assert apart.media.number("media", HEARD) == 0


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"RPC_KEY": ""}, "set RPC_KEY to the same secret in all of them"),
        ({"RPC_KEY": "short"}, "shorter than 32 characters"),
        ({"CATALOG": "catalog:50051"}, "is no place"),
        ({"RPC_PORT": "99999"}, "RPC_PORT must be a whole number"),
        ({"RPC_PORT": "0"}, "Set RPC_PORT to the port"),
        ({"BIND_ADDRESS": "192.0.2.1"}, "Nobody can listen on 192.0.2.1"),
        ({"RPC_THREADS": "0"}, "RPC_THREADS must be a whole number"),
    ],
)
def test_what_can_not_work_is_said_at_start(apart: Apart, env: dict[str, str], sentence: str) -> None:
    server = apart.media.start("rpc", **env)
    assert server.process is not None
    assert server.process.wait(60) == 1
    assert sentence in server.output()
    assert "Traceback" not in server.output()


def test_a_second_one_on_the_same_port_hears_of_it(apart: Apart) -> None:
    apart.start_media()
    second = apart.media.start("rpc")
    assert second.process is not None
    assert second.process.wait(60) == 1
    assert f"Nobody can listen on {apart.address}" in second.output()
