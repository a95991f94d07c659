"""Pages for editors: all items, the form of one, publish, withdraw, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.auth.client import require_role
from apps.auth.contract import Role
from apps.catalog import service
from apps.catalog.categories import names_of, paths_to
from apps.catalog.contract import InvalidItem, ItemChangedMeanwhile, ItemNotFound
from apps.catalog.drafts import Draft, draft_of
from apps.catalog.forms import (
    EMPTY_ROWS,
    FactRow,
    ItemForm,
    initial_of,
    rows_from,
    rows_of,
)
from apps.catalog.library import LibraryIsAway, allowed, library, places_from, places_of
from apps.catalog.localized import localized
from apps.catalog.models import Attribute, Category, Item, ListingWord
from apps.catalog.text import fold, words
from apps.catalog.trees import line
from apps.catalog.views import ITEM_COLUMNS, VERSIONS, item_context

PAGE = 50
# A tree of up to so many categories is shown whole; in a larger one they are looked for.
ALL_CATEGORIES = 150
FOUND_CATEGORIES = 30

editors_only = require_role(Role.EDITOR)
Context = dict[str, Any]


# All items


@require_safe
@editors_only
def items(request: HttpRequest) -> HttpResponse:
    """Every item, drafts too, those changed last first; or those whose title begins with `q`."""
    query = request.GET.get("q", "").strip()[:100]
    status = request.GET.get("status", "")
    columns = ("pk", "slug", "title", "subtitle", "is_published", "changed_at", "cover")
    rows = Item.objects.values(*columns)
    if query:
        begin = " ".join(words(query))[:24]
        found = list(
            rows.filter(title_key__gte=begin, title_key__lt=begin + "\U0010ffff").order_by("title_key")[:PAGE]
        )
        following = ""
    else:
        found, following = _changed_last(rows, status, request.GET.get("after", ""))
    context = {
        "items": found,
        "q": query,
        "status": status,
        "next": following,
        "is_start": "after" not in request.GET,
    }
    return render(request, "catalog/editor/items.html", context)


def _changed_last(rows: Any, status: str, after: str) -> tuple[list[dict[str, Any]], str]:
    if status in ("draft", "published"):
        rows = rows.filter(is_published=status == "published")
    if cursor := _cursor(after):
        moment, pk = cursor
        rows = rows.filter(changed_at__lte=moment).exclude(changed_at=moment, pk__gte=pk)
    found = list(rows.order_by("-changed_at", "-pk")[: PAGE + 1])
    if len(found) <= PAGE:
        return found, ""
    last = found[PAGE - 1]
    place = f"{last['changed_at'].isoformat()}~{last['pk'].hex}"
    return found[:PAGE], "?" + urlencode({"after": place} | ({"status": status} if status else {}))


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    moment, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):
        return None


# One item


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def create(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def change(request: HttpRequest, item_id: UUID) -> HttpResponse:
    return _edit(request, _item(item_id))


def _edit(request: HttpRequest, item: Item | None) -> HttpResponse:
    draft = draft_of(item) if item else Draft(title="")
    if request.method != "POST":
        form = ItemForm(initial=initial_of(draft, item.version) if item else None)
        return _page(request, item, form, rows_of(draft), draft.categories, places_of(draft.pictures))
    rows, chosen, places = (
        rows_from(request.POST),
        # The main one stays the first: a box says only whether it is ticked.
        sorted(_numbers(request.POST.getlist("categories")), key=lambda pk: pk not in draft.categories[:1]),
        places_from(request.POST),
    )
    if "add-row" in request.POST or "find" in request.POST:
        # Asked for another part of the form, not to save: nothing typed is judged yet, and nothing is lost.
        return _page(request, item, ItemForm(initial=request.POST.dict()), rows, chosen, places)
    form = ItemForm(request.POST)
    facts = [row.fact() for row in rows]
    if not form.is_valid() or any(row.error for row in rows):
        return _page(request, item, form, rows, chosen, places, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        pictures = allowed(places, _me(request), draft.pictures)
        said = form.draft(facts=[fact for fact in facts if fact], categories=chosen, pictures=pictures)
        saved = _save(request, item, said, form.cleaned_data["version"])
    except (InvalidItem, LibraryIsAway) as problem:
        form.add_error(None, str(problem))
        return _page(request, item, form, rows, chosen, places, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except ItemChangedMeanwhile:
        return _conflict(request, _item(item.pk) if item else None, said, rows, chosen, places)
    return redirect("catalog:change", item_id=saved.pk)


def _save(request: HttpRequest, item: Item | None, draft: Draft, version: int | None) -> Item:
    publish = "publish" in request.POST
    if item is None:
        saved = service.create_item(draft, owner_id=_me(request), published=publish)
    else:
        saved = service.change_item(item.pk, draft, version=version)
        if publish:
            saved = service.publish_item(item.pk)
    text = (
        _("“%(title)s” is saved and everybody can see it.")
        if saved.is_published
        else _("“%(title)s” is saved as a draft.")
    )
    messages.success(request, text % {"title": saved.title})
    return saved


def _conflict(
    request: HttpRequest,
    item: Item | None,
    said: Draft,
    rows: list[FactRow],
    chosen: Sequence[int],
    places: Mapping[UUID, str],
) -> HttpResponse:
    """Somebody else was faster: show what they wrote beside what was typed here, and let the person decide."""
    if item is None:
        raise Http404
    theirs = draft_of(item)
    form = ItemForm(initial=initial_of(said, item.version))
    differences = [(label, their) for label, our, their in _compared(said, theirs) if our != their]
    return _page(
        request,
        item,
        form,
        rows,
        chosen,
        places,
        status=HTTPStatus.CONFLICT,
        differences=differences,
        conflict=True,
    )


def _compared(ours: Draft, theirs: Draft) -> list[tuple[str, str, str]]:
    def facts(draft: Draft) -> str:
        return "\n".join(f"{fact.name}: {fact.value}" for fact in draft.facts)

    def categories(draft: Draft) -> str:
        return ", ".join(
            sorted(Category.objects.filter(pk__in=draft.categories).values_list("title", flat=True))
        )

    def pictures(draft: Draft) -> str:
        return _("%(number)d pictures") % {"number": len(draft.pictures)}

    readers: list[tuple[str, Callable[[Draft], str]]] = [
        (_("Title"), lambda draft: draft.title),
        (_("Description"), lambda draft: draft.description),
        (
            _("Translations"),
            lambda draft: "\n".join(v for t in draft.translations.values() for v in t.values()),
        ),
        (_("Price"), lambda draft: f"{draft.price or ''} {draft.currency}".strip()),
        (_("Attributes"), facts),
        (_("Categories"), categories),
        (_("Pictures"), pictures),
    ]
    return [(label, read(ours), read(theirs)) for label, read in readers]


def _page(
    request: HttpRequest,
    item: Item | None,
    form: ItemForm,
    rows: list[FactRow],
    chosen: Sequence[int],
    places: Mapping[UUID, str],
    *,
    status: int = HTTPStatus.OK,
    **more: Any,
) -> HttpResponse:
    language = get_language() or "en"
    shelf = library(_me(request), places)
    context = {
        "item": item,
        "form": form,
        "is_refused": status == HTTPStatus.UNPROCESSABLE_ENTITY,
        "rows": [*rows, *(FactRow() for _number in range(EMPTY_ROWS))],
        "names": Attribute.objects.order_by("position", "label").values_list("label", flat=True)[:200],
        "categories": _offered(chosen, request.POST.get("find-category", ""), language),
        "find_category": request.POST.get("find-category", ""),
        "library": shelf,
        "more_pictures": f"/editor/pictures?{urlencode({'after': shelf.next})}" if shelf.next else "",
        **more,
    }
    return render(request, "catalog/editor/item.html", context, status=status)


def _offered(chosen: Sequence[int], find: str, language: str) -> Context:
    """The categories to choose from: the whole tree when it is small, else those chosen and those found."""
    trees = list(Category.objects.order_by("path")[: ALL_CATEGORIES + 1])
    is_large = len(trees) > ALL_CATEGORIES
    if is_large:
        wanted = {*chosen, *(_found(find) if find else [])}
        trees = list(Category.objects.filter(pk__in=wanted).order_by("path"))
    above = {row.path: row for row in trees} | {
        row.path: row
        for row in Category.objects.filter(path__in={p for t in trees for p in paths_to(t.path)})
    }
    return {
        "is_large": is_large,
        "rows": [
            {
                "id": row.pk,
                "title": " / ".join(
                    _title(above[step], language) for step in paths_to(row.path) if step in above
                ),
                "is_chosen": row.pk in chosen,
            }
            for row in trees
        ],
    }


def _found(text: str) -> list[int]:
    terms = words(text)
    if not terms:
        return []
    names = ListingWord.objects.filter(
        word__gte=terms[0], word__lt=terms[0] + "\U0010ffff", listing__category__isnull=False
    )
    found = Category.objects.filter(
        pk__in=list(names.order_by("word").values_list("listing", flat=True)[:500])
    )
    return [row.pk for row in found if all(term in fold(names_of(row)) for term in terms)][:FOUND_CATEGORIES]


def _title(category: Category, language: str) -> str:
    return localized(category.title, category.translations, "title", language)


@require_safe
@editors_only
def pictures(request: HttpRequest) -> HttpResponse:
    """For htmx: more of one's library."""
    shelf = library(_me(request), {}, after=request.GET.get("after"))
    more = f"/editor/pictures?{urlencode({'after': shelf.next})}" if shelf.next else ""
    return render(request, "catalog/editor/pictures.html", {"library": shelf, "more_pictures": more})


