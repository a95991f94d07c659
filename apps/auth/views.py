"""Pages of the context that allauth does not bring."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.auth import devices, sessions
from apps.auth.forms import ProfileForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Your account: who you are here, and where to change it."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        sessions.refresh(request.session.session_key)
        messages.success(request, _("Saved."))
        return redirect("auth:account")
    return render(request, "auth/account.html", {"form": form})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Where you are signed in; `end` names a session to sign out, `others` signs out all but this one."""
    person, own = request.principal.id, request.session.session_key or ""  # type: ignore[attr-defined]
    if request.method != "POST":
        return render(request, "auth/sessions.html", {"devices": devices.devices(person, own)})
    if "others" in request.POST:
        number = devices.sign_out_elsewhere(person, own)
        told = ngettext("%d other session was signed out.", "%d other sessions were signed out.", number)
        messages.success(request, told % number if number else _("You are signed in nowhere else."))
    elif devices.sign_out(person, request.POST.get("end", "")):
        messages.success(request, _("Signed out there."))
    else:
        messages.info(request, _("That session had ended already."))
    return redirect("auth:sessions")
