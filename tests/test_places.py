"""Where contexts live, as the environment says: what makes no sense is refused with what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from monolith import topology
from tests.seam.certificates import Authority
from tests.servers import CONTEXTS

KEY = "k" * 32


def read(monkeypatch: pytest.MonkeyPatch, **env: str) -> tuple[topology.Context, ...]:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return topology.read(Env(), Path("/data"))


@pytest.mark.parametrize(
    ("said", "location", "addresses"),
    [
        ("", "here", ()),
        (" here ", "here", ()),
        ("grpc://catalog:50051", "grpc://catalog:50051", ("catalog:50051",)),
        ("grpc://10.0.0.1:1 , grpc://10.0.0.2:65535", "grpc://10.0.0.1:1,grpc://10.0.0.2:65535",
         ("10.0.0.1:1", "10.0.0.2:65535")),
        ("grpc://a:1,grpc://a:1", "grpc://a:1", ("a:1",)),
        ("grpc://[::1]:5", "grpc://[::1]:5", ("[::1]:5",)),
        ("GRPC://Catalog.Shop.svc:50051", "grpc://catalog.shop.svc:50051", ("catalog.shop.svc:50051",)),
    ],
)  # fmt: skip
def test_a_place(
    monkeypatch: pytest.MonkeyPatch, said: str, location: str, addresses: tuple[str, ...]
) -> None:
    catalog = read(monkeypatch, CATALOG=said)[2]
    assert (catalog.location, catalog.addresses, catalog.is_here) == (location, addresses, location == "here")


@pytest.mark.parametrize(
    "said",
    [
        "there",
        "catalog:50051",
        "http://catalog:50051",
        "grpc://catalog",
        "grpc://catalog:",
        "grpc://catalog:0",
        "grpc://catalog:65536",
        "grpc://catalog:-1",
        "grpc://catalog:rpc",
        "grpc://:50051",
        "grpc://catalog:50051/",
        "grpc://user:secret@catalog:50051",
        "grpc://catalog:50051?x=1",
        "grpc://[::1:5",
        "grpc://a:1,",
        "grpc://a:1,here",
        "grpc://a:1;grpc://b:1",
        "grpc://a b:1",
        "grpc://a\n:1",
    ],
)
def test_what_is_no_place(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="grpc://host:port, several by commas"):
        read(monkeypatch, CATALOG=said)


def test_a_process_that_would_serve_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="would serve nothing"):
        read(monkeypatch, **{context.upper(): "grpc://a:1" for context in CONTEXTS})


def test_the_database_of_what_is_elsewhere_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    nonsense = {"CATALOG_DATABASE_URL": "postgres://nowhere", "MEDIA_DATABASE_URL": "sqlite:////m.sqlite3"}
    _auth, media, catalog, *_others = read(monkeypatch, CATALOG="grpc://a:1", **nonsense)
    assert catalog.database == {}
    assert media.database["NAME"] == "/m.sqlite3"


def trust(monkeypatch: pytest.MonkeyPatch, *, is_needed: bool = True, **env: str) -> topology.Trust:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return topology.read_trust(Env(), is_needed=is_needed)


def test_keys_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trust(monkeypatch, RPC_KEY=f" {KEY} ,, {KEY}2 ").keys == (KEY, f"{KEY}2")


@pytest.mark.parametrize("keys", ["k" * 31, f"{KEY},short"])
def test_a_short_key_is_refused_with_how_to_make_one(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"shorter than 32 characters\. Make one: python -c"):
        trust(monkeypatch, is_needed=False, RPC_KEY=keys)


def test_services_that_know_nothing_of_each_other_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trust(monkeypatch, is_needed=False) == topology.Trust()
    with pytest.raises(ImproperlyConfigured, match=r"set RPC_KEY .* Make one: python -c"):
        trust(monkeypatch)


class TestFiles:
    @pytest.fixture
    def tls(self, tmp_path: Path) -> dict[str, Any]:
        names = ("RPC_TLS_CERT", "RPC_TLS_KEY", "RPC_TLS_CA")
        return dict(zip(names, Authority(tmp_path, "ours").files("media"), strict=True))

    def test_that_fit(self, monkeypatch: pytest.MonkeyPatch, tls: dict[str, str]) -> None:
        assert trust(monkeypatch, **tls).tls == tuple(tls.values())

    @pytest.mark.parametrize("missing", ["RPC_TLS_CERT", "RPC_TLS_KEY", "RPC_TLS_CA"])
    def test_some_of_them_are_none(
        self, monkeypatch: pytest.MonkeyPatch, tls: dict[str, str], missing: str
    ) -> None:
        with pytest.raises(ImproperlyConfigured, match="needs all three"):
            trust(monkeypatch, **tls | {missing: ""})

    @pytest.mark.parametrize(
        ("wrong", "kind"),
        [
            ("RPC_TLS_CERT", "not there"),
            ("RPC_TLS_CERT", "rubbish"),
            ("RPC_TLS_CERT", "another's"),
            ("RPC_TLS_KEY", "not there"),
            ("RPC_TLS_KEY", "rubbish"),
            ("RPC_TLS_KEY", "another's"),
            ("RPC_TLS_CA", "not there"),
            ("RPC_TLS_CA", "rubbish"),
        ],
    )
    def test_that_can_not_be_used(
        self, monkeypatch: pytest.MonkeyPatch, tls: dict[str, str], tmp_path: Path, wrong: str, kind: str
    ) -> None:
        path = tmp_path / "wrong"
        if kind == "rubbish":
            path.write_text("rubbish")
        if kind == "another's":
            other = tmp_path / "other"
            other.mkdir()
            path = Path(Authority(other, "ours").files("media")[list(tls).index(wrong)])
        with pytest.raises(ImproperlyConfigured, match="must name PEM files"):
            trust(monkeypatch, **tls | {wrong: str(path)})

    def test_a_key_with_a_password_is_refused_without_asking_for_it(
        self, monkeypatch: pytest.MonkeyPatch, tls: dict[str, str]
    ) -> None:
        from cryptography.hazmat.primitives import serialization as pem

        path = Path(tls["RPC_TLS_KEY"])
        key = pem.load_pem_private_key(path.read_bytes(), None)
        path.write_bytes(
            key.private_bytes(
                pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"secret")
            )
        )
        with pytest.raises(ImproperlyConfigured, match="without a password"):
            trust(monkeypatch, **tls)
