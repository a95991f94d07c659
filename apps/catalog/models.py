"""Our tables, our outbox and inbox.

Truth: Item, its FormerSlug, ItemCategory, ItemAttribute (-> AttributeValue -> Attribute) and ItemPicture rows, and the
Category tree with its FormerPath rows. Everything else is kept beside it so that a page reads a handful of rows by an
index. Favourite is what members keep of it.

- Listing: a list of published items that a page can show: all of them, those in a category (or below it), those
  with a value of an attribute. Keeps how many there are and a `version` that changes when any of them does.
- ListingEntry: an item in a Listing with the keys it is sorted by. Published items only, in every ancestor of
  their categories too.
- Item.subtitle, .subtitles (in other languages), .cover, .gallery and .facts: what a page shows of its attributes and
  pictures, as plain values.
- SearchDocument, SearchWord, ListingWord: what search and suggestions read; search.py explains.

`shown.py` and `listings.py` derive all of it from the truth, for lists of items; nothing else writes it.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import seam.models
from apps.catalog.localized import without_own

TypedValue: TypeAlias = str | Decimal | date
MOST_POSITION = 2**31 - 1  # what every database takes


def new_id() -> int:
    """A random key of 63 bits for rows that only we refer to: known before the insert, whoever inserts."""
    return secrets.randbits(63)


class TranslationsField(models.JSONField):
    """What other languages call a thing: {"es": {"title": …}}. The site's own is not read, whatever a row has."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        read = super().from_db_value(value, expression, connection)
        return without_own(read) if isinstance(read, dict) else read

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs  # the column is the same


class OutboxEvent(seam.models.OutboxEvent):
    pass


class Job(seam.models.Job):
    pass


class Listing(models.Model):
    """`version` is drawn anew on each change, never counted: restoring a backup can't bring an old one back."""

    EVERYTHING = 1  # every published item
    SHAPE = 2  # no items: its version changes with the category tree and with what attributes there are

    id = models.BigIntegerField(primary_key=True, default=new_id)
    items = models.PositiveIntegerField(default=0)
    version = models.BigIntegerField(default=new_id)


class Category(models.Model):
    """A node of the tree; `path` is the slugs from the top, `translations` {"es": {"title": …}}."""

    listing = models.OneToOneField(Listing, primary_key=True, on_delete=models.CASCADE)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children", db_index=False
    )
    slug = models.SlugField(max_length=60, db_index=False)
    path = models.CharField(max_length=750, unique=True)
    title = models.CharField(_("title"), max_length=200)
    translations = models.JSONField(default=dict, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        indexes = [models.Index(fields=["parent", "position", "title"], name="catalog_category_children")]

    def __str__(self) -> str:
        return self.title


class Kind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")


class Attribute(models.Model):
    """What items can be asked for: "Artist". Comes to be when an item first uses its name.

    `is_browsable`: its values have pages. `is_facet`: offered as a filter beside lists and search results.
    `translations` {"es": {"label": …, "values": {slug: what that value is called}}}.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(_("key"), max_length=80, unique=True)
    label = models.CharField(_("label"), max_length=120)
    translations = models.JSONField(default=dict, blank=True)
    is_browsable = models.BooleanField(_("its values have pages"), default=True)
    is_facet = models.BooleanField(_("offered as a filter"), default=True)
    position = models.PositiveIntegerField(
        _("position"), default=0, validators=[MaxValueValidator(MOST_POSITION)]
    )

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")

    def __str__(self) -> str:
        return self.label


class AttributeValue(models.Model):
    """One value that items share: "J. M. W. Turner". `text` is as first written; numbers and dates sort too."""

    listing = models.OneToOneField(Listing, primary_key=True, on_delete=models.CASCADE)
    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, db_index=False, related_name="values")
    slug = models.CharField(max_length=80)
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.TEXT)
    text = models.CharField(max_length=1000)
    number = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    date = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attribute", "slug"], name="catalog_value_once")]

    @property
    def translated(self) -> dict[str, str]:
        """What it is called in other languages, where it is called otherwise. Reads the attribute."""
        if self.kind != Kind.TEXT:
            return {}
        said = self.attribute.translations.items()
        names = {language: texts.get("values", {}).get(self.slug) for language, texts in said}
        return {language: name for language, name in names.items() if name}

    @property
    def typed(self) -> TypedValue:
        """The value as what it is: text, a number or a date."""
        if self.number is not None:
            return Decimal(self.text)  # 1840, where the column says 1840.000000
        return self.text if self.date is None else self.date


class Item(models.Model):
    """A thing on offer. `translations` {"es": {"title": …, "description": …}}; `version` changes with every change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("slug"), max_length=200, unique=True)
    title = models.CharField(_("title"), max_length=400)
    description = models.TextField(_("description"), blank=True)
    translations = TranslationsField(default=dict, blank=True)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    main_category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_published = models.BooleanField(_("published"), default=False)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    owner_id = models.UUIDField(_("created by"), null=True, blank=True)
    version = models.BigIntegerField(default=new_id)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now)

    title_key = models.CharField(max_length=32, db_index=True)
    subtitle = models.CharField(_("subtitle"), max_length=200, blank=True)
    subtitles = models.JSONField(null=True)
    cover = models.JSONField(null=True)
    gallery = models.JSONField(default=list)
    facts = models.JSONField(default=list)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        indexes = [
            models.Index(fields=["changed_at", "id"], name="catalog_item_changed"),
            models.Index(fields=["is_published", "changed_at", "id"], name="catalog_item_drafts"),
        ]

    def __str__(self) -> str:
        return self.title


