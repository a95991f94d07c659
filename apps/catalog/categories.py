"""The tree of categories: found and made by name, and what lies above one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from django.utils.translation import gettext as _

from apps.catalog import kept
from apps.catalog.attributes import name_listings
from apps.catalog.bulk import insert
from apps.catalog.contract import InvalidCategory
from apps.catalog.localized import OWN, localized, without_own
from apps.catalog.models import Category, FormerPath, Listing, new_id
from apps.catalog.text import slug_of

LEVELS = 10
SLUG_LENGTH = 60
PATH_LENGTH = 750
Translations: TypeAlias = dict[str, dict[str, str]]


def paths_to(path: str) -> list[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def by_path(paths: Iterable[str], *, former: bool = False) -> dict[str, Category]:
    """Those categories, with all above them, by path; with `former` also by one that they had."""
    wanted = {step for path in paths for step in paths_to(path)}
    found = {
        category.path: category
        for some in kept.chunks(sorted(wanted))
        for category in Category.objects.filter(path__in=some)
    }
    if former:
        for some in kept.chunks(sorted(wanted - set(found))):
            rows = FormerPath.objects.filter(path__in=some).select_related("category")
            found |= {row.path: row.category for row in rows}
    return found


def current(former: str) -> str | None:
    """The path of the category that once had that one; None where there is none."""
    return FormerPath.objects.filter(path=former).values_list("category__path", flat=True).first()


@dataclass(frozen=True)
class Told:
    """What is said beforehand of a category by its path."""

    title: str
    translations: Translations
    position: int = 0


def ensure(
    names: Iterable[tuple[str, ...]],
    translations: Mapping[str, Translations] | None = None,
    *,
    told: Mapping[str, Told] | None = None,
) -> dict[tuple[str, ...], Category]:
    """The category of each path of names, root first; made where it is new. Call under kept.lock().

    `translations`: for those made, by title, e.g. {"people": {"es": {"title": "personas"}}}. `told`: more of those
    made, by path, where names are parts of the path themselves.

    Names that differ in case and accents only are the same category. One that was moved is found by where it was, so
    an import that is run again makes no second one.
    """
    wanted = {path: "/".join(slug_of(name, SLUG_LENGTH) for name in path) for path in names}
    found = by_path(wanted.values(), former=True)
    new: dict[str, Category] = {}
    for path, slugs in sorted(wanted.items(), key=lambda pair: len(pair[0])):
        for depth, step in enumerate(paths_to(slugs)):
            if step not in found:
                parent = found[step.rpartition("/")[0]] if depth else None
                title = path[depth]
                made = _unsaved(title, parent, (translations or {}).get(title, {}))
                if said := (told or {}).get(step):
                    made.title, made.translations = _named(said.title, said.translations)
                    made.position = said.position
                there = None if made.path == step else Category.objects.filter(path=made.path).first()
                found[step] = there or new.setdefault(made.path, made)
    _save(list(new.values()))
    return {path: found[slugs] for path, slugs in wanted.items()}


def _unsaved(title: str, parent: Category | None, translations: Translations, slug: str = "") -> Category:
    slug = slug or slug_of(title, SLUG_LENGTH)
    title, others = _named(title, translations)
    path = f"{parent.path}/{slug}" if parent else slug
    return Category(
        listing_id=new_id(),
        parent_id=parent and parent.pk,
        slug=slug,
        path=path,
        title=title,
        translations=others,
    )


def _named(title: str, translations: Translations) -> tuple[str, Translations]:
    """Title and translations where an import says another title in the site's own language."""
    return localized(title, translations, "title", OWN), without_own(translations)


def _save(new: list[Category]) -> None:
    if not new:
        return
    Listing.objects.bulk_create([Listing(pk=category.pk) for category in new], batch_size=1000)
    forget_former(category.path for category in new)
    for depth in range(LEVELS):  # parents before children
        level = [category for category in new if category.path.count("/") == depth]
        insert(level)
    name_listings({category.pk: names_of(category) for category in new})
    kept.touch(Listing.SHAPE)


def forget_former(paths: Iterable[str]) -> None:
    """Addresses of today lead nowhere else."""
    for some in kept.chunks(paths):
        FormerPath.objects.filter(path__in=some).delete()


def refuse_too_deep(placed: Iterable[Category]) -> None:
    """Raises InvalidCategory for a path that no category can have."""
    paths = [category.path for category in placed]
    if any(path.count("/") >= LEVELS for path in paths):
        raise InvalidCategory(_("Categories can be %(most)d levels deep.") % {"most": LEVELS})
    if any(len(path) > PATH_LENGTH for path in paths):
        raise InvalidCategory(_("The address would become too long. Shorten one of its parts."))


def names_of(category: Category) -> str:
    """Its title in every language."""
    return " ".join([category.title, *(t.get("title", "") for t in category.translations.values())])


def ensure_child(
    title: str, parent: Category | None, translations: Translations, slug: str = ""
) -> tuple[Category, bool]:
    """The category of that name below `parent`, or at the top, and whether it was made. Call under kept.lock().

    One that is there stays as it is. `slug` "" makes one from the title. Raises InvalidCategory.
    """
    new = _unsaved(title, parent, translations, slug)
    if there := Category.objects.filter(path=new.path).first():
        return there, False
    refuse_too_deep([new])
    last = Category.objects.filter(parent=parent).order_by("-position").values_list("position", flat=True)
    # Where nobody has ordered them yet all are at 0, and stand in the order of their titles.
    new.position = number + 1 if (number := last.first()) else 0
    _save([new])
    return new, True
