"""Forms of the account pages that are not allauth's as they are."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.auth import tokens
from apps.auth.models import User
from seam import atomic

PASSWORD_RULE = _("At least 8 characters; not a common password, and not like your name or address.")


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=_("Name"),
        required=False,
        max_length=150,
        help_text=_("Shown to the people you work with here."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


def _days() -> list[tuple[int, str]]:
    return [(n, ngettext("%(number)d day", "%(number)d days", n) % {"number": n}) for n in tokens.DAYS]


class SignUpForm(SignupForm):
    """Says nothing about whether the address has an account, neither in words nor by how long it takes."""

    account_already_exists: bool
    hashed_password: str
    name = _name_field()
    field_order = ("email", "name", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_RULE

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        # The slow part comes first, for a new address and a known one alike.
        self.hashed_password = make_password(self.cleaned_data["password1"])
        try:
            return super().try_save(request)
        except IntegrityError:  # somebody signed up with this address since the form was checked
            self.account_already_exists = True
            return super().try_save(request)

    def save(self, request: HttpRequest) -> User:
        with atomic("auth"):  # the person, the address and the event
            return super().save(request)


class SignInForm(LoginForm):
    """Says what remembering means."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = _("Stay signed in on this device")


class TypedCode:
    """A form with a code of digits, for which a phone shows its number pad. Put it before allauth's."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class SecondStepForm(TypedCode, AuthenticateForm):
    pass


class SecondStepAgainForm(TypedCode, ReauthenticateForm):
    pass


class FirstCodeForm(TypedCode, ActivateTOTPForm):
    pass


class NewPassword:
    """A form that asks for a new password, in the words of the other pages. Put it before allauth's."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = PASSWORD_RULE
        self.fields["password2"].label = _("New password, once more")
        if "oldpassword" in self.fields:
            self.fields["oldpassword"].label = _("Current password")


class ChangeForm(NewPassword, ChangePasswordForm):
    pass


class SetForm(NewPassword, SetPasswordForm):
    pass


class ResetForm(NewPassword, ResetPasswordKeyForm):
    pass


class Signed:
    """A form with what a passkey signed, which is refused in words of its own. Put it before allauth's."""

    data: Any

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]
        # fido2 looks for everything where browsers put it; JSON may be nested deeper than Python reads.
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
            self.data = {name: value for name, value in self.data.items() if name != "credential"}
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))

    def add_error(self, field: str | None, error: Any) -> None:
        if getattr(error, "code", "") == "incorrect_code":  # nobody typed a code
            error = ValidationError(_("This passkey can’t be used here. Try another one, or another way."))
        super().add_error(field, error)  # type: ignore[misc]


class PasskeySignInForm(Signed, LoginWebAuthnForm):
    pass


class PasskeyStepForm(Signed, AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(Signed, ReauthenticateWebAuthnForm):
    pass


class PasskeyForm(Signed, AddWebAuthnForm):
    """Offers what people mean by a passkey; unticked, it is a key for the second step only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].max_length = 100
        self.fields["passwordless"].label = _("Sign in with it alone, without the password")
        self.fields["passwordless"].help_text = _(
            "The device asks for a finger, a face or its PIN each time."
        )
        self.fields["passwordless"].initial = True


class TokenForm(forms.Form):
    """A new personal API token."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What it is for, so that you know it again.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=tuple(tokens.SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        initial=["catalog:read"],
    )
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int, initial=90, choices=_days)


class ProfileForm(forms.ModelForm):
    """What people may change about themselves without further ado."""

    name = _name_field()

    class Meta:
        model = User
        fields = ("name",)
