"""Pages for editors: all items, the form of one, publish, withdraw, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.auth.client import require_role
from apps.auth.contract import Role
from apps.catalog import conflicts, parts, previews, service, shape
from apps.catalog.attributes import in_use, values_that_begin
from apps.catalog.categories import names_of, paths_to
from apps.catalog.conflicts import Difference, Seen
from apps.catalog.contract import InvalidItem, ItemChangedMeanwhile, ItemNotFound
from apps.catalog.drafts import Draft, draft_of
from apps.catalog.filters import read
from apps.catalog.forms import (
    EMPTY_ROWS,
    FactRow,
    ItemForm,
    initial_of,
    keys_of,
    rows_from,
    rows_of,
)
from apps.catalog.library import LibraryIsAway, allowed, library, places_from, places_of
from apps.catalog.localized import title_of
from apps.catalog.models import Category, Item, ListingWord
from apps.catalog.paging import moment_of, read_moment
from apps.catalog.search import search, terms_of
from apps.catalog.text import fold, words
from apps.catalog.trees import line
from apps.catalog.views import ITEM_COLUMNS, VERSIONS, item_context

PAGE = 50
# A tree of up to so many categories is shown whole; in a larger one they are looked for.
ALL_CATEGORIES = 150
FOUND_CATEGORIES = 30
SMALL_LIBRARY = 8  # pictures that are seen at a glance
SUGGESTED = 30
DRAFTS = 1000  # no index has the words of drafts: the titles of so many are read, of those changed last
STATUSES = {"draft": False, "published": True}

editors_only = require_role(Role.EDITOR)
Context = dict[str, Any]


# All items


@require_safe
@editors_only
def items(request: HttpRequest) -> HttpResponse:
    """Every item, drafts too, or those of one `status`: changed last first; or whose title begins with `q`, what
    visitors find by it, and drafts with its words in their title."""
    query = request.GET.get("q", "").strip()[:100]
    status = request.GET.get("status", "")
    status = status if status in STATUSES else ""
    columns = ("pk", "slug", "title", "subtitle", "is_published", "changed_at", "cover")
    rows = Item.objects.values(*columns)
    if status:
        rows = rows.filter(is_published=STATUSES[status])
    if query:
        found, following = _titled(rows, query), ""
    else:
        found, following = _changed_last(rows, status, request.GET.get("after", ""))
    context = {
        "items": found,
        "q": query,
        "status": status,
        "next": following,
        "is_start": bool(query) or "after" not in request.GET,
    }
    return render(request, "catalog/editor/items.html", context)


def _titled(rows: Any, query: str) -> list[dict[str, Any]]:
    begin = " ".join(words(query))[:24]
    begun = rows.filter(title_key__gte=begin, title_key__lt=begin + "\U0010ffff").order_by("title_key")
    found = {row["pk"]: row for row in begun[:PAGE]}
    if len(found) < PAGE:
        ids = [*search(query, documents=read().everything.items, limit=PAGE).ids, *_drafts(rows, query)]
        others = {row["pk"]: row for row in rows.filter(pk__in=ids)}
        found |= {pk: others[pk] for pk in ids if pk in others and pk not in found}
    return list(found.values())[:PAGE]


def _drafts(rows: Any, query: str) -> list[UUID]:
    """Those of these rows that have the words in their title, or words that begin so."""
    drafts = rows.filter(is_published=False).order_by("-changed_at", "-pk")
    titles = {pk: " " + " ".join(words(title)) for pk, title in drafts.values_list("pk", "title")[:DRAFTS]}
    terms = terms_of(query)
    return [pk for pk, title in titles.items() if all(f" {term}" in title for term in terms)][:PAGE]


def _changed_last(rows: Any, status: str, after: str) -> tuple[list[dict[str, Any]], str]:
    if cursor := read_moment(after):
        moment, pk = cursor
        rows = rows.filter(changed_at__lte=moment).exclude(changed_at=moment, pk__gte=pk)
    found = list(rows.order_by("-changed_at", "-pk")[: PAGE + 1])
    if len(found) <= PAGE:
        return found, ""
    last = found[PAGE - 1]
    place = moment_of(last["changed_at"], last["pk"])
    return found[:PAGE], "?" + urlencode({"after": place} | ({"status": status} if status else {}))


# One item


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def create(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def change(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = Item.objects.filter(pk=item_id).first()
    if item is not None:
        return _edit(request, item)
    if request.method == "POST":
        return _deleted_meanwhile(request)
    raise Http404


def _deleted_meanwhile(request: HttpRequest) -> HttpResponse:
    """Nothing typed is lost: the form is that of a new item."""
    messages.warning(
        request,
        _("Somebody deleted this item while you were editing it. Saving what you wrote makes a new one."),
    )
    form = ItemForm(initial=request.POST.dict() | {"version": None, "seen": ""})
    sent = _sent(request, Draft(title=""))
    return _page(request, None, sent, form, status=HTTPStatus.CONFLICT, is_unsaved=True)


def _edit(request: HttpRequest, item: Item | None) -> HttpResponse:
    draft = draft_of(item) if item else Draft(title="")
    if request.method != "POST":
        return _form_of(request, item, draft)
    sent = _sent(request, draft)
    if "add-row" in request.POST or "find" in request.POST:
        # Asked for another part of the form, not to save: nothing typed is judged yet, and nothing is lost.
        return _page(request, item, sent, ItemForm(initial=request.POST.dict()))
    form = ItemForm(request.POST)
    seen = conflicts.read(item.pk, request.POST.get("seen", "")) if item else {}
    try:
        if "withdraw" in request.POST and item is not None:
            return _withdraw(request, item, sent, draft)
        said = sent.draft(form, _me(request), [*draft.pictures, *conflicts.pictures(seen)])
        if said is None:
            return _page(request, item, sent, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        if item is not None:
            said = conflicts.settle(said, draft, request.POST)
            if "edit" in request.POST:
                return _form_of(request, item, said, is_unsaved=True)
            if differences := _told_of(
                seen, form.cleaned_data["version"] in (None, item.version), said, draft
            ):
                return _conflict(request, item, said, differences)
        saved = _save(request, item, said)
    except (InvalidItem, LibraryIsAway) as problem:
        form.add_error(None, str(problem))
        return _page(request, item, sent, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except ItemChangedMeanwhile:  # since it was read some lines above
        return change(request, item_id=item.pk) if item else create(request)
    except ItemNotFound:
        return _deleted_meanwhile(request)
    return redirect("catalog:change", item_id=saved.pk)


@dataclass(frozen=True)
class Sent:
    """What stands in an item's form beside the fields of ItemForm, as it was sent."""

    rows: list[FactRow]
    categories: list[int]
    places: Mapping[UUID, str]

    def draft(self, form: ItemForm, owner_id: UUID, shown_already: Sequence[UUID]) -> Draft | None:
        """None where a field or a row is wrong; it then says why. Raises LibraryIsAway."""
        facts = [row.fact() for row in self.rows]
        if not form.is_valid() or any(row.error for row in self.rows):
            return None
        pictures = allowed(self.places, owner_id, shown_already)
        return form.draft(
            facts=[fact for fact in facts if fact], categories=self.categories, pictures=pictures
        )


