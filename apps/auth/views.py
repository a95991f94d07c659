"""Pages of the context that allauth does not bring."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.auth import sessions
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
