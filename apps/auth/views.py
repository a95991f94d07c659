"""Pages of the context that allauth does not bring."""

from __future__ import annotations

from http import HTTPStatus

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.auth import devices, leaving, openid, sessions, tokens
from apps.auth.forms import ProfileForm, TokenForm


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


@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    """Your API tokens; a new one is shown in the answer to its form and never again. `revoke` names one to end."""
    person = request.principal.id  # type: ignore[attr-defined]
    if "revoke" in request.POST:
        if tokens.revoke_token(person_id=person, key=request.POST["revoke"]):
            messages.success(request, _("The token no longer works."))
        return redirect("auth:tokens")
    form, made = TokenForm(request.POST or None), ""
    if form.is_valid():
        try:
            made = tokens.make_token(person_id=person, **form.cleaned_data)
            form = TokenForm()
        except tokens.TooManyTokens:
            form.add_error(None, _("You have %d tokens already. Revoke one first.") % tokens.MOST)
    context = {"form": form, "made": made, "tokens": tokens.list_tokens(person), "now": timezone.now()}
    return render(request, "auth/tokens.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def apps_page(request: HttpRequest) -> HttpResponse:
    """The apps that know who you are; `forget` names one that shall no longer."""
    person = request.principal.id  # type: ignore[attr-defined]
    if "forget" in request.POST:
        if openid.forget_app(person_id=person, client_id=request.POST["forget"]):
            messages.success(request, _("The app can no longer ask about you."))
        return redirect("auth:apps")
    return render(request, "auth/apps.html", {"apps": openid.apps_of(person)})


@never_cache
@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What is known of you, and what you may do about it."""
    return render(request, "auth/data.html")


@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """All of it as a file of JSON; 503 while any part of the site can't be asked."""
    known = leaving.data_of(request.principal.id)  # type: ignore[attr-defined]
    options = {"indent": 2, "ensure_ascii": False}
    response = JsonResponse(known, encoder=leaving.Encoder, json_dumps_params=options)
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Delete your account, once you have said that you mean it."""
    if request.method != "POST" or request.POST.get("sure") != "yes":
        return render(request, "auth/delete.html", {"unsure": request.method == "POST"})
    try:
        leaving.leave(request.principal.id)  # type: ignore[attr-defined]
    except leaving.LastOfStaff:
        return render(request, "auth/delete.html", {"is_last": True}, status=HTTPStatus.CONFLICT)
    request.session.flush()
    messages.success(request, _("Your account is deleted."))
    return redirect("/")
