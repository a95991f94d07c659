"""The addresses of a list in its other orders, narrower, wider, further on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from apps.catalog import facets, paging
from apps.catalog.filters import Filter
from apps.catalog.models import Listing

Context = dict[str, Any]


class Links:
    """Of the list at `path`, in one order, narrowed by filters; `q` is what was searched for."""

    """The addresses of a list in its other orders, narrower, wider, further on."""

    def __init__(self, path: str, order: str = "newest", filters: Sequence[Filter] = (), q: str = "") -> None:
        self.path, self.order, self.filters, self.q = path, order, list(filters), q

    def to(self, *, order: str = "", filters: Sequence[Filter] | None = None, **more: str) -> str:
        order = order or self.order
        pairs = [("q", self.q)] if self.q else []
        pairs += [("order", order)] if order != "newest" else []
        pairs += [("filter", str(one)) for one in (self.filters if filters is None else filters)]
        query = urlencode([*pairs, *more.items()])
        return f"{self.path}?{query}" if query else self.path

    def orders(self, *, has_prices: bool) -> list[Context]:
        titles = {"newest": _("Newest"), "title": _("Title"), "price": _("Price")}
        return [
            {"title": titles[order], "url": self.to(order=order), "is_on": order == self.order}
            for order in paging.ORDERS
            if order != "price" or has_prices or order == self.order
        ]

    def chosen(self, filters: Mapping[Filter, tuple[Listing, str]]) -> list[Context]:
        """Each with the address of the list without it."""
        return [
            {"title": title, "url": self.to(filters=[other for other in self.filters if other != one])}
            for one, (_listing, title) in filters.items()
        ]

    def offered(self, found: Sequence[facets.Facet]) -> list[Context]:
        return [
            {
                "label": facet.label,
                "choices": [
                    {
                        "title": choice.title,
                        "items": choice.items,
                        "url": self.to(filters=[*self.filters, choice.filter]),
                    }
                    for choice in facet.choices
                ],
            }
            for facet in found
        ]
