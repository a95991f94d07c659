"""Our tables, our outbox and inbox."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import seam.models
from apps.auth.contract import Role, UserRegistered
from seam import atomic, publish


class EmailField(models.EmailField):
    """An e-mail address, the same however its letters are cased."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(getattr(instance, self.attname))
        setattr(instance, self.attname, value)
        return value


def new_epoch() -> str:
    return secrets.token_urlsafe(12)


class Users(BaseUserManager["User"]):
    """Every account is made here: the person, the address they sign in with, and the event that says so."""

    def create_user(
        self, email: str, password: str | None = None, *, confirmed: bool = False, **fields: Any
    ) -> User:
        """A new account, which can sign in once its e-mail address is `confirmed`.

        Raises django.db.IntegrityError when the address has an account.
        """
        from allauth.account.models import EmailAddress

        user = self.model(email=email, **fields)
        user.set_password(password)  # slow, so before the transaction
        with atomic("auth"):
            self.add(user)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=confirmed)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Staff made at the command line, whose e-mail address needs no confirmation."""
        return self.create_user(email, password, confirmed=True, **fields | {"role": Role.STAFF.value})

    def add(self, user: User) -> User:
        """Keep a person nobody has kept yet, and tell the other contexts."""
        with atomic("auth"):
            user.save(force_insert=True)
            publish(UserRegistered(user_id=user.id))
        return user


class User(AbstractBaseUser):
    """Somebody with an account, known by e-mail address.

    What they may do is their role, and nothing else: staff may do everything in the admin, others nothing.
    `epoch` changes when their sessions shall end; a session of another epoch is no longer one.
    """

    sensitive: ClassVar[tuple[str, ...]] = ("email", "password")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = EmailField(
        _("e-mail address"),
        unique=True,
        error_messages={"unique": _("Somebody with this e-mail address has an account already.")},
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(
        _("role"),
        max_length=10,
        choices=[("member", _("member")), ("editor", _("editor")), ("staff", _("staff"))],
        default=Role.MEMBER.value,
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Somebody who is not active can't sign in and is signed out.")
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)

    _password: str | None  # Django's: a password that was set and not saved yet

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Users] = Users()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, **kwargs: Any) -> None:
        # A password that was set ends every session. One that was only hashed anew, by a sign-in, has none here.
        if self._password is not None:
            self.epoch = new_epoch()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "epoch"}
        with atomic("auth"):
            super().save(**kwargs)

    def get_session_auth_hash(self) -> str:
        """What Django compares a session with: the epoch, since sessions are kept on the server."""
        return self.epoch

    @property
    def is_staff(self) -> bool:
        return self.role == Role.STAFF.value

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class LiveSessions(models.QuerySet["Session"]):
    def live(self) -> LiveSessions:
        """Those that are neither over nor of a person's earlier epoch, nor of somebody who is not active."""
        nobody = models.Q(user=None)
        theirs = models.Q(user__is_active=True, user__epoch=models.F("epoch"))
        return self.filter(nobody | theirs, ended_at=None, expires_at__gt=timezone.now())


class Session(models.Model):
    """A browser's session. This row is the truth about it; whatever else knows of it is a copy that is checked.

    `key` is the digest of what the cookie holds. `version` counts the changes of `data`; `epoch` is the
    person's at sign-in. An ended session is a row with `ended_at`, which nothing sets back.
    """

    sensitive: ClassVar[tuple[str, ...]] = ("key", "data")

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    epoch = models.CharField(max_length=16, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    data = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, db_index=True)

    objects = LiveSessions.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")


class LiveTokens(models.QuerySet["ApiToken"]):
    def live(self) -> LiveTokens:
        return self.filter(user__is_active=True, expires_at__gt=timezone.now())


class ApiToken(models.Model):
    """What a program shows to call for somebody. `key` is the digest of the token, which nobody can read again.

    Revoking deletes the row. `scopes`: names of SCOPES in tokens.py.
    """

    sensitive: ClassVar[tuple[str, ...]] = ("key",)

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    scopes = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = LiveTokens.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name


class Attempt(models.Model):
    """Attempts to sign in and the like, for the limits on them; rows of Django's database cache `limits`."""

    sensitive: ClassVar[tuple[str, ...]] = ("cache_key", "value")

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)


class SigningKeys(models.QuerySet["SigningKey"]):
    def valid(self) -> SigningKeys:
        """Those that have not expired, the newest first; some may not be signing yet."""
        forever = models.Q(expires_at=None)
        return self.filter(forever | models.Q(expires_at__gt=timezone.now())).order_by("-number")


class SigningKey(models.Model):
    """A key that tokens are signed with. It signs from `not_before` until a newer one does.

    `number` counts keys: of two processes that make the next one at the same time only one succeeds. `sealed` is the
    private key, encrypted with what is derived from SECRET_KEY. `expires_at` comes with the successor; a token
    signed with an expired key is none. These are the names of allauth's `PrivateKey`, and the same `kid`.
    """

    sensitive: ClassVar[tuple[str, ...]] = ("sealed",)

    number = models.PositiveIntegerField(primary_key=True)
    kid = models.CharField(max_length=43, unique=True)
    n = models.TextField()
    e = models.CharField(max_length=16)
    sealed = models.TextField()
    issued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    objects = SigningKeys.as_manager()

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")

    def __str__(self) -> str:
        return self.kid


class OutboxEvent(seam.models.OutboxEvent):
    pass


class Job(seam.models.Job):
    pass
