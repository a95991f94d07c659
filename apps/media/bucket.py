"""Files in a bucket of S3 or of a server that speaks its protocol."""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError as BrokenOff
from django.core.files import File
from storages.backends.s3 import S3Storage

from apps.media import tickets
from apps.media.contract import StorageAway
from apps.media.patience import Patience
from apps.media.storage import CONTENT_TYPES, IMMUTABLE, Trouble

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
IN_MEMORY = 1_000_000  # what is read as a file lies on the disk from here on
# Up to here a file is one PUT, so it leaves no parts behind when it is broken off.
ONE_REQUEST = 64 * 1024 * 1024
CONNECT_SECONDS, ANSWER_SECONDS, ATTEMPTS = 2, 5, 2
NO_ANSWER = (NotConnected, BrokenOff)
GONE = {"404", "NoSuchKey", "NotFound"}

patience = Patience("The store of the pictures")


class Bucket(S3Storage):
    """A part of a bucket, named by `location`. A file is whole or not there: S3 promises that of a PUT.

    Saving under a name that exists replaces the file.
    """

    def __init__(
        self, *, kind: str, largest: int, addressing: str, base_url: str | None = None, **options: Any
    ) -> None:
        self.kind, self.largest, self.base_url = kind, largest, base_url
        super().__init__(
            client_config=_config(addressing),
            transfer_config=TransferConfig(use_threads=False, multipart_threshold=ONE_REQUEST),
            default_acl=None,
            file_overwrite=True,
            **options,
        )

    @property
    def connection(self) -> Any:
        """One for all threads and all three storages: of it we use the client, which is made for that."""
        return _connection(
            self.access_key,
            self.secret_key,
            self.security_token,
            self.region_name,
            self.endpoint_url,
            self.client_config,
        )

    @property
    def client(self) -> Any:
        return self.connection.meta.client

    def _where(self, name: str) -> dict[str, str]:
        """Raises SuspiciousOperation for a name outside of `location`."""
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}

    def _save(self, name: str, content: Any) -> str:
        with asked(name):
            return super()._save(name, content)

    def _open(self, name: str, mode: str = "rb") -> File:
        """The whole file, through the disk; `part` is for who hands it on."""
        if mode != "rb":
            raise ValueError("Files are opened to be read as bytes; `save` writes.")
        target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, prefix="from-bucket-")  # noqa: SIM115  the File closes it
        try:
            with asked(name):
                body = self.client.get_object(**self._where(name))["Body"]
                for chunk in body.iter_chunks(CHUNK):
                    target.write(chunk)
            target.seek(0)
            return File(target, name=name)
        except BaseException:
            target.close()
            raise

    def exists(self, name: str) -> bool:
        with asked(name):
            return super().exists(name)

    def delete(self, name: str) -> None:
        with asked(name):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with asked(path):
            return super().listdir(path)

    def size(self, name: str) -> int:
        return self.stat(name)[0]

    def get_modified_time(self, name: str) -> datetime:
        return self.stat(name)[1]

    def stat(self, name: str) -> tuple[int, datetime]:
        """Bytes, and when it was written."""
        with asked(name, soon=True):
            found = self.client.head_object(**self._where(name))
        return found["ContentLength"], found["LastModified"]

    def part(self, name: str, wanted: range) -> Iterator[bytes]:
        """Asked for at once, so that a store that is away is known of before the answer has begun."""
        if not wanted:
            return iter(())
        with asked(name, soon=True):
            found = self.client.get_object(
                **self._where(name), Range=f"bytes={wanted.start}-{wanted.stop - 1}"
            )
        return Chunks(found["Body"])

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        if self.base_url is None:
            raise ValueError("These files have no address; url_to_read gives one for a while.")
        return f"{self.base_url}{name}"

    def url_to_read(self, name: str, *, seconds: int) -> str:
        """An absolute URL that gives this one file by GET for so long, at most a week, to whoever has it."""
        return self._presigned("get_object", seconds, self._where(name))

    def url_to_write(self, name: str, *, seconds: int, content_type: str) -> str:
        """An absolute URL that takes this one file by PUT for so long, at most a week, with that Content-Type.

        A second PUT replaces the file. S3 itself sets no limit to its length, nor does this.
        """
        return self._presigned("put_object", seconds, self._where(name) | {"ContentType": content_type})

    def form_to_write(self, name: str, *, seconds: int, largest: int) -> dict[str, str]:
        """The fields of a form that a browser sends to the bucket by POST, the file behind them, for so long.

        It takes this one name, of 1 to `largest` bytes, as nothing but bytes: S3 looks at all of it.
        """
        where = self._where(name)
        bytes_only = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        try:
            form = self.client.generate_presigned_post(
                **where,
                Fields=bytes_only,
                Conditions=[
                    ["content-length-range", 1, largest],
                    *({key: value} for key, value in bytes_only.items()),
                ],
                ExpiresIn=tickets.checked(seconds),
            )
        except BotoCoreError as error:
            raise StorageAway(str(error)) from error
        fields: dict[str, str] = form["fields"]
        return fields

    def _presigned(self, operation: str, seconds: int, params: dict[str, str]) -> str:
        try:
            return self.client.generate_presigned_url(
                operation, Params=params, ExpiresIn=tickets.checked(seconds)
            )
        except BotoCoreError as error:  # no credentials, and no role that would give some
            raise StorageAway(str(error)) from error

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """What the file is to whoever reaches it at the store itself: what delivery.py would have said."""
        suffix = name.rpartition(".")[2]
        if self.kind == "renditions" and suffix in CONTENT_TYPES:
            return self.object_parameters | {
                "ContentType": CONTENT_TYPES[suffix],
                "CacheControl": IMMUTABLE,
                "ContentDisposition": "inline",
            }
        return self.object_parameters | {
            "ContentType": "application/octet-stream",
            "CacheControl": "private, no-store",
            "ContentDisposition": "attachment",
        }

    def trouble(self) -> Trouble | None:
        """Why files can't be kept here, if so."""
        probe = self._where(f".probe-{uuid.uuid4().hex}")
        try:
            self.client.put_object(**probe, Body=b"")
            self.client.head_object(**probe)
            self.client.delete_object(**probe)
        except (BotoCoreError, ClientError) as error:
            return self._explained(error)
        return None

    def _explained(self, error: BotoCoreError | ClientError) -> Trouble:
        place = f"{self.bucket_name} at {self.endpoint_url or 'Amazon S3'}"
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return Trouble(
                "STORAGE_URL has no KEY:SECRET, and the machine has no role that would give one. Write "
                "s3://KEY:SECRET@bucket, or give it a role."
            )
        if isinstance(error, BotoCoreError):
            return Trouble(
                f"Nobody answers for the bucket {place} ({error}). Start the server, or correct `endpoint` in "
                "STORAGE_URL.",
                passes=True,
            )
        code = error.response["Error"]["Code"]
        return Trouble(
            f"The bucket {place} can't be used ({code}). {REMEDIES.get(code, str(error))}",
            passes=error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500,
        )