def _sent(request: HttpRequest, draft: Draft) -> Sent:
    return Sent(
        rows=rows_from(request.POST),
        # The main one stays the first: a box says only whether it is ticked.
        categories=sorted(
            keys_of(request.POST.getlist("categories")), key=lambda pk: pk not in draft.categories[:1]
        ),
        places=places_from(request.POST),
    )


def _form_of(request: HttpRequest, item: Item | None, draft: Draft, **more: Any) -> HttpResponse:
    """The form with what the draft says, to be saved over the item as it is now."""
    form = ItemForm(initial=_initial(item, draft) if item else None)
    sent = Sent(rows_of(draft), draft.categories, places_of(draft.pictures))
    return _page(request, item, sent, form, **more)


def _initial(item: Item, draft: Draft) -> dict[str, Any]:
    return initial_of(draft, item.version) | {"seen": conflicts.stamps(item.pk, draft_of(item))}


def _save(request: HttpRequest, item: Item | None, draft: Draft) -> Item:
    publish = "publish" in request.POST
    if item is None:
        saved = service.create_item(draft, owner_id=_me(request), published=publish)
    else:
        saved = service.change_item(item.pk, draft, version=item.version)
        if publish:
            saved = service.publish_item(item.pk)
    text = (
        _("“%(title)s” is saved and everybody can see it.")
        if saved.is_published
        else _("“%(title)s” is saved as a draft.")
    )
    messages.success(request, text % {"title": saved.title})
    return saved


def _withdraw(request: HttpRequest, item: Item, sent: Sent, draft: Draft) -> HttpResponse:
    """At once, whatever is in the form. What was typed and is not saved stays there."""
    item = service.withdraw_item(item.pk)
    text = _("“%(title)s” is a draft again: only editors see it.")
    messages.success(request, text % {"title": item.title})
    typed = sent.draft(ItemForm(request.POST), _me(request), [*sent.places])
    if typed and not conflicts.differences({}, typed, draft):
        return redirect("catalog:change", item_id=item.pk)
    return _page(request, item, sent, ItemForm(initial=request.POST.dict()), is_unsaved=True)


def _told_of(seen: Seen, is_current: bool, mine: Draft, theirs: Draft) -> list[Difference]:
    """What whoever sent the form must see before it is saved: nothing, unless somebody has written since."""
    if is_current or not conflicts.they_changed(seen, theirs):
        return []
    return conflicts.differences(seen, mine, theirs)


def _conflict(request: HttpRequest, item: Item, mine: Draft, differences: list[Difference]) -> HttpResponse:
    """Somebody else was faster: both versions side by side, and whoever came second decides field by field."""
    context = {
        "item": item,
        "form": ItemForm(initial=_initial(item, mine)),
        "differences": differences,
        "rows": rows_of(mine),
        "categories": mine.categories,
        "places": places_of(mine.pictures),
    }
    return render(request, "catalog/editor/conflict.html", context, status=HTTPStatus.CONFLICT)


