"""What is exported and imported into an empty catalogue is the same catalogue, whatever its texts hold."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.auth.tokens import make_token
from apps.catalog import held, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.exporting.formats import ENDINGS, FORMATS
from apps.catalog.exporting.records import ChangedMeanwhile, columns, records
from apps.catalog.models import Attribute, AttributeValue, Category, ImportedRecord, Item, Listing, Picture
from apps.catalog.wholes import load
from seam import atomic
from tests.catalog.conftest import asset
from tests.people import sign_in
from tests.servers import ROOT

pytestmark = pytest.mark.django_db(databases="__all__")

HOSTILE = [
    "plain",
    "=HYPERLINK(\"http://evil.example\")",
    "+1", "-2+3", "@SUM(1)",
    "a|b|c", "\\", "a\\|b", "ends with \\", "\\u0041", "\\n",
    '"', '""', "'", "a,b;c\td", "</script><!-- &amp;",
    "  around  ", "two  spaces", "\u00a0no break\u00a0", "\u2028line\u2029", "\x1funit\x1e", "\ttab",
    "\r\nreturn\rreturn\r", "\n\nlines\n\n  indented\n", "\x7f\x1b[31m", "\u202eright to left",
    "日本語", "😀👩‍👩‍👧", "e\u0301 é", "\ufeffmark", "null", "true", "NaN", "1e400", "{title}", "[]", "a.b[0]",
]  # fmt: skip


@pytest.fixture
def catalogue():
    """Items with hostile texts, in a tree with a renamed and an empty category; some are drafts."""
    with atomic("catalog"):
        made = service.ensure_categories([("Home", "Prints"), ("Home", "A/B; C"), ("Empty",)])
    prints = made["Home", "Prints"]
    service.change_category(prints.pk, title='Old & "new"', translations={"es": {"title": "Láminas"}})
    with atomic("catalog"):
        labels = {"es": {"label": "Año", "values": {"about-1840": "hacia 1840"}}}
        service.define_attribute("Year", translations=labels, is_facet=False, is_browsable=False, position=7)
    shown = pictures()
    drafts = []
    for number, text in enumerate(HOSTILE):
        kept = text if text.strip() else f"x{text}"
        facts = [
            Fact(name="Year", value=Decimal("1840.5") if number % 2 else Decimal(-number - 1)),
            Fact(name="Note", value=f"{kept}{number}"),
            Fact(name="Year", value="about 1840"),
            Fact(name="Title", value=kept),
            Fact(name="Day", value=date(1984, 2, 29)),
            Fact(name=f"A {'{b}'} [c].d", value="1"),
        ]
        drafts.append(
            Draft(
                title=kept,
                description=text * 2,
                translations={"es": {"title": kept, "description": text + "ñ"}},
                price=Decimal("12.50") if number % 3 else None,
                currency="EUR" if number % 3 else "",
                categories=[made["Home", "A/B; C"].pk, prints.pk],
                facts=facts[number % 4 :] + facts[: number % 4],
                pictures=[asset_.asset_id for asset_ in shown[: number % 3]],
            )
        )
    with atomic("catalog"):
        service.create_items([Item(is_published=number % 5 != 0) for number in range(len(drafts))], drafts)
    Attribute.objects.filter(key="day").update(label="Anniversary")
    return said()


def pictures():
    found = list(Picture.objects.order_by("pk"))
    if not found:
        found = [Picture(asset_id=asset().id, status=Picture.Status.READY, alt="é") for _ in range(2)]
        Picture.objects.bulk_create(found)
        found.sort(key=lambda one: one.pk)
    return found


def said():
    """All that the catalogue says, without ids that are drawn anew."""
    items = {
        whole.item.slug: (
            *(whole.item.title, whole.item.description, whole.item.translations),
            *(whole.item.price, whole.item.currency, whole.item.is_published, whole.item.published_at),
            [category.path for category in whole.categories],
            [(value.attribute.key, value.kind, value.text, value.slug) for value in whole.values],
            whole.pictures,
        )
        for whole in load(Item.objects.all())
    }
    fields = ("key", "label", "translations", "is_facet", "is_browsable", "position")
    attributes = sorted(Attribute.objects.values_list(*fields), key=lambda row: row[0])
    tree = list(
        Category.objects.order_by("path").values_list(
            "path", "title", "translations", "position", "listing__items"
        )
    )
    everything = Listing.objects.get(pk=Listing.EVERYTHING).items
    return {"items": items, "attributes": attributes, "tree": tree, "published": everything}


def emptied():
    for table in (ImportedRecord, Item, AttributeValue, Attribute):
        table.objects.all().delete()
    for category in Category.objects.order_by("-path"):
        category.delete()
    Listing.objects.exclude(pk=Listing.SHAPE).delete()
    held.forget()


def imported(file, mapping, tmp_path, **options):
    rejects = tmp_path / "rejects.jsonl"
    call_command("import_catalog", str(file), mapping=Path(mapping), rejects=rejects, **options)


def test_a_spreadsheet_shows_paragraphs_and_accents_as_they_are(item, tmp_path):
    item("Árbol", description="One thing.\n\nAnother,  further on.")
    call_command("export_catalog", tmp_path / "catalogue.csv")
    text = (tmp_path / "catalogue.csv").read_text()
    assert text.startswith("\ufeffkey,")
    assert "One thing.\n\nAnother,  further on." in text


@pytest.mark.parametrize(
    ("format_", "compression"), [*product(FORMATS, [""]), ("csv", "gzip"), ("jsonl", "zstd")]
)
def test_the_same_catalogue_comes_out_of_every_format(catalogue, tmp_path, format_, compression):
    file = tmp_path / f"catalogue.{format_}{ENDINGS[compression]}"
    call_command("export_catalog", file)
    emptied()
    imported(file, f"{file}.toml", tmp_path)
    assert not (tmp_path / "rejects.jsonl").exists()
    again = said()
    for slug, item in catalogue["items"].items():
        assert again["items"].get(slug) == item, slug
    assert again == catalogue


def test_an_export_of_before_that_has_the_sites_own_language_too_comes_in(item, tmp_path):
    item("Base", translations={"es": {"title": "Otra"}})
    call_command("export_catalog", tmp_path / "catalogue.jsonl")
    file, mapping = tmp_path / "catalogue.jsonl", tmp_path / "catalogue.jsonl.toml"
    record = json.loads(file.read_text())
    assert list(record["translations"]) == ["es"]
    record["translations"]["en"] = {"title": "Shown", "description": ""}
    file.write_text(json.dumps(record))
    texts = 'title = "translations.en.title"\ndescription = "translations.en.description"'
    mapping.write_text(mapping.read_text().replace("[price]", f"[item.translations.en]\n{texts}\n[price]"))
    before = said()
    emptied()
    imported(file, mapping, tmp_path)
    assert said() == before


def test_long_addresses_come_back_whole(item, tmp_path):
    for _number in range(3):
        item("long " * 70)
    before = said()
    call_command("export_catalog", tmp_path / "catalogue.jsonl")
    emptied()
    imported(tmp_path / "catalogue.jsonl", tmp_path / "catalogue.jsonl.toml", tmp_path)
    assert said() == before


def test_imported_again_it_changes_nothing(catalogue, tmp_path, capsys):
    file = tmp_path / "catalogue.jsonl"
    call_command("export_catalog", file)
    emptied()
    imported(file, f"{file}.toml", tmp_path)
    imported(file, f"{file}.toml", tmp_path)
    assert f"{len(HOSTILE)} unchanged" in capsys.readouterr().out


@pytest.mark.parametrize("format_", FORMATS)
def test_what_comes_without_pictures_comes_again_by_the_recipe_of_the_guide(
    catalogue, tmp_path, capsys, format_
):
    file = tmp_path / f"catalogue.{format_}"
    call_command("export_catalog", file)
    emptied()
    there = list(Picture.objects.all())
    Picture.objects.all().delete()
    with pytest.raises(SystemExit, match="3"):
        imported(file, f"{file}.toml", tmp_path)
    rejected = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    lacking = sum(bool(item[-1]) for item in catalogue["items"].values())
    assert len(rejected) == lacking
    Picture.objects.bulk_create(there)
    recipe = (ROOT / "docs" / "importing.md").read_text().partition("jq -c .record")[2].partition("```")[0]
    options = re.findall(r"--(format|encoding) (\S+)", recipe)
    again = tmp_path / "again.jsonl"
    again.write_text("".join(json.dumps(bad["record"], ensure_ascii=False) + "\n" for bad in rejected))
    imported(again, f"{file}.toml", tmp_path, **dict(options))
    assert f"0 created, {lacking} updated, 0 unchanged, 0 rejected" in capsys.readouterr().out
    assert said() == catalogue


def test_an_empty_catalogue_is_an_empty_file(tmp_path):
    for format_ in FORMATS:
        file = tmp_path / f"catalogue.{format_}"
        call_command("export_catalog", file)
        assert tomllib.loads((tmp_path / f"catalogue.{format_}.toml").read_text())["name"] == "export"
        assert len(file.read_text().strip().splitlines()) == (1 if format_ in ("csv", "tsv", "json") else 0)


def test_no_cell_is_a_formula_for_a_spreadsheet(catalogue, tmp_path):
    call_command("export_catalog", tmp_path / "catalogue.csv")
    with (tmp_path / "catalogue.csv").open(newline="") as file:
        texts = [
            (name, cell)
            for row in csv.DictReader(file)
            for name, cell in row.items()
            if not name.endswith(":number")
        ]
    assert len(texts) > len(HOSTILE)
    assert [cell for _name, cell in texts if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


def test_drafts_can_stay_here(item, tmp_path):
    item("Shown")
    item("Hidden", published=False)
    call_command("export_catalog", tmp_path / "all.jsonl", published_only=True)
    assert "Shown" in (tmp_path / "all.jsonl").read_text()
    assert "Hidden" not in (tmp_path / "all.jsonl").read_text()


def test_an_attribute_that_comes_up_on_the_way_ends_the_export_and_leaves_no_file(
    item, tmp_path, monkeypatch
):
    item("One", Artist="Turner")
    known = columns()
    item("Two", Colour="Blue")
    with pytest.raises(ChangedMeanwhile, match="Colour"):
        list(records(known))
    monkeypatch.setattr("apps.catalog.management.commands.export_catalog.columns", lambda: known)
    with pytest.raises(CommandError, match="Export again"):
        call_command("export_catalog", tmp_path / "all.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv.toml"]


@pytest.mark.parametrize(
    ("file", "options", "sentence"),
    [
        ("catalogue.xlsx", {}, "Which format"),
        ("nowhere/catalogue.csv", {}, "can’t be written: No such file"),
        ("-", {"format": "csv"}, "--mapping FILE.toml"),
    ],
)
def test_mistakes_are_told(tmp_path, monkeypatch, file, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=sentence):
        call_command("export_catalog", file, **options)


def test_editors_take_it_along_as_a_stream_and_nobody_else(item, alice, bob):
    item("A boat", Artist="Turner")
    editor = sign_in(Client(), alice)
    assert 'href="/editor/export/catalogue.csv"' in editor.get("/editor/export").content.decode()
    answer = editor.get("/editor/export/catalogue.csv")
    assert answer.streaming
    assert "A boat" in b"".join(answer).decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="catalogue.csv"'
    assert b"".join(editor.get("/editor/export/catalogue.json.gz")).startswith(b"\x1f\x8b")
    assert tomllib.loads(editor.get("/editor/export/csv.toml").content.decode())["file"]["format"] == "csv"
    assert editor.get("/editor/export/catalogue.exe").status_code == 404
    assert editor.get("/editor/export/exe.toml").status_code == 404
    member = sign_in(Client(), bob)
    for name in ("", "/catalogue.csv", "/csv.toml"):
        assert member.get(f"/editor/export{name}").status_code == 403
        assert Client().get(f"/editor/export{name}").status_code == 302


def test_a_program_takes_it_along_too(item, alice, bob):
    item("Boat")
    token = make_token(person_id=alice.id, name="tests", scopes=["catalog:read"], days=7)
    hers = {"Authorization": f"Bearer {token}"}
    address = "/api/v1/catalog/export/"
    for accept in ("*/*", "text/csv", "application/xml"):
        answer = Client().get(f"{address}catalogue.csv", headers=hers | {"Accept": accept})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert b"Boat" in b"".join(answer.streaming_content)
    assert "escapes = true" in Client().get(f"{address}csv.toml", headers=hers).content.decode()
    missing = Client().get(f"{address}catalogue.pdf", headers=hers)
    assert (missing.status_code, missing.json()["code"]) == (404, "catalog.not_found")
    assert Client().get(f"{address}catalogue.csv").status_code == 401
    assert sign_in(Client(), bob).get(f"{address}catalogue.csv").status_code == 403
