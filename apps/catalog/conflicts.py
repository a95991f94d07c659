"""Two who edit one item: what each of them said, field by field, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.core import signing
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from apps.catalog.attributes import keys_of, unsaved_value
from apps.catalog.drafts import Draft, Fact
from apps.catalog.forms import OTHERS
from apps.catalog.localized import shown_value
from apps.catalog.models import Category, Picture

MINE, THEIRS, BOTH = "mine", "theirs", "both"
HAD = "had"


@dataclass(frozen=True)
class Part:
    """A field as people think of it: price and currency are one. `said`: what is compared. `of`: the draft's fields."""

    name: str
    label: str
    said: Callable[[Draft], Any]
    of: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """`by` has changed it: "mine", "theirs" or "both"; theirs is offered first where only they have. Each side is
    lines, or pictures."""

    name: str
    label: str
    by: str
    mine: list[str]
    theirs: list[str]
    pictures: dict[str, list[Picture]]


def parts() -> list[Part]:
    return [
        Part("title", _("Title"), lambda d: d.title, ("title",)),
        Part("description", _("Description"), lambda d: _lines(d.description), ("description",)),
        *(_translated(code, str(name)) for code, name in OTHERS),
        Part("price", _("Price"), lambda d: [str(d.price), d.currency], ("price", "currency")),
        Part("pictures", _("Pictures"), lambda d: [str(pk) for pk in d.pictures], ("pictures",)),
        Part("facts", _("Attributes"), _facts, ("facts",)),
        Part("categories", _("Categories"), _categories, ("categories",)),
        Part("slug", _("Address"), lambda d: d.slug, ("slug",)),
    ]


def _translated(code: str, language: str) -> Part:
    def said(draft: Draft) -> list[Any]:
        texts = draft.translations.get(code, {})
        return [texts.get("title", ""), _lines(texts.get("description", ""))]

    return Part(f"in-{code}", _("In %(language)s") % {"language": language}, said, ("translations",))


Seen = dict[str, Any]


def stamps(item_id: UUID, draft: Draft) -> str:
    """What a form is given and brings back: digests that tell later which fields anybody has changed since, and the
    pictures there were, which may be kept though they are somebody else's. Signed, for that one item."""
    said = {part.name: _digest(part.said(draft)) for part in parts()}
    return signing.dumps(said | {HAD: [pk.hex for pk in draft.pictures]}, salt=_salt(item_id), compress=True)


def read(item_id: UUID, stamped: str) -> Seen:
    """What `stamps` wrote for that item; nothing where it did not."""
    try:
        found: Seen = signing.loads(stamped, salt=_salt(item_id))
    except signing.BadSignature:
        return {}
    return found


def pictures(seen: Seen) -> list[UUID]:
    return [UUID(pk) for pk in seen.get(HAD, [])]


def they_changed(seen: Seen, theirs: Draft) -> bool:
    """Whether anything a person wrote is different now; an item also gets a new version when its pictures are ready."""
    return any(seen.get(part.name) != _digest(part.said(theirs)) for part in parts())


def differences(seen: Seen, mine: Draft, theirs: Draft) -> list[Difference]:
    """Each part that the two say differently."""
    return [
        Difference(
            name=part.name,
            label=part.label,
            by=_by(seen.get(part.name), part, mine, theirs),
            mine=_shown(part, mine),
            theirs=_shown(part, theirs),
            pictures=_pictures(mine, theirs) if part.name == "pictures" else {},
        )
        for part in parts()
        if part.said(mine) != part.said(theirs)
    ]


def _by(before: str | None, part: Part, mine: Draft, theirs: Draft) -> str:
    if before == _digest(part.said(mine)):
        return THEIRS
    return MINE if before == _digest(part.said(theirs)) else BOTH


def settle(mine: Draft, theirs: Draft, choices: Mapping[str, str]) -> Draft:
    """What I said, with theirs where `choices` has `choose-<part>`: "theirs"."""
    for part in parts():
        if choices.get(f"choose-{part.name}") != THEIRS:
            continue
        if part.name.startswith("in-"):
            code = part.name.removeprefix("in-")
            others = {key: texts for key, texts in mine.translations.items() if key != code}
            own = {code: theirs.translations[code]} if code in theirs.translations else {}
            mine = replace(mine, translations=others | own)
        else:
            mine = replace(mine, **{name: getattr(theirs, name) for name in part.of})
    return mine


def _lines(text: str) -> list[str]:
    """A browser sends other ends of lines than it was given."""
    return text.strip().splitlines()


def _facts(draft: Draft) -> list[Any]:
    """An attribute that got another name is the same."""
    keys = keys_of(fact.name for fact in draft.facts)
    return [[keys[fact.name], str(fact.value)] for fact in draft.facts]


def _categories(draft: Draft) -> list[str]:
    return [str(pk) for pk in [*draft.categories[:1], *sorted(draft.categories[1:])]]


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def _salt(item_id: UUID) -> str:
    return f"catalog.seen.{item_id}"


def _shown(part: Part, draft: Draft) -> list[str]:
    if part.name == "facts":
        return [f"{fact.name}: {_value(fact)}" for fact in draft.facts]
    if part.name == "categories":
        return sorted(Category.objects.filter(pk__in=draft.categories).values_list("title", flat=True))
    if part.name == "price":
        return [] if draft.price is None else [f"{number_format(draft.price, 2)} {draft.currency}"]
    if part.name == "pictures":
        return [] if draft.pictures else [_("None")]
    said = part.said(draft)
    return [text for text in _flat(said) if text]


def _flat(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else [text for each in said for text in _flat(each)]


def _value(fact: Fact) -> str:
    return shown_value(str(fact.value), unsaved_value(fact.value).kind)


def _pictures(mine: Draft, theirs: Draft) -> dict[str, list[Picture]]:
    known = Picture.objects.in_bulk({*mine.pictures, *theirs.pictures})
    return {
        side: [known.get(pk, Picture(asset_id=pk)) for pk in draft.pictures]
        for side, draft in ((MINE, mine), (THEIRS, theirs))
    }
