"""The demo people and how they sign in: passwords made at random for each site, kept where only it can read them."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import apps.auth.service
from apps.auth.contract import Role
from apps.auth.models import User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
HEAD = """\
# How the demo people of this site sign in. Made at random on its first start; nobody else has these.
# Before the site is for others, delete the three accounts or change their passwords.
"""


@dataclass(frozen=True)
class DemoPerson:
    email: str
    name: str
    role: Role


EDITOR = DemoPerson("editor@example.com", "Elena Ruiz", Role.EDITOR)
PEOPLE = (
    EDITOR,
    DemoPerson("member@example.com", "Marco Silva", Role.MEMBER),
    DemoPerson("staff@example.com", "Sofía Lund", Role.STAFF),
)


def ensure_people(sign_ins: Path) -> UUID:
    """Make those of the demo people who aren't there yet; the editor's id. Passwords go to the file `sign_ins`."""
    passwords = kept_passwords(sign_ins)
    for person in PEOPLE:
        if not User.objects.filter(email=person.email).exists():
            password = passwords[person.email]
            apps.auth.service.register_person(
                email=person.email, password=password, name=person.name, role=person.role, confirmed=True
            )
    return User.objects.get(email=EDITOR.email).id


def kept_passwords(sign_ins: Path) -> dict[str, str]:
    """The password of each demo person by e-mail address; made up and kept for whoever has none yet."""
    passwords = read_passwords(sign_ins)
    missing = {person.email: new_password() for person in PEOPLE if person.email not in passwords}
    if missing:
        passwords |= missing
        write_private(sign_ins, HEAD + "".join(f"{email}  {word}\n" for email, word in passwords.items()))
    return passwords


def working_sign_ins(sign_ins: Path) -> list[tuple[DemoPerson, str]]:
    """Who can still sign in with the password of that file; accounts and passwords may have changed since."""
    found = []
    for person in PEOPLE:
        password = read_passwords(sign_ins).get(person.email)
        account = User.objects.filter(email=person.email, is_active=True).first()
        if password and account and account.check_password(password):
            found.append((person, password))
    return found


def read_passwords(sign_ins: Path) -> dict[str, str]:
    return parse_passwords(sign_ins.read_text()) if sign_ins.exists() else {}


def parse_passwords(text: str) -> dict[str, str]:
    """The passwords by e-mail address that stand in a file of sign-ins."""
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {line[0]: line[1] for line in lines if len(line) == 2}


def new_password() -> str:
    """Three groups of four letters: 59 bits, and quick to type from another screen."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def write_private(path: Path, text: str) -> None:
    """Written whole or not at all; the umask says who else may read it from its first moment (bin/run: nobody)."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660), "w") as file:
        file.write(text)
    new.replace(path)
