"""What was searched for is marked where it was found, and nothing that somebody wrote becomes HTML."""

from __future__ import annotations

import pytest

from apps.catalog.highlights import marked, terms
from tests.catalog.marks import searched


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("boat", "A Boat, boats and a steamboat", "A <mark>Boat</mark>, <mark>boat</mark>s and a steamboat"),
        ("Boats", "Boats near a boat", "<mark>Boats</mark> near a <mark>boat</mark>"),
        ("cafe", "Un Café", "Un <mark>Café</mark>"),
        ("cafe", "Un Cafe\u0301s", "Un <mark>Cafe\u0301</mark>s"),
        ("CAFÉ", "cafe", "<mark>cafe</mark>"),
        ("strasse", "Straße 1", "<mark>Straße</mark> 1"),
        ("aero", "Ærø", "<mark>Ærø</mark>"),
        ("pa papa", "papaya", "<mark>papa</mark>ya"),
        ("script", "<script>&\"'", "&lt;<mark>script</mark>&gt;&amp;&quot;&#x27;"),
        ("amp lt", "a & b < c", "a &amp; b &lt; c"),
        ("", "nothing", "nothing"),
        ("<mark>", "a mark", "a <mark>mark</mark>"),
        ("日本", "日本語", "<mark>日本</mark>語"),
    ],
)
def test_words_are_marked_by_their_beginning_as_the_search_finds_them(query, text, shown):
    assert marked(text, terms(query)) == shown


@searched
def test_results_and_suggestions_are_marked_and_stay_text(client, item):
    item('Café <b>&"x"</b>', Artist="Cafetier & Co")
    found = client.get("/search?q=cafe").content.decode()
    assert "<mark>Café</mark> &lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;</a></h3>" in found
    assert '<p class="card__meta"><mark>Cafe</mark>tier &amp; Co</p>' in found
    assert "<mark>Café</mark> &lt;b&gt;" in client.get("/search/suggest?q=caf%C3%A9").content.decode()
    assert "<mark>" not in client.get("/browse").content.decode()
