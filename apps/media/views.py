"""Pages of one's own pictures. Every one of them is for its owner; somebody else's picture is not there."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from apps.auth.client import require_sign_in
from apps.auth.contract import Principal, Role
from apps.media import delivery, models, service, straight
from apps.media.archive import archive
from apps.media.contract import AssetNotFound, InvalidQuery, StorageAway
from apps.media.forms import DescribeForm
from apps.media.paging import newest, page_of
from apps.media.pictures import picture_of
from apps.media.quota import room_of
from apps.media.reasons import PictureRefused, Size
from apps.media.search import own_pictures
from apps.media.serving import RETRY_SECONDS, not_now
from apps.media.uploads import FILES_AT_ONCE, PictureUpload, take_pictures
from apps.media.uses import uses_of

PAGE = 48
QUERY_LENGTH = 200
CARD_WIDTH = 640  # a card is at most 16rem wide, on a screen of up to two and a half pixels to the point


@require_safe
@require_sign_in
def pictures(request: HttpRequest) -> HttpResponse:
    return _library(request)


def _library(
    request: HttpRequest,
    refusals: list[tuple[str, PictureRefused]] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    after, query = request.GET.get("after"), request.GET.get("find", "").strip()[:QUERY_LENGTH]
    try:
        assets, following = page_of(own_pictures(_me(request), query), limit=PAGE, after=after)
    except InvalidQuery:
        return redirect("media:pictures")
    asked = {"find": query} if query else {}
    context = {
        "cards": [_card(asset) for asset in assets],
        "progress": _progress(assets),
        "next": f"?{urlencode(asked | {'after': following})}" if following else "",
        "first": f"?{urlencode(asked)}" if asked else "",
        "after": after,
        "query": query,
        "room": room_of(_me(request)),
        "refusals": refusals or [],
        "limit": settings.MEDIA_MAX_UPLOAD_MB,
        "files_at_once": FILES_AT_ONCE,
        "is_straight": bool(straight.origin()),
    }
    return _with_bucket(request, render(request, "media/pictures.html", context, status=status))


def _with_bucket(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """The page, which may send pictures to S3 where they go straight there."""
    if not straight.origin():
        return page
    allowing = csp_update({"connect-src": [straight.origin()]})
    return cast(HttpResponse, allowing(lambda _request: page)(request))


@require_GET
@require_sign_in
def progress(request: HttpRequest) -> HttpResponse:
    """For htmx: what has become of the pictures of `ids`; those that changed come as new cards."""
    assets = list(newest().filter(owner_id=_me(request), pk__in=_ids(request.GET.get("ids", ""))))
    changed = [_card(asset) for asset in assets if not _is_waiting(asset)]
    return render(
        request, "media/progress.html", {"cards": changed, "progress": _progress(assets), "swap": True}
    )


@csrf_exempt  # checked by `_upload`: looking for the token reads the body, which nobody else may send us
@require_POST
@require_sign_in
def upload(request: HttpRequest) -> HttpResponse:
    try:
        handler = take_pictures(request, at_most=FILES_AT_ONCE)
    except PictureRefused as refused:
        return _library(request, [("", refused)], HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return _upload(request, handler)
    except StorageAway:  # no room for the files while they came
        return _refused(request, [("", PictureRefused("away"))])


@csrf_protect
def _upload(request: HttpRequest, handler: PictureUpload) -> HttpResponse:
    kept, refusals = 0, []
    for file in request.FILES.getlist("file"):
        try:
            service.keep(owner_id=_me(request), file=file)
            kept += 1
        except PictureRefused as refused:
            refusals.append((str(file.name), refused))
        except StorageAway:
            refusals.append((str(file.name), PictureRefused("away")))
    if handler.had_too_many:
        refusals.append(("", PictureRefused("too_many", limit=FILES_AT_ONCE)))
    if not kept and not refusals:
        refusals.append(("", PictureRefused("no_file")))
    if kept:
        said = ngettext("{count} picture is here now.", "{count} pictures are here now.", kept)
        messages.success(request, said.format(count=kept))
    if refusals:
        return _refused(request, refusals)
    return redirect("media:pictures")


def _refused(request: HttpRequest, refusals: list[tuple[str, PictureRefused]]) -> HttpResponse:
    """The library, with what was refused and why; 503 when one of them is no fault of its sender."""
    if all(refused.code != "away" for _name, refused in refusals):
        return _library(request, refusals, HTTPStatus.UNPROCESSABLE_ENTITY)
    answer = _library(request, refusals, HTTPStatus.SERVICE_UNAVAILABLE)
    answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@require_sign_in
def picture(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    asset = _own(request, asset_id)
    form = DescribeForm(request.POST or None, instance=asset)
    if form.is_valid():
        service.describe(owner_id=_me(request), asset_id=asset_id, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("media:picture", asset_id)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    own = {"picture": picture_of(asset), "size": Size(asset.original.bytes), "form": form}
    context = {**_card(asset), **_uses(request, asset_id), **own}
    return render(request, "media/picture.html", context, status=status)


@require_safe
@require_sign_in
def original(request: HttpRequest, asset_id: UUID) -> HttpResponseBase:
    return delivery.original(request, _own(request, asset_id))


@require_safe
@require_sign_in
def download(request: HttpRequest) -> HttpResponseBase:
    """Everything of one's own as one file."""
    if not models.Asset.objects.filter(owner_id=_me(request)).exists():
        return redirect("media:pictures")
    try:
        pieces = archive(_me(request)) if request.method == "GET" else []
    except StorageAway:
        return not_now()
    headers = {
        "Content-Disposition": 'attachment; filename="pictures.zip"',
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(pieces, content_type="application/zip", headers=headers)


@require_POST
@require_sign_in
def retry(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    _own(request, asset_id)
    service.retry(owner_id=_me(request), asset_id=asset_id)
    return redirect("media:pictures")


@require_http_methods(["GET", "HEAD", "POST"])
@require_sign_in
def delete(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    asset = _own(request, asset_id)
    if request.method != "POST":
        return render(request, "media/delete.html", {**_card(asset), **_uses(request, asset_id)})
    service.delete_asset(owner_id=_me(request), asset_id=asset_id)
    messages.success(request, _("“{title}” is deleted.").format(title=asset))
    return redirect("media:pictures")


def _me(request: HttpRequest) -> UUID:
    owner_id: UUID = request.principal.id  # type: ignore[attr-defined]
    return owner_id


def _own(request: HttpRequest, asset_id: UUID) -> models.Asset:
    try:
        return service.get_own(owner_id=_me(request), asset_id=asset_id)
    except AssetNotFound as error:
        raise Http404(str(error)) from error


def _card(asset: models.Asset) -> dict[str, object]:
    return {
        "asset": asset,
        "picture": picture_of(asset, widest=CARD_WIDTH),
        "may_retry": service.may_retry(asset),
    }


def _uses(request: HttpRequest, asset_id: UUID) -> dict[str, object]:
    principal: Principal = request.principal  # type: ignore[attr-defined]
    return {"uses": uses_of(asset_id), "may_edit": principal.has_role(Role.EDITOR)}


def _is_waiting(asset: models.Asset) -> bool:
    """Worth asking about again; one that got stuck is for its owner to start anew."""
    return asset.is_processing and not service.may_retry(asset)


def _progress(assets: list[models.Asset]) -> dict[str, object]:
    waiting = [str(asset.pk) for asset in assets if _is_waiting(asset)]
    query = urlencode({"ids": ",".join(waiting)}, safe=",")
    return {"count": len(waiting), "url": f"{reverse('media:progress')}?{query}"}


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(part) for part in text.split(",") if part][:PAGE]
    except ValueError:
        return []