REMEDIES = {
    **dict.fromkeys(
        ("NoSuchBucket", "404"), "Make it, or name another one in STORAGE_URL: s3://KEY:SECRET@bucket."
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
        "Check KEY and SECRET in STORAGE_URL; a / ? # or % in them is written %2F %3F %23 %25.",
    ),
    **dict.fromkeys(
        ("AccessDenied", "403"),
        "Allow this account s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject in it.",
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        "Say where it is: ?region=… in STORAGE_URL.",
    ),
    "RequestTimeTooSkewed": "Set the clock of this machine right.",
}


@lru_cache
def _config(addressing: str) -> Config:
    """One object for all three storages, so that they share a connection."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=32,
        # Checksums of botocore's newer kind are refused by many servers that are not Amazon's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@lru_cache(maxsize=8)
def _connection(key: str, secret: str, token: str, region: str, endpoint: str, config: Config) -> Any:
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)
    return session.resource("s3", region_name=region, endpoint_url=endpoint, config=config)


@contextmanager
def asked(name: str, *, soon: bool = False) -> Iterator[None]:
    """What goes wrong at S3 in Django's words. `soon`: an answer that is due within a second."""
    with patience.waiting(soon=soon) as wait:
        try:
            yield
        except BotoCoreError as error:
            log.warning("S3 does not answer: %s", error)
            wait.failed = isinstance(error, NO_ANSWER)
            raise StorageAway(f"The store of the pictures does not answer: {error}") from error
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise FileNotFoundError(f"There is no file {name}.") from error
            log.warning("S3 refuses: %s", error)
            wait.failed = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
            raise StorageAway(f"The store of the pictures refuses: {error}") from error


class Chunks:
    """The rest of an answer of S3. Closing gives its connection back, even when nothing was read."""

    def __init__(self, body: Any) -> None:
        self._chunks, self.close = body.iter_chunks(CHUNK), body.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)
