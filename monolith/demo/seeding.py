"""Fills an empty site with the demo shop, and completes what a killed run left.

Items first, so that the shop stands within a second; then picture after picture through media's upload, so that
they arrive while one looks. Every step looks for what is there already.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from random import Random
from uuid import UUID

import apps.catalog.service as catalog
import apps.media.service as media
from apps.catalog import models
from apps.catalog.contract import ItemChangedMeanwhile
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.models import Item
from monolith.demo.palettes import IN_SPANISH as PALETTES_IN_SPANISH
from monolith.demo.people import ensure_people, working_sign_ins
from monolith.demo.shop import CURRENCY, Category, Picture, Print, Shop, read_shop
from seam import atomic

# What is told of a print, with the Spanish word for it, and whether people look for prints by it.
ATTRIBUTES = {
    "Artist": ("Artista", True),
    "Size": ("Tamaño", True),
    "Palette": ("Paleta", True),
    "Edition": ("Edición", False),
    "Date": ("Fecha", False),
}
VALUES = {"Palette": {"values": PALETTES_IN_SPANISH}}
TRIES = 20


@dataclass(frozen=True)
class Seeding:
    """One run. `folder` remembers that it began (sign-ins.txt) and that it is complete (complete)."""

    folder: Path
    say: Callable[[str], None]
    shop: Shop = field(default_factory=read_shop)

    @property
    def sign_ins(self) -> Path:
        return self.folder / "sign-ins.txt"

    @property
    def complete(self) -> Path:
        return self.folder / "complete"

    def run(self, only: int | None = None) -> None:
        """Make the shop, or its first `only` prints. Raises BlockingIOError while another run is at work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with alone(self.folder / "lock"):
            if self.complete.exists():
                self.say("The demo shop is there already.")
                self.tell_sign_ins()
            elif not self.sign_ins.exists() and models.Category.objects.exists() | Item.objects.exists():
                self.say("This site is not empty, so it gets no demo shop.")
            else:
                self.make(hung(self.shop.prints)[:only])
                if only is None:
                    self.complete.touch()

    def make(self, prints: list[Print]) -> None:
        editor = ensure_people(self.sign_ins)
        self.tell_sign_ins()
        items = ensure_items(self.shop.categories, prints, editor)
        self.say(f"The demo shop is open with {len(prints)} prints; now their pictures are drawn.")
        covers = [(one, picture) for one in prints for picture in one.pictures[:1]]
        others = [(one, picture) for one in prints for picture in one.pictures[1:]]
        for number, (one, picture) in enumerate([*covers, *others], 1):
            ensure_picture(items[one.slug], one.pictures.index(picture), picture, editor)
            if number % 10 == 0 or number == len(covers) + len(others):
                self.say(f"{number} of {len(covers) + len(others)} pictures drawn and uploaded.")

    def tell_sign_ins(self) -> None:
        known = working_sign_ins(self.sign_ins)
        if known:
            self.say(f"To sign in (also in {self.sign_ins}):")
        for person, password in known:
            self.say(f"  {person.role.value:<7} {person.email:<20} {password}")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Raises BlockingIOError while another process holds `lock`; a killed one holds nothing."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def hung(prints: list[Print]) -> list[Print]:
    """The prints as on a wall: families mixed, always in the same order."""
    mixed = list(prints)
    Random("hanging").shuffle(mixed)
    return mixed


def ensure_items(tree: list[Category], prints: list[Print], editor: UUID) -> dict[str, UUID]:
    """The shop without its pictures, published; the id of each print's item by slug."""
    with atomic("catalog"):
        categories = ensure_categories(tree)
        for position, (name, (spanish, asked_for)) in enumerate(ATTRIBUTES.items(), 1):
            catalog.define_attribute(
                name,
                translations={"es": {"label": spanish} | VALUES.get(name, {})},
                position=position,
                is_facet=asked_for,
                is_browsable=asked_for,
            )
        there = dict(Item.objects.filter(slug__in=[one.slug for one in prints]).values_list("slug", "pk"))
        new = [one for one in prints if one.slug not in there]
        items = [Item(owner_id=editor, is_published=True) for _ in new]
        catalog.create_items(items, [draft(one, categories) for one in new])
    return there | {one.slug: item.pk for one, item in zip(new, items, strict=True)}


def ensure_categories(tree: list[Category]) -> dict[str, int]:
    """The tree in both languages; the id of each category by its path."""
    titles = {category.path: category.title.en for category in tree}
    names = {path: tuple(titles[step] for step in steps(path)) for path in titles}
    there = catalog.ensure_categories(list(names.values()))
    for position, category in enumerate(tree, 1):
        row, translations = there[names[category.path]], {"es": {"title": category.title.es}}
        if row.translations != translations:
            catalog.change_category(
                row.pk, title=category.title.en, translations=translations, position=position
            )
    return {path: there[name].pk for path, name in names.items()}


def steps(path: str) -> list[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def draft(one: Print, categories: dict[str, int]) -> Draft:
    return Draft(
        title=one.title.en,
        description=one.description.en,
        translations={"es": {"title": one.title.es, "description": one.description.es}},
        price=one.price,
        currency=CURRENCY,
        categories=[categories[path] for path in one.categories],
        facts=[
            Fact(name="Artist", value=one.artist),
            Fact(name="Size", value=one.size),
            Fact(name="Palette", value=one.palette),
            Fact(name="Edition", value=Decimal(one.edition)),
            Fact(name="Date", value=one.finished),
        ],
        slug=one.slug,
    )


def ensure_picture(item_id: UUID, place: int, picture: Picture, editor: UUID) -> None:
    """Draw, upload and hang a picture, unless the item has as many already or is gone."""
    item = Item.objects.filter(pk=item_id).first()
    if item is None or len(draft_of(item).pictures) > place:
        return
    # The same bytes once more are the same picture, so a run that was killed right here leaves no double.
    asset = media.store_upload(owner_id=editor, file=jpeg(picture), title=picture.title, alt=picture.alt)
    hang(item_id, asset.id)


def hang(item_id: UUID, asset_id: UUID) -> None:
    """Add a picture to an item, on top of whatever others do to it at this moment."""
    for _ in range(TRIES):
        item = Item.objects.filter(pk=item_id).first()
        if item is None:
            return
        now = draft_of(item)
        try:
            catalog.change_item(
                item_id, replace(now, pictures=[*now.pictures, asset_id]), version=item.version
            )
            return
        except ItemChangedMeanwhile:
            continue


def jpeg(picture: Picture) -> BytesIO:
    file = BytesIO()
    file.name = f"{picture.name}.jpg"
    picture.draw().save(file, "JPEG", quality=92, subsampling=0)
    return file
