"""What the demo shop sells: reads shop.toml into plain values, and draws any of its pictures."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from monolith.demo.palettes import PALETTES
from monolith.demo.prints import FAMILIES
from monolith.demo.views import VIEWS

LONG_SIDE = 2000  # pixels, unless asked for otherwise
CURRENCY = "EUR"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The same words in both languages of the site."""

    en: str
    es: str


@dataclass(frozen=True, kw_only=True)
class Category:
    """`path` is the slugs from the top, joined by slashes; parents come before their children."""

    path: str
    title: Text


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture of a print: the sheet itself (`view` is "") or one of the `VIEWS` of it."""

    name: str
    title: str
    alt: str
    family: str
    palette: str
    seed: str
    size: tuple[int, int]
    view: str = ""

    def draw(self) -> Image.Image:
        """Always the same pixels for the same picture."""
        sheet = FAMILIES[self.family](Random(self.seed), self.size, PALETTES[self.palette])
        return VIEWS[self.view](sheet, PALETTES[self.palette]) if self.view else sheet


@dataclass(frozen=True, kw_only=True)
class Print:
    """An item of the shop; `cm` is the width and height of the sheet, `edition` how many were printed."""

    slug: str
    title: Text
    text: Text
    categories: list[str]
    artist: str
    technique: Text
    paper: Text
    palette: str
    edition: int
    finished: date
    cm: tuple[int, int]
    price: Decimal
    pictures: list[Picture]

    @property
    def size(self) -> str:
        return f"{self.cm[0]} × {self.cm[1]} cm"

    @property
    def description(self) -> Text:
        """What it is, then how it was made."""
        made = Text(
            en=f"{self.technique.en} on {self.paper.en}. {self.size}, an edition of {self.edition}.",
            es=f"{self.technique.es} sobre {self.paper.es}. {self.size}, edición de {self.edition}.",
        )
        return Text(en=f"{self.text.en}\n\n{made.en}", es=f"{self.text.es}\n\n{made.es}")


@dataclass(frozen=True, kw_only=True)
class Shop:
    categories: list[Category]
    prints: list[Print]


@cache
def read_shop(long_side: int = LONG_SIDE) -> Shop:
    data = tomllib.loads(Path(__file__).with_name("shop.toml").read_text(encoding="utf-8"))
    return Shop(
        categories=[Category(path=row["path"], title=_text(row, "title")) for row in data["category"]],
        prints=[_print(row, data["family"][row["family"]], long_side) for row in data["print"]],
    )


def _text(row: dict[str, Any], key: str) -> Text:
    return Text(en=row[key], es=row[f"{key}_es"])


def _print(row: dict[str, Any], family: dict[str, Any], long_side: int) -> Print:
    return Print(
        slug=row["slug"],
        title=_text(row, "title"),
        text=_text(row, "text"),
        categories=[family["category"], *row.get("also", [])],
        artist=row["artist"],
        technique=_text(family, "technique"),
        paper=_text(family, "paper"),
        palette=row["palette"].title(),
        edition=row["edition"],
        finished=row["date"],
        cm=(row["cm"][0], row["cm"][1]),
        price=Decimal(row["price"]),
        pictures=list(_pictures(row, family["alt"], long_side)),
    )


def _pictures(row: dict[str, Any], alt: str, long_side: int) -> Iterator[Picture]:
    width, height = (round(long_side * length / max(row["cm"])) for length in row["cm"])
    for view in ("", *row.get("views", ())):
        yield Picture(
            name=f"{row['slug']}-{view}" if view else row["slug"],
            title=row["title"] + VIEW_TITLES[view],
            alt=f"{VIEW_ALTS[view]}{alt}",
            family=row["family"],
            palette=row["palette"],
            seed=row.get("seed", row["slug"]),
            size=(width, height),
            view=view,
        )


VIEW_TITLES = {"": "", "wall": ", on a wall", "detail": ", a detail"}
VIEW_ALTS = {"": "", "wall": "The print framed on a wall. ", "detail": "A part of the print at full size. "}
