"""Sentences of allauth that its own Spanish says in another voice than our pages: our locale says them anew."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

# As allauth writes them: what it no longer writes is noticed by a test.
SENTENCES = (
    _("The email address and/or password you specified are not correct."),
    _("You cannot remove your primary email address."),
    _("Please type your current password."),
    _("You cannot add more than %d email addresses."),
    _("Too many failed login attempts. Try again later."),
    _("Your primary email address must be verified."),
    _("You must type the same password each time."),
    _("You must type the same email each time."),
    _("Use your password"),
    _("Use authenticator app or code"),
    _("Use a security key"),
    _("You cannot activate two-factor authentication until you have verified your email address."),
    _("View your email address"),
)
