"""PUBLIC: what auth promises to other contexts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from seam import ContractError, Sensitive, event


class Role(enum.Enum):
    """What a person may do; each role may do all that the ones before it may."""

    MEMBER = "member"
    EDITOR = "editor"
    STAFF = "staff"

    def includes(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is calling. `id` is None for somebody who has not signed in.

    `scopes`: a program calls for them, and may do no more of what they may than these say; none: they do themselves.
    """

    id: UUID | None = None
    email: Sensitive[str] = field(default="", repr=False)
    name: str = ""
    role: Role = Role.MEMBER
    scopes: list[str] = field(default_factory=list)

    @property
    def is_authenticated(self) -> bool:
        return self.id is not None

    def has_role(self, role: Role) -> bool:
        return self.is_authenticated and self.role.includes(role)


@dataclass(frozen=True, kw_only=True)
class Person:
    """What others may know of somebody with an account."""

    id: UUID
    name: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A key that auth signs tokens with (RSA, RS256), as RFC 7517 writes it: `n` and `e` in base64url."""

    kid: str
    n: str
    e: str


class PersonNotFound(ContractError):
    code = "auth.person_not_found"


@event("auth.user_registered.v1")
@dataclass(frozen=True, kw_only=True)
class UserRegistered:
    user_id: UUID


@event("auth.user_deleted.v1")
@dataclass(frozen=True, kw_only=True)
class UserDeleted:
    user_id: UUID


class Auth(Protocol):
    def get_session_principal(self, *, session_key: Sensitive[str]) -> Principal | None:
        """Who is signed in by that session; None when it has ended, expired or never was."""
        ...

    def get_token_principal(self, *, token: Sensitive[str]) -> Principal | None:
        """For whom a program with this personal token calls, and what it may; None when it has ended or never was."""
        ...

    def get_person(self, *, person_id: UUID) -> Person:
        """Raises PersonNotFound."""
        ...

    def get_person_by_email(self, *, email: Sensitive[str]) -> Person:
        """Whoever signs in with that address, however its letters are cased. Raises PersonNotFound."""
        ...

    def list_people(self, *, ids: list[UUID]) -> list[Person]:
        """Those of `ids` who exist, in no promised order; at most 500 ids."""
        ...

    def get_signing_keys(self) -> list[PublicKey]:
        """The keys a token may be signed with: the one in use, its predecessors and successor; never none."""
        ...
