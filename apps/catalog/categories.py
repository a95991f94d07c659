"""The tree of categories: found and made by name, renamed, and what lies above one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apps.catalog import kept
from apps.catalog.attributes import name_listings
from apps.catalog.bulk import insert
from apps.catalog.models import Category, ItemCategory, Listing, ListingWord, new_id
from apps.catalog.text import slug_of

LEVELS = 10
SLUG_LENGTH = 60


def paths_to(path: str) -> list[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def by_path(paths: Iterable[str]) -> dict[str, Category]:
    """Those categories, with all above them, by path."""
    wanted = {step for path in paths for step in paths_to(path)}
    return {
        category.path: category
        for some in kept.chunks(sorted(wanted))
        for category in Category.objects.filter(path__in=some)
    }


def ensure(
    names: Iterable[tuple[str, ...]], translations: Mapping[str, dict[str, dict[str, str]]] | None = None
) -> dict[tuple[str, ...], Category]:
    """The category of each path of names, root first; made where it is new. Call under kept.lock().

    `translations`: for those made, by title, e.g. {"people": {"es": {"title": "personas"}}}.

    Names that differ in case and accents only are the same category.
    """
    wanted = {path: "/".join(slug_of(name, SLUG_LENGTH) for name in path) for path in names}
    found = by_path(wanted.values())
    new: dict[str, Category] = {}
    for path, slugs in sorted(wanted.items(), key=lambda pair: len(pair[0])):
        for depth, step in enumerate(paths_to(slugs)):
            if step not in found:
                parent = found[step.rpartition("/")[0]] if depth else None
                title = path[depth]
                found[step] = new[step] = _unsaved(title, parent, (translations or {}).get(title, {}))
    _save(list(new.values()))
    return {path: found[slugs] for path, slugs in wanted.items()}


def _unsaved(title: str, parent: Category | None, translations: dict[str, dict[str, str]]) -> Category:
    slug = slug_of(title, SLUG_LENGTH)
    path = f"{parent.path}/{slug}" if parent else slug
    return Category(
        listing_id=new_id(),
        parent_id=parent and parent.pk,
        slug=slug,
        path=path,
        title=title,
        translations=translations,
    )


def _save(new: list[Category]) -> None:
    if not new:
        return
    Listing.objects.bulk_create([Listing(pk=category.pk) for category in new], batch_size=1000)
    for depth in range(LEVELS):  # parents before children
        level = [category for category in new if category.path.count("/") == depth]
        insert(level)
    name_listings({category.pk: names_of(category) for category in new})
    kept.touch(Listing.SHAPE)


def names_of(category: Category) -> str:
    """Its title in every language."""
    return " ".join([category.title, *(t.get("title", "") for t in category.translations.values())])


def retitle(category: Category, title: str, translations: dict[str, dict[str, str]], position: int) -> None:
    """Another title, the same address. Call under kept.lock()."""
    category.title, category.translations, category.position = title, translations, position
    category.save(update_fields=["title", "translations", "position"])
    ListingWord.objects.filter(listing_id=category.pk).delete()
    name_listings({category.pk: names_of(category)})
    kept.touch(Listing.SHAPE)


def ensure_child(title: str, parent: Category | None) -> Category:
    """The category of that name below `parent`, or at the top. Call under kept.lock()."""
    new = _unsaved(title, parent, {})
    there = Category.objects.filter(path=new.path).first()
    if there is None:
        _save([new])
    return there or new


def delete_if_empty(category_id: int) -> bool:
    """Whether it was: no items in it, drafts included, and nothing below it. Call under kept.lock()."""
    if (
        Category.objects.filter(parent=category_id).exists()
        or ItemCategory.objects.filter(category=category_id).exists()
    ):
        return False
    Listing.objects.filter(pk=category_id).delete()  # and with it the category
    kept.touch(Listing.SHAPE)
    return True
