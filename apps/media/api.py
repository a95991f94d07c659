"""REST: one's own pictures under /api/v1/media/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.auth.client import IsSignedIn
from apps.media import delivery, models, service, straight
from apps.media.contract import AssetNotFound, InvalidQuery, StorageAway
from apps.media.paging import page_of
from apps.media.reasons import PictureRefused, sentence
from apps.media.search import own_pictures
from apps.media.serving import RETRY_SECONDS
from apps.media.uploads import take_pictures
from apps.media.uses import uses_of
from seam import ContractError

REFUSAL_STATUS = {
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_straight": HTTPStatus.NOT_FOUND,
    "no_room": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "no_length": HTTPStatus.LENGTH_REQUIRED,
    "not_a_picture": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


class Refused(exceptions.APIException):
    """A picture that is not taken in, with the status of its reason."""

    def __init__(self, reason: PictureRefused) -> None:
        super().__init__(str(reason), reason.code)
        self.status_code = REFUSAL_STATUS.get(reason.code, HTTPStatus.UNPROCESSABLE_ENTITY)


class Away(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = StorageAway.code.rpartition(".")[2]
    wait = RETRY_SECONDS


class CatalogueAway(Away):
    default_code = "catalogue_is_away"


class MediaView(APIView):
    area = "media"
    permission_classes = [IsSignedIn]
    statuses: ClassVar[dict[type[ContractError], HTTPStatus]] = {AssetNotFound: HTTPStatus.NOT_FOUND}

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, PictureRefused):
            exc = Refused(exc)
        elif isinstance(exc, StorageAway):
            exc = Away(sentence("away", {}))
        return super().handle_exception(exc)

    def own(self, request: Request, asset_id: UUID) -> models.Asset:
        return service.get_own(owner_id=_me(request), asset_id=asset_id)


class Assets(MediaView):
    parser_classes = [MultiPartParser]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The handler is set before anything looks for a CSRF token, which reads the body."""
        self.refused: PictureRefused | None = None
        if request.method == "POST":
            try:
                take_pictures(request, at_most=1)
            except PictureRefused as refused:
                self.refused = refused
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: Request) -> Response:
        """`limit` (1 to 200), `after`, which is `next` of the page before, and `q`, words to look for."""
        limit = request.query_params.get("limit", "60")
        if not limit.isdecimal():
            raise InvalidQuery(_("`limit` is a number from 1 to 200."))
        own = own_pictures(_me(request), request.query_params.get("q", ""))
        page, following = page_of(own, limit=int(limit[:9]), after=request.query_params.get("after"))
        return Response({"items": [represented(asset) for asset in page], "next": following})

    def post(self, request: Request) -> Response:
        """A picture as `file`, with `title` and `alt` if wanted. 201, or 200 for one that is here already."""
        if self.refused:
            raise self.refused
        file = request.FILES.get("file")
        if file is None:
            raise PictureRefused("no_file")
        about = _sent(request, About)
        return _kept(*service.keep(owner_id=_me(request), file=file, **about))


class Uploads(MediaView):
    def post(self, request: Request) -> Response:
        """Begin to send a picture straight to S3: `file_name` and `bytes`.

        The answer has the `url` and the `fields` of a form, to which the file is added last as `file`, and `upload`,
        which goes to /uploads/finish when it is sent. 404 where pictures come through the site.
        """
        said = _sent(request, UploadFields)
        begun = straight.begin(owner_id=_me(request), file_name=said["file_name"], size=said["bytes"])
        return Response(begun, status=HTTPStatus.CREATED)


class FinishUpload(MediaView):
    def post(self, request: Request) -> Response:
        """Keep what was sent: `upload`, with `title` and `alt` if wanted. 201, or 200 for one that is here already."""
        return _kept(*straight.finish(owner_id=_me(request), **_sent(request, FinishFields)))


class OneAsset(MediaView):
    parser_classes = [*MediaView.parser_classes, FormParser]

    def get(self, request: Request, asset_id: UUID) -> Response:
        return Response(represented(self.own(request, asset_id)))

    def patch(self, request: Request, asset_id: UUID) -> Response:
        """`title` and `alt`, either or both."""
        asset = self.own(request, asset_id)
        about = {"title": asset.title, "alt": asset.alt} | _sent(request, About)
        asset = service.describe(owner_id=_me(request), asset_id=asset_id, **about)
        return Response(represented(asset))

    def delete(self, request: Request, asset_id: UUID) -> Response:
        service.delete_asset(owner_id=_me(request), asset_id=asset_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class OriginalFile(MediaView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """It is neither JSON nor XML, whatever is accepted; only an error is."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        """The bytes as they were uploaded; in parts, too."""
        return delivery.original(request._request, self.own(request, asset_id))


class Retry(MediaView):
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Prepare anew a picture that could not be shown; as it is where there is nothing to try."""
        return Response(represented(service.retry(owner_id=_me(request), asset_id=asset_id)))


class Uses(MediaView):
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Which items show it. 503 while the catalogue can't tell."""
        found = uses_of(self.own(request, asset_id).pk)
        if found is None:
            raise CatalogueAway(_("Where it is used can't be told at this moment. Try again soon."))
        uses = [{"item": str(use.item_id), "title": use.title, "page": use.url or None} for use in found.uses]
        return Response({"uses": uses, "more": found.more})


class Text(serializers.CharField):
    """Takes text and turns nothing else into it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class About(serializers.Serializer):
    title = Text(max_length=200, allow_blank=True, required=False)
    alt = Text(max_length=500, allow_blank=True, required=False)


class UploadFields(serializers.Serializer):
    file_name = Text(max_length=1000, allow_blank=True, default="")
    bytes = serializers.IntegerField(min_value=0)


class FinishFields(About):
    upload = Text(allow_blank=True)


def represented(asset: models.Asset) -> dict[str, Any]:
    return {
        "id": str(asset.pk),
        "url": _url(asset),
        "title": asset.title,
        "alt": asset.alt,
        "status": asset.status.value,
        "reason": asset.reason,
        "width": asset.original.width,
        "height": asset.original.height,
        "placeholder": asset.original.placeholder,
        "renditions": [asdict(rendition) for rendition in service.told(asset).renditions],
        "created_at": asset.created_at.isoformat(),
    }


def _kept(asset: models.Asset, is_new: bool) -> Response:
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return Response(represented(asset), status=status, headers={"Location": _url(asset)})


def _url(asset: models.Asset) -> str:
    return reverse("media:api-asset", args=[asset.pk])


def _me(request: Request) -> UUID:
    owner_id: UUID = request.user.id  # type: ignore[assignment]
    return owner_id


def _sent(request: Request, form: type[serializers.Serializer]) -> dict[str, Any]:
    """What the request says, as `form` reads it."""
    if not isinstance(request.data, Mapping):
        raise exceptions.ParseError(_("Send an object with `title` and `alt`."))
    fields = form(data=request.data)
    fields.is_valid(raise_exception=True)
    valid: dict[str, Any] = fields.validated_data
    return valid
