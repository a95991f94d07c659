"""Categories as pages show them: on the way to one, and right below one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet, Subquery

from apps.catalog.categories import LEVELS, paths_to
from apps.catalog.filters import Step
from apps.catalog.localized import localized
from apps.catalog.models import Category, Listing

Context = dict[str, Any]
STEPS = Category.objects.values("pk", "path", "title", "translations", "listing__items", "listing__version")


def shape_version() -> Subquery:
    """The version of SHAPE, read in the same statement as what it is added to."""
    return version_of(Listing.SHAPE)


def version_of(listing: int) -> Subquery:
    return Subquery(Listing.objects.filter(pk=listing).values("version"))


def line(path: str | None) -> list[Context]:
    """A category and those above it, from the top; none for no path."""
    if not path:
        return []
    rows = STEPS.filter(path__in=paths_to(path)[:LEVELS])
    return [dict(row) for row in sorted(rows, key=lambda row: row["path"].count("/"))]


def children(parent: int | None, *, after: str = "", most: int) -> list[Context]:
    """Categories with something in them, right below one or at the top. `after`: `place_of` the last one seen."""
    rows: QuerySet[Category] = Category.objects.filter(parent=parent, listing__items__gt=0)
    if place := read_place(after):
        position, title = place
        rows = rows.filter(Q(position__gt=position) | Q(position=position, title__gt=title))
    columns = ("path", "position", "title", "translations")
    return list(rows.order_by("position", "title").values(*columns, items=F("listing__items"))[:most])


def level(parent: int | None, *, after: str = "", most: int) -> tuple[list[Category], str]:
    """All categories right below one or at the top, and where to go on, "" at the end."""
    rows = Category.objects.filter(parent=parent).select_related("listing").order_by("position", "title")
    if place := read_place(after):
        position, title = place
        rows = rows.filter(position__gte=position).exclude(position=position, title__lte=title)
    found = list(rows[: most + 1])
    last = found[most - 1] if len(found) > most else None
    return found[:most], place_of({"position": last.position, "title": last.title}) if last else ""


def place_of(row: Context) -> str:
    return f"{row['position']}~{row['title']}"


def read_place(text: str) -> tuple[int, str] | None:
    """What `place_of` wrote; None where it did not."""
    position, _tilde, title = text.partition("~")
    is_number = position.isascii() and position.isdecimal() and len(position) < 10
    return (int(position), title) if is_number else None


def named(rows: Iterable[Context], language: str) -> list[Context]:
    return [
        {
            "title": localized(row["title"], row["translations"], "title", language),
            "url": f"/categories/{row['path']}",
            "items": row.get("items"),
        }
        for row in rows
    ]


def steps(line: Iterable[Step], language: str) -> list[Context]:
    """Breadcrumbs."""
    return named(({"path": s.path, "title": s.title, "translations": s.translations} for s in line), language)
