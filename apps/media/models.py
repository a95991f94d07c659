"""Our tables, our outbox and inbox."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import seam.models
from apps.media.contract import AssetStatus
from apps.media.reasons import sentence


class Original(models.Model):
    """Bytes somebody uploaded, kept once whoever uploads them again, and the files made of them.

    Every file belongs to one row for ever: its name holds the row's id, so removing the files of a row that is gone
    can't meet somebody who uploads the same bytes at that moment. `name`: in the storage of originals.
    `renditions`: a list of {format, width, height, bytes, name}, the widest first.
    """

    STATUSES = [
        (AssetStatus.PROCESSING.value, _("being prepared")),
        (AssetStatus.READY.value, _("ready")),
        (AssetStatus.FAILED.value, _("can't be shown")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=150, unique=True)
    bytes = models.PositiveBigIntegerField()
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    status = models.CharField(
        _("state"), max_length=10, choices=STATUSES, default=AssetStatus.PROCESSING.value
    )
    failure = models.CharField(max_length=40, blank=True, default="")
    failure_facts = models.JSONField(default=dict, blank=True)
    placeholder = models.TextField(blank=True, default="")
    renditions = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("original")
        verbose_name_plural = _("originals")

    def __str__(self) -> str:
        return self.name

    @property
    def rendition_names(self) -> list[str]:
        return [rendition["name"] for rendition in self.renditions]


class Asset(models.Model):
    """A picture in somebody's library. `version` grows with every change others are told of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.UUIDField(_("owner"))
    original = models.ForeignKey(Original, on_delete=models.PROTECT, related_name="assets")
    title = models.CharField(_("title"), max_length=200, blank=True)
    alt = models.CharField(_("alternative text"), max_length=500, blank=True)
    file_name = models.CharField(_("file name"), max_length=255, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        indexes = [
            models.Index(F("owner_id"), F("created_at").desc(), F("id").desc(), name="media_asset_newest")
        ]
        constraints = [models.UniqueConstraint(fields=["owner_id", "original"], name="media_asset_once")]

    def __str__(self) -> str:
        return self.title or self.file_name or str(self.id)

    @property
    def status(self) -> AssetStatus:
        return AssetStatus(self.original.status)

    @property
    def is_processing(self) -> bool:
        return self.status is AssetStatus.PROCESSING

    @property
    def is_ready(self) -> bool:
        return self.status is AssetStatus.READY

    @property
    def has_failed(self) -> bool:
        return self.status is AssetStatus.FAILED

    @property
    def reason(self) -> str:
        """Why it can't be shown, for its owner, in the language of the moment."""
        return sentence(self.original.failure, self.original.failure_facts) if self.has_failed else ""


class AssetWord(models.Model):
    """A word that somebody's picture is found by (words.py). `owner_id` is the picture's."""

    pk = models.CompositePrimaryKey("asset_id", "word")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, db_index=False, related_name="words")
    owner_id = models.UUIDField()
    word = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["owner_id", "word", "asset"], name="media_word_own")]


class Usage(models.Model):
    """How many bytes somebody's originals have together; each counts once, whoever else has it too."""

    owner_id = models.UUIDField(primary_key=True)
    bytes = models.BigIntegerField(default=0)


class OutboxEvent(seam.models.OutboxEvent):
    pass


class Job(seam.models.Job):
    pass
