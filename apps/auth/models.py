"""Our tables, our outbox and inbox."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

import seam.models
from apps.auth.contract import Role


class Users(UserManager["User"]):
    """People are made by e-mail; there are no user names."""

    def _create_user_object(self, username: str | None, email: str, password: str | None, **extra: Any) -> User:
        from django.contrib.auth.hashers import make_password

        return self.model(email=self.normalize_email(email).lower(), password=make_password(password), **extra)

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:  # type: ignore[override]
        return super().create_user("-", email, password, **extra)

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:  # type: ignore[override]
        return super().create_superuser("-", email, password, role=Role.STAFF.value, **extra)


class User(AbstractUser):
    """Somebody with an account, known by e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(
        _("role"),
        max_length=10,
        choices=[("member", _("member")), ("editor", _("editor")), ("staff", _("staff"))],
        default=Role.MEMBER.value,
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Users] = Users()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.get_full_name()


class OutboxEvent(seam.models.OutboxEvent):
    pass


class Job(seam.models.Job):
    pass
