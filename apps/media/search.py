"""Search in one's own pictures: every word of the query begins a word of the picture."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from apps.media.models import Asset, AssetWord
from apps.media.paging import newest
from apps.media.words import BEYOND, terms_of, words_of

# Of a word that more of one's pictures have the database itself finds the best way; reading them all is not.
COMMON = 1000


def own_pictures(owner_id: UUID, query: str = "") -> QuerySet[Asset]:
    """Somebody's pictures, newest first: those that match, all without a query, none for one without words.

    The rarest word decides: where few pictures have it, these are read and sorted.
    """
    own = newest().filter(owner_id=owner_id)
    if not query.strip():
        return own
    terms = terms_of(query)
    if not terms:
        return own.none()
    found = {term: _with_word(owner_id, term) for term in terms}
    rarest = min(terms, key=lambda term: len(found[term]))
    if len(found[rarest]) <= COMMON:
        own = own.filter(pk__in=found[rarest])
        terms.remove(rarest)
    for term in terms:
        own = own.filter(Exists(_beginning(owner_id, term).filter(asset=OuterRef("pk"))))
    return own


def index(asset: Asset) -> None:
    """Keep the words of a picture that is new or was described anew; within `atomic`."""
    AssetWord.objects.filter(asset=asset).delete()
    AssetWord.objects.bulk_create(
        AssetWord(asset=asset, owner_id=asset.owner_id, word=word)
        for word in words_of(asset.title, asset.alt, asset.file_name)
    )


def _with_word(owner_id: UUID, term: str) -> list[UUID]:
    """The pictures that have it; one more than COMMON at most."""
    rows = _beginning(owner_id, term)
    return list(dict.fromkeys(rows.values_list("asset_id", flat=True)[: COMMON + 1]))


def _beginning(owner_id: UUID, term: str) -> QuerySet[AssetWord]:
    return AssetWord.objects.filter(owner_id=owner_id, word__gte=term, word__lt=term + BEYOND)