@require_safe
@editors_only
def preview(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """The item's page as visitors see it, or will."""
    own = Item.objects.filter(pk=item_id).annotate(**VERSIONS).values(*ITEM_COLUMNS).first()
    if own is None:
        raise Http404
    context = item_context(own, line(own["main_category__path"]), get_language() or "en") | {
        "is_published": own["is_published"],
        "slug": own["slug"],
    }
    return render(request, "catalog/editor/preview.html", context)


@require_POST
@editors_only
def publish(request: HttpRequest, item_id: UUID) -> HttpResponse:
    return _told(request, item_id, service.publish_item, _("“%(title)s” is published: everybody can see it."))


@require_POST
@editors_only
def withdraw(request: HttpRequest, item_id: UUID) -> HttpResponse:
    return _told(
        request, item_id, service.withdraw_item, _("“%(title)s” is a draft again: only editors see it.")
    )


def _told(request: HttpRequest, item_id: UUID, verb: Callable[[UUID], Item], text: str) -> HttpResponse:
    try:
        item = verb(item_id)
    except ItemNotFound as error:
        raise Http404 from error
    messages.success(request, text % {"title": item.title})
    return redirect("catalog:change", item_id=item_id)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def delete(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Asks first."""
    item = _item(item_id)
    if request.method != "POST":
        return render(request, "catalog/editor/delete.html", {"item": item})
    service.delete_item(item_id)
    messages.success(request, _("“%(title)s” is deleted.") % {"title": item.title})
    return redirect("catalog:editor")


def _item(item_id: UUID) -> Item:
    item = Item.objects.filter(pk=item_id).first()
    if item is None:
        raise Http404
    return item


def _numbers(texts: Sequence[str]) -> list[int]:
    """Those of the texts that could be the key of a row."""
    numbers = (int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 20)
    return [number for number in numbers if number < 2**63]


def _me(request: HttpRequest) -> UUID:
    owner_id: UUID = request.principal.id  # type: ignore[attr-defined]
    return owner_id
