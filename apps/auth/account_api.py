"""REST: one's own account under /api/v1/account/, by one's session or a personal token.

What makes somebody else of the caller (a new token, another address, password or second step) and leaving are left to
the pages, which ask who is there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib.auth import get_user
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.auth import devices, leaving, openid, sessions, tokens
from apps.auth.client import IsSignedIn
from apps.auth.models import User
from seam import atomic


class ShowYourself(exceptions.PermissionDenied):
    default_code = "reauthentication_required"


class ShownLately(BasePermission):
    """Whoever comes by a session has shown who they are lately, as for the page; a token was given the scope for it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.user.scopes or _shown_lately(request):  # type: ignore[union-attr]
            return True
        page = f"{settings.SITE_URL}/accounts/reauthenticate/"
        raise ShowYourself(
            _("Show that it is you: {page}. Or use a personal token that may see your account.").format(
                page=page
            )
        )


def _shown_lately(request: Request) -> bool:
    asked = copy.copy(request._request)
    if getattr(asked, "by_token", False):  # a signed token, which any open browser gets
        return False
    asked.user = get_user(asked)
    return bool(did_recently_reauthenticate(asked))


class AccountView(APIView):
    area = "account"
    permission_classes: list[type[BasePermission]] = [IsSignedIn]


class Account(AccountView):
    def get(self, request: Request) -> Response:
        """Who one is here."""
        return Response(_plain(leaving.account_of(_me(request))))

    def put(self, request: Request) -> Response:
        """One's name, which may be empty."""
        if not isinstance(request.data, Mapping):
            raise exceptions.ParseError(_("Send an object with your name."))
        fields = AccountFields(data=request.data)
        fields.is_valid(raise_exception=True)
        with atomic("auth"):
            User.objects.filter(pk=_me(request)).update(**fields.validated_data)
        if session := _session_key(request):
            sessions.refresh(session)
        return self.get(request)


class Sessions(AccountView):
    def get(self, request: Request) -> Response:
        """Where one is signed in, the session that asks first."""
        found = [
            {
                "id": device.session,
                "browser": device.browser,
                "system": device.system,
                "signed_in_at": device.signed_in_at.isoformat(),
                "seen_at": device.seen_at.isoformat(),
                "current": device.is_this,
            }
            for device in devices.devices(_me(request), _session_key(request))
        ]
        return Response({"items": found})


class OneSession(AccountView):
    def delete(self, request: Request, session: str) -> Response:
        """Sign out there."""
        return _gone(devices.sign_out(_me(request), session))


class Tokens(AccountView):
    permission_classes = [IsSignedIn, ShownLately]

    def get(self, request: Request) -> Response:
        """One's personal tokens, without what they are."""
        found = [
            {
                "id": token.key,
                "name": token.name,
                "scopes": token.scopes,
                "created_at": token.created_at.isoformat(),
                "expires_at": token.expires_at.isoformat(),
                "used_at": token.used_at.isoformat() if token.used_at else None,
            }
            for token in tokens.list_tokens(_me(request))
        ]
        return Response({"items": found})


class OneToken(AccountView):
    permission_classes = [IsSignedIn, ShownLately]

    def delete(self, request: Request, token: str) -> Response:
        """It no longer works."""
        return _gone(tokens.revoke_token(person_id=_me(request), key=token))


class Apps(AccountView):
    def get(self, request: Request) -> Response:
        """The apps that know who one is."""
        return Response({"items": _plain(openid.apps_of(_me(request)))})


class OneApp(AccountView):
    def delete(self, request: Request, app: str) -> Response:
        """It can no longer ask about one."""
        return _gone(openid.forget_app(person_id=_me(request), client_id=app))


class Data(AccountView):
    permission_classes = [IsSignedIn, ShownLately]

    def get(self, request: Request) -> Response:
        """All that is known of one; 503 while any part of the site can't be asked."""
        return Response(_plain(leaving.data_of(_me(request))))


class Text(serializers.CharField):
    """Takes text and turns nothing else into it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AccountFields(serializers.Serializer):
    name = Text(max_length=150, allow_blank=True)


def _me(request: Request) -> UUID:
    person_id: UUID = request.user.id  # type: ignore[assignment]
    return person_id


def _session_key(request: Request) -> str:
    return request._request.session.session_key or ""


def _gone(was_there: bool) -> Response:
    if not was_there:
        raise exceptions.NotFound(_("It had ended already, or never was yours."))
    return Response(status=HTTPStatus.NO_CONTENT)


def _plain(value: Any) -> Any:
    """As in the file that one may take along."""
    return json.loads(json.dumps(value, cls=leaving.Encoder))
