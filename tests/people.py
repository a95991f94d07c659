"""The people of the tests: Alice owns it, Bob is on her team, Charlie has no access, Dora is staff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from apps.auth.contract import Principal, Role

if TYPE_CHECKING:
    from apps.auth.models import SigningKey

PASSWORD = "quite a long secret 7"


def make_person(
    email: str,
    *,
    name: str = "",
    role: Role = Role.MEMBER,
    password: str = PASSWORD,
    confirmed: bool = True,
) -> Principal:
    """An account, as others see it: its id, e-mail, name and role."""
    from apps.auth import service

    person_id: UUID = service.register_person(
        email=email, password=password, name=name, role=role, confirmed=confirmed
    )
    return Principal(id=person_id, email=email, name=name, role=role)


def sign_in(client: Client, person: Principal) -> Client:
    """Give `client` a session of that person's, without the sign-in page; the same client."""
    from django.contrib.auth import get_user_model

    client.force_login(get_user_model()._default_manager.get(pk=person.id))
    return client


@pytest.fixture(autouse=True)
def nobody_remembered() -> Iterator[None]:
    """What the process knows of sessions and keys doesn't outlive a test."""
    from apps.auth import keys, known

    yield
    known.forget_all()
    keys.ring.forget()


KEYS: dict[tuple[int, str], SigningKey] = {}


@pytest.fixture(autouse=True)
def signing_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes a tenth of a second: the first that a test makes is the same in every test, and so on."""
    from apps.auth import signing

    make, numbers = signing._new, count()

    def new(number: int, not_before: datetime) -> SigningKey:
        which = next(numbers), settings.SECRET_KEY
        if which not in KEYS:
            KEYS[which] = make(number, not_before)
        kept = KEYS[which]
        same = {name: getattr(kept, name) for name in ("kid", "n", "e", "sealed")}
        return type(kept)(number=number, not_before=not_before, **same)

    monkeypatch.setattr(signing, "_new", new)


@pytest.fixture
def alice(db: None) -> Principal:
    return make_person("alice@example.com", name="Alice", role=Role.EDITOR)


@pytest.fixture
def bob(db: None) -> Principal:
    return make_person("bob@example.com", name="Bob")


@pytest.fixture
def charlie(db: None) -> Principal:
    return make_person("charlie@example.com", name="Charlie")


@pytest.fixture
def dora(db: None) -> Principal:
    return make_person("dora@example.com", name="Dora", role=Role.STAFF)
