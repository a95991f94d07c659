"""Keeps the promise of contract.py, and what auth does besides: making, changing and removing people."""

from __future__ import annotations

from uuid import UUID

from apps.auth import known, sessions, tokens
from apps.auth.contract import Person, PersonNotFound, Principal, PublicKey, Role, UserDeleted
from apps.auth.models import User, new_epoch
from seam import atomic, publish

MOST_IDS = 500


def get_session_principal(*, session_key: str) -> Principal | None:
    copy = sessions.find(session_key, believe_copy=False)
    return known.from_plain(copy.principal) if copy and copy.principal else None


def get_token_principal(*, token: str) -> Principal | None:
    return tokens.find(token)


def get_person(*, person_id: UUID) -> Person:
    people = list_people(ids=[person_id])
    if not people:
        raise PersonNotFound(f"Nobody has the id {person_id}.")
    return people[0]


def get_person_by_email(*, email: str) -> Person:
    user = User.objects.filter(email=email).first()
    if user is None:
        raise PersonNotFound(f"Nobody signs in with {email}.")
    return Person(id=user.id, name=user.name, role=Role(user.role))


def list_people(*, ids: list[UUID]) -> list[Person]:
    if len(ids) > MOST_IDS:
        raise ValueError(f"At most {MOST_IDS} people can be asked for at once, not {len(ids)}.")
    return [Person(id=u.id, name=u.name, role=Role(u.role)) for u in User.objects.filter(pk__in=ids)]


def get_signing_keys() -> list[PublicKey]:
    from apps.auth import signing  # its cryptography would be a tenth of what every process takes to start

    return [PublicKey(kid=key.kid, n=key.n, e=key.e) for key in signing.published()]


def register_person(
    *, email: str, password: str, name: str = "", role: Role = Role.MEMBER, confirmed: bool = False
) -> UUID:
    """Make an account and say so (auth.user_registered.v1); its id.

    `confirmed`: the address is known to be theirs and needs no e-mail first. Raises
    django.db.IntegrityError when the address has an account. Passwords are not judged here: forms do that.
    """
    return User.objects.create_user(email, password, name=name, role=role.value, confirmed=confirmed).id


def delete_person(*, person_id: UUID) -> None:
    """Remove an account with its sessions and say so (auth.user_deleted.v1). Raises PersonNotFound."""
    with atomic("auth"):
        deleted, _by_model = User.objects.filter(pk=person_id).delete()
        if not deleted:
            raise PersonNotFound(f"Nobody has the id {person_id}.")
        publish(UserDeleted(user_id=person_id))


def end_sessions(*, person_id: UUID) -> None:
    """Sign somebody out everywhere. Raises PersonNotFound."""
    with atomic("auth"):
        if not User.objects.filter(pk=person_id).update(epoch=new_epoch()):
            raise PersonNotFound(f"Nobody has the id {person_id}.")
