"""How services know each other: tokens signed with a shared key, mutual TLS, or both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import jwt

ALGORITHM = "HS256"
LIFETIME = 60
# A token is used again for calls of the next half minute: signing one costs as much as a small call.
REUSE = 30
LEEWAY = 10  # seconds by which the clocks of two machines may differ


class Refused(Exception):
    """Who is calling can't be told; the message is for whoever runs the services."""


@dataclass(frozen=True)
class Credentials:
    """What a service shows others, and asks of them.

    `service` is its own name. Of `keys` the first signs and all verify, so that they can be changed one service at a
    time. `tls` are the names of PEM files: certificate, key, and who signed everybody's certificates.
    """

    service: str
    keys: tuple[str, ...] = ()
    tls: tuple[str, str, str] | None = None

    def token(self, audience: str, *, now: float | None = None) -> str:
        """Says who we are to whoever keeps the contract `audience`, for LIFETIME seconds."""
        issued = int(time.time() if now is None else now)
        claims = {"iss": self.service, "aud": audience, "iat": issued, "exp": issued + LIFETIME}
        return jwt.encode(claims, self.keys[0], algorithm=ALGORITHM)

    def verify(self, authorization: str, audiences: list[str]) -> str:
        """The name of the service that sent this `authorization`. Raises Refused."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(
                "A call must carry the metadata `authorization: Bearer TOKEN`, signed with RPC_KEY."
            )
        claims = self._claims(token, audiences)
        if not claims["iss"] or claims["exp"] - claims["iat"] > LIFETIME:
            raise Refused(f"A token must name its issuer and live {LIFETIME} seconds at most.")
        return claims["iss"]

    def _claims(self, token: str, audiences: list[str]) -> dict[str, Any]:
        required = ["exp", "iat", "iss", "aud"]
        for key in self.keys:
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    audience=audiences,
                    leeway=LEEWAY,
                    options={"require": required},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise Refused(f"The token is not accepted: {error}.") from None
        raise Refused("The token was signed with a key that is not in RPC_KEY here.")

    def channel(self, target: str, options: list[tuple[str, Any]]) -> grpc.Channel:
        if self.tls is None:
            return grpc.insecure_channel(target, options)
        certificate, key, authority = self._files(self.tls)
        secrets = grpc.ssl_channel_credentials(authority, private_key=key, certificate_chain=certificate)
        return grpc.secure_channel(target, secrets, options)

    def listen(self, server: grpc.Server, address: str) -> int:
        """The port. Raises RuntimeError where nobody can listen there."""
        if self.tls is None:
            return server.add_insecure_port(address)
        certificate, key, authority = self._files(self.tls)
        secrets = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
        return server.add_secure_port(address, secrets)

    def _files(self, names: tuple[str, ...]) -> list[bytes]:
        return [Path(name).read_bytes() for name in names]


class Tokens:
    """The token for one audience, made anew every REUSE seconds."""

    def __init__(self, credentials: Credentials, audience: str) -> None:
        self._credentials, self._audience = credentials, audience
        self._made_at, self._token = 0.0, ""

    def current(self) -> str:
        if not self._credentials.keys:
            return ""
        now = time.monotonic()
        if not self._token or now - self._made_at > REUSE:
            # Two threads may both make one: each is good.
            self._token, self._made_at = self._credentials.token(self._audience), now
        return self._token