def _page(
    request: HttpRequest,
    item: Item | None,
    sent: Sent,
    form: ItemForm,
    *,
    status: int = HTTPStatus.OK,
    is_unsaved: bool = False,
) -> HttpResponse:
    find = request.POST.get("find-picture", "").strip()
    shelf = library(_me(request), sent.places, query=find)
    is_refused = status == HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "item": item,
        "action": reverse("catalog:change", args=[item.pk]) if item else reverse("catalog:create"),
        "form": form,
        "is_refused": is_refused,
        "is_unsaved": is_unsaved or is_refused,
        "rows": [*sent.rows, *(FactRow() for _number in range(EMPTY_ROWS))],
        "names": in_use().values_list("label", flat=True)[:200],
        "categories": _offered(sent.categories, request.POST.get("find-category", "")),
        "find_category": request.POST.get("find-category", ""),
        "library": shelf,
        "find_picture": find,
        "is_large_library": bool(find or shelf.next) or len(shelf.choices) > SMALL_LIBRARY,
        "more_pictures": _more(shelf.next, find),
    }
    return render(request, "catalog/editor/item.html", context, status=status)


def _offered(chosen: Sequence[int], find: str) -> Context:
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
                "title": " / ".join(title_of(above[step]) for step in paths_to(row.path) if step in above),
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


@require_safe
@editors_only
def pictures(request: HttpRequest) -> HttpResponse:
    """For htmx: more of one's library, besides what has a place already."""
    find = request.GET.get("find", "")
    shelf = library(_me(request), places_from(request.GET), after=request.GET.get("after"), query=find)
    context = {"library": shelf, "more_pictures": _more(shelf.next, find)}
    return render(request, "catalog/editor/pictures.html", context)


def _more(after: str | None, find: str) -> str:
    """Where the library goes on."""
    return (
        f"/editor/pictures?{urlencode({'after': after} | ({'find': find} if find else {}))}" if after else ""
    )


@require_safe
@editors_only
def values(request: HttpRequest) -> HttpResponse:
    """For htmx: values that items have already of the attribute somebody is filling in."""
    found = values_that_begin(request.GET.get("fact-name", ""), request.GET.get("fact-value", ""), SUGGESTED)
    return render(request, "catalog/editor/values.html", {"values": found})


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def preview(request: HttpRequest, item_id: UUID | None = None) -> HttpResponse:
    """The item's page as visitors see it, or will; POST: as it would be if the form that was sent were saved."""
    own: dict[str, Any] | None = {}
    if item_id is not None:
        own = Item.objects.filter(pk=item_id).annotate(**VERSIONS).values(*ITEM_COLUMNS).first()
    if own is None or (item_id is None and request.method != "POST"):
        raise Http404
    above, attributes = line(own.get("main_category__path")), None
    if request.method == "POST":
        draft = draft_of(_item(item_id)) if item_id else Draft(title="")
        sent, form = _sent(request, draft), ItemForm(request.POST)
        try:
            seen = conflicts.read(item_id, request.POST.get("seen", "")) if item_id else {}
            said = sent.draft(form, _me(request), [*draft.pictures, *conflicts.pictures(seen)])
        except LibraryIsAway as problem:
            form.add_error(None, str(problem))
            said = None
        if said is None:
            context = {"form": form, "rows": [row for row in sent.rows if row.error]}
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return render(request, "catalog/editor/no_preview.html", context, status=status)
        own, above, attributes = previews.row_of(said, own)
    language = get_language() or "en"
    context = item_context(own, above, language) | {
        "parts": parts.made(own, attributes or shape.attributes(own["shape"]), language, is_preview=True),
        "is_published": own["is_published"],
        "is_unsaved": request.method == "POST",
        "slug": own["slug"],
    }
    return render(request, "catalog/editor/preview.html", context)


@require_POST
@editors_only
def publish(request: HttpRequest, item_id: UUID) -> HttpResponse:
    try:
        item = service.publish_item(item_id)
    except ItemNotFound as error:
        raise Http404 from error
    text = _("“%(title)s” is published: everybody can see it.")
    messages.success(request, text % {"title": item.title})
    return redirect("catalog:change", item_id=item_id)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def delete(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Asks first."""
    item = _item(item_id)
    if request.method != "POST":
        return render(request, "catalog/editor/delete.html", {"item": item})
    read = keys_of([request.POST.get("version", "")])
    try:
        service.delete_item(item_id, version=read[0] if read else None)
    except ItemChangedMeanwhile as problem:
        messages.warning(request, str(problem))
        return redirect("catalog:delete", item_id=item_id)
    messages.success(request, _("“%(title)s” is deleted.") % {"title": item.title})
    return redirect("catalog:editor")


def _item(item_id: UUID) -> Item:
    item = Item.objects.filter(pk=item_id).first()
    if item is None:
        raise Http404
    return item


def _me(request: HttpRequest) -> UUID:
    owner_id: UUID = request.principal.id  # type: ignore[attr-defined]
    return owner_id
