"""Takes files off the wire: to disk, never past the limit, and nothing at all for who may not send any."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from apps.media.contract import StorageAway
from apps.media.folder import disk
from apps.media.reasons import PictureRefused

# A form without JavaScript sends all its files in one request; with it, each goes by itself.
FILES_AT_ONCE = 10
FIELDS = 100_000  # what a form has besides its files


def picture_bytes() -> int:
    return int(settings.MEDIA_MAX_UPLOAD_MB) * 10**6


def take_pictures(request: HttpRequest, *, at_most: int) -> PictureUpload:
    """Let this request bring up to `at_most` files. Raises PictureRefused before any of its body is read."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        raise PictureRefused("no_length")
    if int(length) > at_most * picture_bytes() + FIELDS:
        one = PictureRefused("too_large", limit=settings.MEDIA_MAX_UPLOAD_MB)
        raise one if at_most == 1 else PictureRefused("upload_too_large")
    handler = PictureUpload(request, at_most=at_most)
    request.upload_handlers = [handler]
    return handler


class TooLarge(UploadedFile):
    """What is left of a file that went past the limit: its name and how long it was."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(BytesIO(), name, size=size)


class PictureUpload(TemporaryFileUploadHandler):
    """Writes each file to disk as it comes and stops writing at the limit; the other files are kept.

    Nothing is raised to skip a file: Django would close the one before it as well. StorageAway is, when the disk is
    full.
    """

    def __init__(self, request: HttpRequest, *, at_most: int) -> None:
        super().__init__(request)
        self.files_left = at_most
        self.had_too_many = False

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        self.had_too_many = not self.files_left
        if not self.had_too_many:
            self.files_left -= 1
            # So browsers write a quotation mark (HTML, "multipart/form-data"), and nothing else that people type.
            file_name = file_name.replace("%22", '"')
            with disk():
                super().new_file(field_name, file_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.had_too_many:
            return
        if start + len(raw_data) <= picture_bytes():
            self._write(raw_data, start)
        else:
            self.file.truncate(0)

    def _write(self, raw_data: bytes, start: int) -> None:
        try:
            with disk():
                super().receive_data_chunk(raw_data, start)
        except StorageAway:
            self.file.close()
            raise

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if self.had_too_many:
            return None
        if file_size <= picture_bytes():
            return super().file_complete(file_size)
        self.file.close()
        return TooLarge(self.file.name or "", file_size)
