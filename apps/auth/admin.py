"""People in the admin, behind the site's own sign-in."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.admin import EmailAddress
from allauth.account.decorators import secure_admin_login
from allauth.idp.oidc.admin import Client, Token
from allauth.mfa.admin import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.auth import openid, second_step, service
from apps.auth.models import Job, OutboxEvent, User, new_epoch
from seam.admin import RowAdmin

# Whoever is not signed in signs in like everybody else: with the same limits, and later the same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.unregister(Group)  # what people may do is their role
admin.site.register([OutboxEvent, Job], RowAdmin)
# allauth's own pages, imported above with what they show: some offer what the site does not, and an address or a key
# that is changed by hand is none that its owner has shown to be theirs.
admin.site.unregister([Client, Token, EmailAddress, Authenticator])


class AddPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name", "role")


class ChangePersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = ("name", "role", "is_active", "password")


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Nobody can take away their own access, so somebody is always left who can give it."""

    add_form = AddPersonForm
    form = ChangePersonForm
    list_display = ("email", "name", "role", "is_active", "date_joined", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    filter_horizontal = ()
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("What they may do"), {"fields": ("role", "is_active")}),
        (_("When"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "role", "usable_password", "password1", "password2")}),
    )
    actions = ("sign_out_everywhere", "remove_second_step")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.readonly_fields
        # An address is changed by its owner, who shows that it is theirs.
        theirs = ("role", "is_active") if obj == request.user else ()
        return (*self.readonly_fields, "email", *theirs)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return obj != request.user and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            User.objects.add(obj)
            return
        if "is_active" in form.changed_data and not obj.is_active:
            obj.epoch = new_epoch()  # coming back later, they sign in anew
        obj.save()

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        service.delete_person(person_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset.exclude(pk=cast(User, request.user).pk):
            service.delete_person(person_id=person.pk)

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset:
            service.end_sessions(person_id=person.pk)
        done = ngettext(
            "%d person was signed out everywhere.", "%d people were signed out everywhere.", len(queryset)
        )
        self.message_user(request, done % len(queryset), messages.SUCCESS)

    @admin.action(description=_("Remove the second step"), permissions=["change"])
    def remove_second_step(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For who has lost it, with the codes for that."""
        removed = sum(second_step.remove(request, person) for person in queryset)
        done = ngettext(
            "%d person signs in without a second step now, and was told by email.",
            "%d people sign in without a second step now, and were told by email.",
            removed,
        )
        self.message_user(request, done % removed, messages.SUCCESS)


class AppForm(forms.ModelForm):
    class Meta:
        model = Client
        fields = ("name", "type", "redirect_uris")

    def clean_redirect_uris(self) -> str:
        addresses = self.cleaned_data["redirect_uris"].split()
        if not addresses:
            raise ValidationError(_("Say where people are sent back to, one address to a line."))
        try:
            for address in addresses:
                openid.check_redirect(address)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return "\n".join(addresses)


@admin.register(Client)
class AppAdmin(admin.ModelAdmin):
    """Apps that sign people in by OpenID Connect; the secret is shown once, when one is made."""

    form = AppForm
    list_display = ("name", "id", "type", "created_at")
    search_fields = ("name", "id")
    ordering = ("name", "id")
    readonly_fields = ("id", "created_at")

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:
        secret = "" if change else openid.complete(obj)
        super().save_model(request, obj, form, change)
        if secret:
            sentence = _("The secret of the app, which is not shown again: %s")
            self.message_user(request, sentence % secret, level=messages.WARNING)