class FormerSlug(models.Model):
    """An address an item once had leads to the one it has now; it is the newest item's that had it."""

    slug = models.SlugField(max_length=200, primary_key=True)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="former_slugs")


class FormerPath(models.Model):
    """An address a category once had leads to where it is now, or to the one that took in what was in it."""

    path = models.CharField(max_length=750, primary_key=True)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="former_paths")


class ItemCategory(models.Model):
    """An item was placed in exactly this category; that it is in those above follows."""

    pk = models.CompositePrimaryKey("item_id", "category_id")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_index=False, related_name="placements")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")


class ItemAttribute(models.Model):
    """The attributes of an item in their order; one attribute may have several values."""

    pk = models.CompositePrimaryKey("item_id", "position")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_index=False, related_name="attributes")
    position = models.PositiveSmallIntegerField()
    attribute = models.ForeignKey(
        Attribute, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    value = models.ForeignKey(AttributeValue, on_delete=models.CASCADE, related_name="+")


class Picture(models.Model):
    """Our copy of what media says of a picture, as `web/picture.html` shows it: plain strings."""

    class Status(models.TextChoices):
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"
        DELETED = "deleted"  # kept, so that older news of it which arrives late brings nothing back

    asset_id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField(null=True)
    version = models.PositiveBigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.PROCESSING)
    alt = models.CharField(max_length=500, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    placeholder = models.TextField(blank=True)
    avif = models.TextField(blank=True)
    webp = models.TextField(blank=True)
    fallback_src = models.TextField(blank=True)
    fallback_srcset = models.TextField(blank=True)


class ItemPicture(models.Model):
    """The pictures of an item in their order, the cover first. An asset may be named before media says it is ready."""

    pk = models.CompositePrimaryKey("item_id", "position")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_index=False, related_name="pictures")
    position = models.PositiveSmallIntegerField()
    asset_id = models.UUIDField(db_index=True)


class Favourite(models.Model):
    """An item that somebody wants to find again. Kept while it is withdrawn, and shown again when it comes back."""

    pk = models.CompositePrimaryKey("person_id", "item_id")
    person_id = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["person_id", "added_at", "item"], name="catalog_favourite_newest")]


class ListingEntry(models.Model):
    """A published item in a Listing, with its version and its sort keys, each the end of an index.

    Keys but `published_at` end with a part of the item's id (text.py), so pages far into ten thousand equal
    titles or prices cost what the first one costs.
    """

    pk = models.CompositePrimaryKey("listing_id", "item_id")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, db_index=False, related_name="entries")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    version = models.BigIntegerField()
    published_at = models.DateTimeField()
    title_en = models.CharField(max_length=32)
    title_es = models.CharField(max_length=32)
    price = models.CharField(max_length=24)

    class Meta:
        indexes = [
            models.Index(fields=["listing", "published_at", "item"], name="catalog_entry_newest"),
            models.Index(fields=["listing", "title_en", "item"], name="catalog_entry_title_en"),
            models.Index(fields=["listing", "title_es", "item"], name="catalog_entry_title_es"),
            models.Index(fields=["listing", "price", "item"], name="catalog_entry_price"),
        ]


class SearchDocument(models.Model):
    """The words of a published item, in every language; `id` is `document_id(item_id)`, so spread at random.

    `version` is the item's. `places`: the listings it stands in, for facets: `c` and the id of a category, `v` and
    the id of an attribute's value; and `p` when it has a price.
    """

    id = models.BigIntegerField(primary_key=True)
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="+")
    version = models.BigIntegerField()
    title_words = models.CharField(max_length=1000)
    words = models.TextField()
    places = models.TextField()


class SearchWord(models.Model):
    """In how many documents a word stands: decides how a search is run."""

    word = models.CharField(max_length=40, primary_key=True)
    documents = models.PositiveIntegerField(default=0)


class ListingWord(models.Model):
    """The words of a category's or an attribute value's name, for suggestions."""

    pk = models.CompositePrimaryKey("word", "listing_id")
    word = models.CharField(max_length=40)
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="words")


class ImportedRecord(models.Model):
    """Which record of which file became which item, and the digest of what was imported of it.

    `run`: the import that saw it last, so that a key that stands twice in one file is noticed.
    """

    source = models.CharField(max_length=100)
    key = models.CharField(max_length=191)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=32)
    run = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="catalog_record_once")]


class Answer(models.Model):
    """What a POST with an Idempotency-Key was answered; `id` and `digest` are made in once.py."""

    id = models.CharField(max_length=32, primary_key=True)
    digest = models.CharField(max_length=32)
    person_id = models.UUIDField(db_index=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    data = models.JSONField(null=True)
