"""The addresses of a list in its other orders, narrower, wider, further on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from apps.catalog import facets, paging
from apps.catalog.filters import MOST, Filter, Filters

Context = dict[str, Any]


class Links:
    """Of the list at `path`, in one of its orders, narrowed by filters; `q` is what was searched for.

    The first of `among` is the order of an address that names none.
    """

    def __init__(
        self,
        path: str,
        order: str = "newest",
        filters: Sequence[Filter] = (),
        q: str = "",
        among: Sequence[str] = paging.ORDERS,
    ) -> None:
        self.path, self.order, self.filters, self.q, self.among = path, order, list(filters), q, among

    def to(self, *, order: str = "", filters: Sequence[Filter] | None = None, **more: str) -> str:
        chosen = [("filter", str(one)) for one in (self.filters if filters is None else filters)]
        query = urlencode([*self._pairs(order or self.order), *chosen, *more.items()])
        return f"{self.path}?{query}" if query else self.path

    def beginning(self) -> str:
        """For who came with a place or an order that isn't known: of the same list."""
        return self.to(order=self.order if self.order in self.among else self.among[0])

    def _pairs(self, order: str) -> list[tuple[str, str]]:
        pairs = [("q", self.q)] if self.q else []
        return [*pairs, ("order", order)] if order != self.among[0] else pairs

    def orders(self, *, has_prices: bool) -> list[Context]:
        titles = {
            "relevance": _("Best match"),
            "newest": _("Newest"),
            "title": _("Title, A to Z"),
            "price": _("Lowest price"),
            "-price": _("Highest price"),
        }
        return [
            {"title": titles[order], "url": self.to(order=order), "is_on": order == self.order}
            for order in self.among
            if "price" not in order or has_prices or order == self.order
        ]

    def chosen(self, filters: Filters) -> Context:
        """Each filter with the address of the list without it; and of the list without any."""
        found = [
            {"title": title, "url": self.to(filters=[other for other in self.filters if other != one])}
            for one, (_listing, title) in filters.items()
        ]
        return {"filters": found, "unfiltered": self.to(filters=[]), "most": len(found) >= MOST and MOST}

    def offered(self, found: Sequence[facets.Facet]) -> Context:
        """A form of facets. Filters that are no choice in it stay as they are."""
        shown = {one for facet in found for one in facet.shown}
        kept = [("filter", str(one)) for one in self.filters if one not in shown]
        return {"facets": found, "action": self.path, "hidden": [*self._pairs(self.order), *kept]}
