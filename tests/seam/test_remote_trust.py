"""Who may call: whoever signs with a key that is known, or shows a certificate. Anybody may ask how we are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from seam.contract import Contract
from seam.credentials import LEEWAY, LIFETIME, Credentials, Refused, Tokens
from seam.remote import CallFailed, Unavailable, remote
from tests import remotely
from tests.seam import keeper
from tests.seam.certificates import Authority
from tests.seam.sample import Sample

OTHER = "another key that is also long enough to be one"
NOTE = "/offshoot.sample.v1.Sample/Note"


@pytest.fixture
def address(declared: Contract) -> Iterator[str]:
    keeper.noted.clear()
    with remotely.running((declared, keeper)) as found:
        yield found
    keeper.noted.clear()


@pytest.fixture
def plain(address: str) -> Iterator[grpc.Channel]:
    """A client that knows nothing of us."""
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        yield channel


def status_of(channel: grpc.Channel, authorization: str | None, path: str = NOTE) -> tuple[str, str]:
    """How a call of `path` ended, and what was said of it."""
    metadata = () if authorization is None else (("authorization", authorization),)
    try:
        channel.unary_unary(path, None, None)(b"\x0a\x01x", metadata=metadata, timeout=10)
    except grpc.RpcError as error:
        return error.code().name, error.details()  # type: ignore[attr-defined]
    return "OK", ""


def token(key: str = remotely.KEY, algorithm: str = "HS256", without: str = "", **claims: Any) -> str:
    """Like one of ours, but for what is said."""
    now = int(time.time())
    good = {"iss": "tests", "aud": "sample", "iat": now, "exp": now + LIFETIME} | claims
    good.pop(without, None)
    return "Bearer " + jwt.encode(good, key if algorithm != "none" else None, algorithm=algorithm)


def test_a_good_token_is_let_in(plain: grpc.Channel) -> None:
    assert status_of(plain, token()) == ("OK", "")
    assert keeper.noted == ["x"]


LATE = int(time.time()) - LIFETIME - LEEWAY - 5
REFUSED = {
    "none": None,
    "an empty one": "",
    "no token": "Bearer ",
    "rubbish": "Bearer rubbish",
    "another scheme": "Basic " + token().partition(" ")[2],
    "the key itself": f"Bearer {remotely.KEY}",
    "signed with another key": token(OTHER),
    "not signed": token(algorithm="none"),
    "another algorithm": token(algorithm="HS384"),
    "for another contract": token(aud="media"),
    "ended": token(iat=LATE, exp=LATE + LIFETIME),
    "from the future": token(iat=int(time.time()) + 3600, exp=int(time.time()) + 3600 + LIFETIME),
    "for ever": token(exp=int(time.time()) + 10**9),
    "without a name": token(without="iss"),
    "with an empty name": token(iss=""),
    "without an audience": token(without="aud"),
    "without an end": token(without="exp"),
    "without a beginning": token(without="iat"),
    "for several others": token(aud=["media", "auth"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_any_other_is_refused_and_nothing_is_done(plain: grpc.Channel, kind: str) -> None:
    code, text = status_of(plain, REFUSED[kind])
    assert code == "UNAUTHENTICATED"
    assert remotely.KEY not in text
    assert keeper.noted == []


@pytest.mark.parametrize("path", ["/offshoot.sample.v1.Sample/Nothing", "/offshoot.nothing.v1.Nothing/Note"])
def test_who_is_not_known_does_not_learn_what_there_is(plain: grpc.Channel, path: str) -> None:
    assert status_of(plain, None, path)[0] == "UNAUTHENTICATED"
    assert status_of(plain, token(), path)[0] == "UNIMPLEMENTED"


def test_reflection_is_for_those_who_may_call(plain: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(plain)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    with pytest.raises(grpc.RpcError) as caught:
        next(stub.ServerReflectionInfo(iter([asked]), timeout=10))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    told = next(stub.ServerReflectionInfo(iter([asked]), metadata=(("authorization", token()),), timeout=10))
    assert "offshoot.sample.v1.Sample" in {s.name for s in told.list_services_response.service}


def test_anybody_may_ask_how_we_are(plain: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(plain)
    for service in ("", "offshoot.sample.v1.Sample"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_keys_are_changed_one_service_at_a_time(declared: Contract) -> None:
    """Old, both with the old one first, both with the new one first, new: neighbours understand each other."""
    steps = [(remotely.KEY,), (remotely.KEY, OTHER), (OTHER, remotely.KEY), (OTHER,)]
    who = [replace(remotely.OURS, keys=keys) for keys in steps]
    for caller, callee in [*pairwise(who), *pairwise(reversed(who))]:
        assert callee.verify(f"Bearer {caller.token('sample')}", ["sample"]) == "tests"
    with pytest.raises(Refused, match="not in RPC_KEY here"):
        who[-1].verify(f"Bearer {who[0].token('sample')}", ["sample"])


def test_a_caller_with_another_key_is_told_what_is_wrong(declared: Contract, address: str) -> None:
    with remotely.reached(address, credentials=replace(remotely.OURS, keys=(OTHER,))) as peer:
        with pytest.raises(CallFailed, match=r"UNAUTHENTICATED: .* not in RPC_KEY here") as caught:
            remote(declared, peer).note(text="x")
        assert not isinstance(caught.value, Unavailable)


def test_a_token_is_used_again_and_then_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(remotely.OURS, "sample")
    assert remotely.OURS.verify(f"Bearer {tokens.current()}", ["sample"]) == "tests"
    monkeypatch.setattr(tokens, "_token", "the last one")
    monkeypatch.setattr(tokens, "_made_at", time.monotonic() - 15)
    assert tokens.current() == "the last one"
    monkeypatch.setattr(tokens, "_made_at", time.monotonic() - 31)
    assert remotely.OURS.verify(f"Bearer {tokens.current()}", ["sample"]) == "tests"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def server_side(ours: Authority) -> Credentials:
    return Credentials("media", tls=ours.files("media"))


class TestCertificates:
    def ask(self, declared: Contract, server: Credentials, client: Credentials) -> str:
        with (
            remotely.running((declared, keeper), credentials=server) as address,
            remotely.reached(address, credentials=client) as peer,
        ):
            sample: Sample = remote(declared, peer)
            return sample.get_language()

    def test_one_that_is_known_is_enough(
        self, declared: Contract, ours: Authority, server_side: Credentials
    ) -> None:
        assert self.ask(declared, server_side, Credentials("catalog", tls=ours.files("catalog"))) == "en"

    def test_with_a_key_as_well_both_are_asked_for(
        self, declared: Contract, ours: Authority, server_side: Credentials
    ) -> None:
        strict = replace(server_side, keys=(remotely.KEY,))
        tls = ours.files("catalog")
        assert self.ask(declared, strict, Credentials("catalog", (remotely.KEY,), tls)) == "en"
        with pytest.raises(CallFailed, match="UNAUTHENTICATED"):
            self.ask(declared, strict, Credentials("catalog", tls=tls))

    def test_none_or_a_strangers_is_refused(
        self, declared: Contract, ours: Authority, server_side: Credentials, tmp_path: Path
    ) -> None:
        stranger = Authority(tmp_path, "stranger").files("catalog")
        with pytest.raises(Unavailable):  # who is asked is known to us, and does not know us
            self.ask(declared, server_side, Credentials("catalog", tls=(*stranger[:2], ours.file)))
        with pytest.raises(Unavailable):  # in clear
            self.ask(declared, server_side, remotely.OURS)

    def test_one_that_has_ended_is_refused(
        self, declared: Contract, ours: Authority, server_side: Credentials
    ) -> None:
        with pytest.raises(Unavailable):
            self.ask(declared, server_side, Credentials("late", tls=ours.files("late", days=-2)))

    def test_a_server_nobody_vouches_for_is_told_nothing(
        self, declared: Contract, ours: Authority, tmp_path: Path
    ) -> None:
        stranger = Authority(tmp_path, "stranger")
        impostor = Credentials("media", tls=(*stranger.files("media")[:2], ours.file))
        with pytest.raises(Unavailable):
            self.ask(declared, impostor, Credentials("catalog", tls=ours.files("catalog")))
