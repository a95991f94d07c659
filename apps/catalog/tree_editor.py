"""Pages for editors: the tree of categories, where each is renamed, moved, or taken away."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.auth.client import require_role
from apps.auth.contract import Role
from apps.catalog import branches, service
from apps.catalog.categories import paths_to
from apps.catalog.contract import CategoryChangedMeanwhile, CategoryNotFound, InvalidCategory
from apps.catalog.forms import CategoryForm, keys_of
from apps.catalog.localized import title_of
from apps.catalog.models import Category, ItemCategory
from apps.catalog.trees import level

# A tree of up to so many categories is shown whole; a larger one level by level.
WHOLE_TREE = 150
LEVEL = 100

editors_only = require_role(Role.EDITOR)
Context = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def categories(request: HttpRequest) -> HttpResponse:
    """The tree, or what is right below `?in=path` of a large one; and a form for one more."""
    form = CategoryForm(request.POST or None, initial={"parent": request.GET.get("parent", "")})
    del form.fields["slug"], form.fields["stamp"]
    if request.method == "POST" and form.is_valid():
        try:
            return _created(request, form)
        except (InvalidCategory, CategoryNotFound) as problem:
            form.add_error("parent", str(problem))
    return _all(
        request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    )


def _created(request: HttpRequest, form: CategoryForm) -> HttpResponse:
    """To where it is seen in the tree. Raises InvalidCategory, CategoryNotFound."""
    found, is_new = service.create_category(
        form.cleaned_data["title"],
        parent=form.cleaned_data["parent"],
        translations=dict(form.translations),
    )
    if not is_new:
        form.add_error("title", _there_already(found))
        return _all(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("The category “%(title)s” is there.") % {"title": found.title})
    return redirect(_address(found))


def _there_already(found: Category) -> str:
    return format_html(
        _('There is one already: <a href="{url}">{title}</a>. Change that one, or choose another title.'),
        url=reverse("catalog:edit-category", args=[found.pk]),
        title=title_of(found),
    )


def _all(request: HttpRequest, form: CategoryForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, "catalog/editor/categories.html", _tree(request) | {"form": form}, status=status)


@require_POST
@editors_only
def move(request: HttpRequest) -> HttpResponse:
    """`move` says which category goes where: `7:up`, `down`, `in`, `out`; or `7:before:8`, `after`, `inside`."""
    which, _colon, where = request.POST.get("move", "").partition(":")
    own = _category(which)
    try:
        parent, before = _goal(own, where)
        own = service.move_category(own.pk, parent_id=parent, before_id=before)
    except (InvalidCategory, CategoryNotFound) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _where_now(own))
    return redirect(_address(own))


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def category(request: HttpRequest, category_id: int) -> HttpResponse:
    """Another name for a category, another address, another place."""
    own = _category(str(category_id))
    texts = {f"title_{code}": text.get("title", "") for code, text in own.translations.items()}
    now = {
        "title": own.title,
        "slug": own.slug,
        "stamp": branches.stamp(own),
        "parent": own.path.rpartition("/")[0],
    }
    form = CategoryForm(request.POST or None, initial=now | texts)
    if request.method != "POST":
        return _one(request, own, form)
    if form.is_valid():
        try:
            return _changed(request, own, form)
        except (InvalidCategory, CategoryNotFound) as problem:
            form.add_error(None, str(problem))
        except CategoryChangedMeanwhile:
            mine = CategoryForm(initial=request.POST.dict() | {"stamp": now["stamp"]})
            place = title_of(own.parent) if own.parent else _("At the top")
            saved = {"title": own.title, "slug": own.slug, "parent": place} | texts
            theirs = [(field.label, saved[name]) for name, field in form.fields.items() if name in saved]
            return _one(request, own, mine, status=HTTPStatus.CONFLICT, theirs=theirs)
    return _one(request, own, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _changed(request: HttpRequest, own: Category, form: CategoryForm) -> HttpResponse:
    said, parent = form.cleaned_data, form.cleaned_data["parent"]
    own = service.change_category(
        own.pk,
        title=said["title"],
        translations=dict(form.translations),
        slug=said["slug"],
        parent_id=parent and parent.pk,
        stamp=said["stamp"],
    )
    messages.success(request, _("Saved."))
    return redirect(_address(own))


def _one(
    request: HttpRequest, own: Category, form: CategoryForm, *, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    context = {"form": form, "category": own, "places": _places(_whole(), own), **more}
    return render(request, "catalog/editor/category.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def delete(request: HttpRequest, category_id: int) -> HttpResponse:
    """Says what is in it and asks where that goes."""
    own = _category(str(category_id))
    if request.method == "POST":
        try:
            service.delete_category(own.pk, into_id=_into(request.POST.get("into", "")))
        except (InvalidCategory, CategoryNotFound) as problem:
            messages.error(request, str(problem))
            return redirect("catalog:delete-category", category_id=own.pk)
        messages.success(request, _("The category “%(title)s” is deleted.") % {"title": own.title})
        return redirect("catalog:edit-categories")
    context = {
        "category": own,
        "items": ItemCategory.objects.filter(category=own.pk).count(),
        "below": Category.objects.filter(parent=own.pk).count(),
        "parent": own.path.rpartition("/")[0],
        "places": _places(_whole(), own),
    }
    return render(request, "catalog/editor/delete_category.html", context)


def _into(path: str) -> int | None:
    path = path.strip().strip("/")
    if not path:
        return None
    found = Category.objects.filter(path=path).first()
    if found is None:
        raise CategoryNotFound(_("There is no such category. Choose one from the list."))
    return found.pk


# Where a category goes


def _goal(own: Category, where: str) -> tuple[int | None, int | None]:
    """The parent and the sibling to stand in front of; the siblings are read anew, so what a page showed may be old.

    Raises InvalidCategory.
    """
    how, _colon, other = where.partition(":")
    rows = branches.siblings(own.parent_id)
    at = next((n for n, row in enumerate(rows) if row.pk == own.pk), 0)
    if how == "up" and at:
        return own.parent_id, rows[at - 1].pk
    if how == "down" and at + 1 < len(rows):
        return own.parent_id, rows[at + 2].pk if at + 2 < len(rows) else None
    if how == "in" and at:
        return rows[at - 1].pk, None
    if how == "out" and own.parent is not None:
        return _beside(own.parent, own, after=True)
    if how in ("before", "after", "inside"):
        beside = _category(other)
        return (beside.pk, None) if how == "inside" else _beside(beside, own, after=how == "after")
    raise InvalidCategory(_("“%(title)s” can’t go any further there.") % {"title": own.title})


def _beside(other: Category, own: Category, *, after: bool) -> tuple[int | None, int | None]:
    rows = [row for row in branches.siblings(other.parent_id) if row.pk != own.pk]
    at = next((n for n, row in enumerate(rows) if row.pk == other.pk), len(rows)) + after
    return other.parent_id, rows[at].pk if at < len(rows) else None


def _where_now(own: Category) -> str:
    rows = branches.siblings(own.parent_id)
    place = {
        "title": title_of(own),
        "number": next(n for n, row in enumerate(rows, 1) if row.pk == own.pk),
        "of": len(rows),
    }
    if own.parent is None:
        return _("“%(title)s” is now %(number)d of %(of)d at the top.") % place
    return _("“%(title)s” is now %(number)d of %(of)d in “%(parent)s”.") % (
        place | {"parent": title_of(own.parent)}
    )


# What the pages show


def _tree(request: HttpRequest) -> Context:
    """`rows` with their `children`; of a large tree only one level, on the way to which `crumbs` lead."""
    whole = _whole()
    if whole is not None:
        return {"rows": _nested(whole), "level": "", "places": _places(whole)}
    path = request.GET.get("in", "")
    above = {row.path: row for row in Category.objects.filter(path__in=paths_to(path))} if path else {}
    if path and path not in above:
        raise Http404
    found, following = level(above[path].pk if path else None, after=request.GET.get("after", ""), most=LEVEL)
    return {
        "rows": _numbered([{"category": row, "title": title_of(row), "children": []} for row in found]),
        "is_level": True,
        "level": path,
        "crumbs": [
            {"title": title_of(above[step]), "url": f"?{urlencode({'in': step})}"}
            for step in (paths_to(path) if path else [])
        ],
        "next": f"?{urlencode({'in': path, 'after': following})}" if following else "",
        "places": [],
    }


def _nested(rows: list[Category]) -> list[Context]:
    nodes: dict[int, Context] = {
        row.pk: {"category": row, "title": title_of(row), "children": []} for row in rows
    }
    for row in rows:
        if row.parent_id in nodes:
            nodes[row.parent_id]["children"].append(nodes[row.pk])
    for node in nodes.values():
        _numbered(node["children"])
    return _numbered([nodes[row.pk] for row in rows if row.parent_id is None])


def _numbered(level: list[Context]) -> list[Context]:
    for number, node in enumerate(level):
        node["is_first"], node["is_last"] = number == 0, number == len(level) - 1
        node["before"] = level[number - 1]["title"] if number else ""
    return level


def _whole() -> list[Category] | None:
    """All categories, in the order of their levels; None of a large tree."""
    rows = list(
        Category.objects.select_related("listing").order_by("position", "title", "pk")[: WHOLE_TREE + 1]
    )
    return rows if len(rows) <= WHOLE_TREE else None


def _places(rows: list[Category] | None, own: Category | None = None) -> list[Context]:
    """Where a category can be put, in the order of the tree; none of a large tree: there one types the address."""
    if rows is None:
        return []
    found: list[Context] = []

    def walk(parent: int | None, above: str) -> None:
        for row in rows:
            if row.parent_id == parent and (own is None or row.pk != own.pk):
                title = f"{above} / {title_of(row)}" if above else title_of(row)
                found.append({"path": row.path, "title": title})
                walk(row.pk, title)

    walk(None, "")
    return found


def _address(own: Category) -> str:
    """Of the tree where this category is seen."""
    level = own.path.rpartition("/")[0]
    query = f"?{urlencode({'in': level})}" if level else ""
    return f"{reverse('catalog:edit-categories')}{query}#category-{own.pk}"


def _category(text: str) -> Category:
    """Raises Http404."""
    own = Category.objects.filter(pk__in=keys_of([text])).select_related("listing", "parent").first()
    if own is None:
        raise Http404
    return own
