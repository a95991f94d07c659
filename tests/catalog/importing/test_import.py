"""From a file to a catalogue that can be browsed and searched; and again, with changes, stops and mistakes."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections

from apps.catalog import service
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.importing.preview import Preview
from apps.catalog.importing.writer import CatalogWriter
from apps.catalog.models import (
    Attribute,
    Category,
    ImportedRecord,
    Item,
    ItemPicture,
    Listing,
    ListingEntry,
    OutboxEvent,
    SearchDocument,
)
from seam import atomic
from tests.catalog.importing.conftest import MAPPING, Run, thing
from tests.catalog.marks import searched
from tests.people import make_person

pytestmark = pytest.mark.django_db(databases="__all__")
ROOT = Path(__file__).parents[3]


def listed(slug: str) -> int:
    return Category.objects.select_related("listing").get(path=slug).listing.items


def events() -> list[str]:
    """What other contexts hear; a cache in front is told besides (test_tags.py)."""
    return list(
        OutboxEvent.objects.exclude(name="catalog.pages_changed.v1")
        .order_by("created_at", "id")
        .values_list("name", flat=True)
    )


def test_a_record_becomes_an_item(run: Run) -> None:
    result = run([thing(1)])
    assert result.code == 0
    assert "1 created, 0 updated, 0 unchanged, 0 rejected" in result.output
    draft = draft_of(Item.objects.get())
    gifts, prints = Category.objects.get(path="gifts"), Category.objects.get(path="home/prints")
    assert draft == Draft(
        title="Print 1",
        slug="print-1",
        description="Drawn by a plotter.",
        translations={"es": {"title": "Lámina 1"}},
        price=Decimal("12.50"),
        currency="EUR",
        categories=[prints.pk, gifts.pk],
        facts=[
            Fact(name="Colour", value="Blue"),
            Fact(name="Colour", value="Red"),
            Fact(name="Weight", value=Decimal("1.5")),
        ],
    )
    assert events() == ["catalog.item_published.v1"]


@searched
def test_it_can_be_browsed_and_searched_at_once(run: Run) -> None:
    run(
        [
            thing(number, name=f"Print {number} of a heron" if number == 7 else f"Print {number}")
            for number in range(1, 31)
        ]
    )
    assert listed("home") == listed("home/prints") == listed("gifts") == 30
    assert service.everything() == 30
    assert [item.title for item in service.search_items(query="heron").items] == ["Print 7 of a heron"]
    assert len(service.search_items(query="hogar").items) == 24
    assert len(service.search_items(query="blue", limit=100).items) == 30


def test_categories_and_attributes_are_named_as_the_mapping_says(run: Run) -> None:
    run([thing(1)])
    assert Category.objects.get(path="home").translations == {"es": {"title": "Hogar"}}
    assert Category.objects.get(path="home/prints").translations == {}
    colour, weight = Attribute.objects.order_by("position")
    assert (colour.label, colour.translations, colour.is_facet) == (
        "Colour",
        {"es": {"label": "Color"}},
        True,
    )
    assert (weight.label, weight.is_facet, weight.is_browsable) == ("Weight", False, False)


@searched
def test_values_are_named_as_the_mapping_says(run: Run) -> None:
    mapping = '[item]\nkey = "sku"\ntitle = "name"\n[[attributes]]\nname = "Colour"\nsource = "colour"\n'
    run([thing(1, colour="Dark Green")], mapping + 'values = { es = { "Dark Green" = "Verde oscuro" } }')
    assert Attribute.objects.get().translations == {"es": {"values": {"dark-green": "Verde oscuro"}}}
    assert Item.objects.get().subtitles == {"es": "Verde oscuro"}
    assert service.search_items(query="verde").items


def test_a_categorys_name_in_the_sites_own_language_is_its_title(run: Run) -> None:
    labels = 'labels = { en = { Home = "At home" }, es = { Home = "Hogar" } }\n'
    tree = '[[tree]]\npath = "gifts"\ntitle = "Gifts"\nlabels = { en = "Presents", es = "Regalos" }\n'
    run([thing(1)], MAPPING.replace('[categories.labels.es]\nHome = "Hogar"\n', labels) + tree)
    home, gifts = Category.objects.get(path="home"), Category.objects.get(path="gifts")
    assert (home.title, home.translations) == ("At home", {"es": {"title": "Hogar"}})
    assert (gifts.title, gifts.translations) == ("Presents", {"es": {"title": "Regalos"}})


def test_what_staff_changed_of_an_attribute_stays(run: Run) -> None:
    run([thing(1)])
    Attribute.objects.filter(label="Weight").update(is_facet=True)
    run([thing(1), thing(2)])
    assert Attribute.objects.get(label="Weight").is_facet


@pytest.mark.parametrize("said", ["Colour", "Hue"])
def test_an_attribute_that_staff_renamed_is_the_same(run: Run, said: str) -> None:
    mapping = '[item]\nkey = "sku"\ntitle = "name"\n[[attributes]]\nname = "{}"\nsource = "colour"'
    run([thing(1)], mapping.format("Colour"))
    Attribute.objects.filter(key="colour").update(label="Hue")
    run([thing(1, colour="Green")], mapping.format(said))
    assert list(Attribute.objects.values_list("key", "label")) == [("colour", "Hue")]
    assert draft_of(Item.objects.get()).facts == [Fact(name="Hue", value="Green")]


def test_a_name_that_another_attribute_has_is_not_taken(run: Run) -> None:
    mapping = '[item]\nkey = "sku"\ntitle = "name"\n[[attributes]]\nname = "{}"\nsource = "colour"\n'
    run([thing(1)], mapping.format("Hue"))
    run([thing(2)], mapping.format("Colour") + 'labels = { en = "Hue" }')
    assert sorted(Attribute.objects.values_list("key", "label")) == [("colour", "Colour"), ("hue", "Hue")]


def test_running_it_again_writes_nothing(run: Run) -> None:
    run([thing(number) for number in range(20)])
    before = list(Item.objects.order_by("pk").values_list("pk", "version", "changed_at"))
    result = run([thing(number) for number in range(20)])
    assert "0 created, 0 updated, 20 unchanged" in result.output
    assert list(Item.objects.order_by("pk").values_list("pk", "version", "changed_at")) == before
    assert len(events()) == 20


@searched
def test_a_changed_record_updates_its_item_and_no_other(run: Run) -> None:
    run([thing(1), thing(2)])
    versions = dict(Item.objects.values_list("title", "version"))
    result = run([thing(1), thing(2, name="Another title", shelf="Gifts", colour="Green", price="")])
    assert "0 created, 1 updated, 1 unchanged" in result.output
    item = Item.objects.get(title="Another title")
    assert item.slug == "print-2"
    assert item.price is None
    assert [fact.value for fact in draft_of(item).facts] == ["Green", Decimal("1.5")]
    assert Item.objects.get(title="Print 1").version == versions["Print 1"]
    assert (listed("home"), listed("home/prints"), listed("gifts")) == (1, 1, 2)
    assert [found.title for found in service.search_items(query="another").items] == ["Another title"]
    assert events().count("catalog.item_changed.v1") == 1


def test_what_the_mapping_says_nothing_of_stays_as_it_was_made_by_hand(run: Run) -> None:
    mapping = '[item]\nkey = "sku"\ntitle = "name"\n[[attributes]]\nname = "Colour"\nsource = "colour"'
    run([thing(1)], mapping)
    item = Item.objects.get()
    with atomic("catalog"):
        places = service.ensure_categories([("By hand",)])
    picture = make_person("alice@example.com").id  # any id: media is not asked
    ours = replace(
        draft_of(item),
        description="By hand.",
        translations={"es": {"title": "A mano"}},
        categories=[places["By hand",].pk],
        facts=[Fact(name="Colour", value="Blue"), Fact(name="Frame", value="Oak")],
        pictures=[picture],
        price=Decimal(9),
        currency="EUR",
    )
    service.change_item(item.pk, ours)
    service.withdraw_item(item.pk)
    run([thing(1, name="New title", colour="Red")], mapping)
    item = Item.objects.get()
    assert draft_of(item) == replace(
        ours, title="New title", facts=[Fact(name="Colour", value="Red"), Fact(name="Frame", value="Oak")]
    )
    assert not item.is_published
    assert list(ItemPicture.objects.values_list("asset_id", flat=True)) == [picture]


def test_a_change_by_hand_stays_until_the_record_changes(run: Run) -> None:
    run([thing(1)])
    item = Item.objects.get()
    service.change_item(item.pk, replace(draft_of(item), title="By hand"))
    run([thing(1)])
    assert Item.objects.get().title == "By hand"
    run([thing(1, text="New.")])
    assert Item.objects.get().title == "Print 1"


def test_an_item_that_was_deleted_is_created_again(run: Run) -> None:
    run([thing(1)])
    service.delete_item(Item.objects.get().pk)
    assert "1 created" in run([thing(1)]).output
    assert Item.objects.get().title == "Print 1"


def test_drafts_are_not_shown(run: Run) -> None:
    run([thing(1)], MAPPING.replace('title = "name"', 'title = "name"\nstatus = "draft"', 1))
    assert not Item.objects.get().is_published
    assert not ListingEntry.objects.exists()
    assert not SearchDocument.objects.exists()
    assert events() == []


def test_equal_titles_have_addresses_of_their_own(run: Run) -> None:
    run([thing(number, name="Untitled") for number in range(5)])
    slugs = set(Item.objects.values_list("slug", flat=True))
    assert len(slugs) == 5
    assert "untitled" in slugs


def test_keys_may_differ_in_their_case_alone(run: Run) -> None:
    result = run([thing(1, sku="a1"), thing(2, sku="A1"), thing(3, sku="á1")])
    assert result.code == 0
    assert "3 created" in result.output
    assert "3 unchanged" in run([thing(1, sku="a1"), thing(2, sku="A1"), thing(3, sku="á1")]).output


def test_two_sources_may_have_the_same_keys(run: Run) -> None:
    run([thing(1)])
    run([thing(1, name="Of another source")], MAPPING.replace('"shop"', '"other"', 1))
    assert set(Item.objects.values_list("title", flat=True)) == {"Print 1", "Of another source"}
    assert ImportedRecord.objects.count() == 2


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_the_same_key_twice_is_rejected_in_every_run(run: Run, batch_size: int) -> None:
    rows = [thing(1), thing(2), thing(1, name="The same key")]
    for _again in range(2):
        result = run(rows, batch_size=batch_size)
        assert result.code == 3
        assert [(bad["line"], bad["record"]["name"]) for bad in result.rejects] == [(3, "The same key")]
        assert "“S1” stood in an earlier record" in result.rejects[0]["reason"]
        assert set(Item.objects.values_list("title", flat=True)) == {"Print 1", "Print 2"}


def test_rejected_records_are_kept_with_line_and_reason(run: Run) -> None:
    rows = [thing(1), thing(2, price="a lot"), thing(3, name=""), thing(4)]
    result = run(rows)
    assert result.code == 3
    assert "2 created, 0 updated, 0 unchanged, 2 rejected" in result.output
    assert "Line 2: price: “a lot” is not a number" in result.output
    assert [(bad["line"], bad["record"]) for bad in result.rejects] == [(2, rows[1]), (3, rows[2])]
    assert result.rejects[1]["reason"] == "There is no title: “name” is empty."
    assert run([thing(1), thing(2), thing(3), thing(4)]).rejects == []


def test_a_run_that_could_not_begin_leaves_the_earlier_rejects(run: Run) -> None:
    run([thing(1, price="a lot")])
    result = run(b"sku,title\n1,a\n")
    assert result.code == 1
    assert [bad["line"] for bad in result.rejects] == [1]


def test_a_rejected_record_leaves_its_item_as_it_was(run: Run) -> None:
    run([thing(1)])
    run([thing(1, price="a lot", name="Never seen")])
    assert Item.objects.get().title == "Print 1"


def test_what_the_catalogue_cannot_keep_is_rejected_one_by_one(run: Run) -> None:
    result = run([thing(1), thing(2, name="x" * 401), thing(3, shelf=" > ".join("abcdefghijk")), thing(4)])
    assert [bad["line"] for bad in result.rejects] == [2, 3]
    assert Item.objects.count() == 2


def test_when_nothing_fits_it_stops(run: Run) -> None:
    result = run([{"other": number} for number in range(500)])
    assert result.code == 1
    assert "None of the first 100 records fits the mapping" in result.output
    assert len(result.rejects) == 100


def test_what_came_before_the_file_broke_stays(run: Run) -> None:
    import json

    rows = b"[" + b",\n".join(json.dumps(thing(number)).encode() for number in range(30)) + b',\n{"sku": ['
    result = run(rows, batch_size=8)
    assert result.code == 1
    assert "30 created" in result.output
    assert "begins in line 31 never ends" in result.output
    assert Item.objects.count() == 30
    assert "1 created, 0 updated, 30 unchanged" in run([thing(number) for number in range(31)]).output


def test_ctrl_c_keeps_whole_batches_and_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = CatalogWriter._remember, iter([True, True, False])

    def remember(self: CatalogWriter, *arguments: object) -> None:
        write(self, *arguments)  # type: ignore[arg-type]
        if not next(left):
            raise KeyboardInterrupt  # in the middle of the third transaction

    monkeypatch.setattr(CatalogWriter, "_remember", remember)
    result = run([thing(number) for number in range(50)], batch_size=10)
    assert result.code == 130
    assert "20 created" in result.output
    assert "Run the same command again to go on" in result.output
    monkeypatch.undo()
    assert Item.objects.count() == Listing.objects.get(pk=Listing.EVERYTHING).items == 20
    assert "30 created, 0 updated, 20 unchanged" in run([thing(number) for number in range(50)]).output


def test_dry_run_shows_items_and_rejects_and_writes_nothing(run: Run) -> None:
    result = run([thing(number) for number in range(10)] + [thing(11, price="?")], dry_run=True)
    assert result.code == 3
    for shown in (
        "S0",
        "Print 2",
        "Home › Prints",
        "12.50 EUR",
        "title (es)",
        "Lámina 1",
        "Line 11: price: “?”",
    ):
        assert shown in result.output
    assert "Nothing was written" in result.output
    assert "Print 5" not in result.output
    for table in (Item, Category, Attribute, ImportedRecord, OutboxEvent):
        assert not table._default_manager.exists()


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_a_dry_run_rejects_what_the_import_will(run: Run, batch_size: int) -> None:
    rows = [thing(1), thing(2), thing(1, name="The same key"), thing(2, price="?"), thing(1)]
    tried = run(rows, batch_size=batch_size, dry_run=True)
    assert "2 of 5 records would be taken, 3 rejected. Nothing was written." in tried.output
    done = run(rows, batch_size=batch_size)
    assert "2 created, 0 updated, 0 unchanged, 3 rejected" in done.output
    assert (tried.code, tried.rejects) == (done.code, done.rejects)


def test_a_dry_run_shows_no_item_of_a_key_that_stood_before(run: Run) -> None:
    output = run([thing(1), thing(1, name="The same key"), thing(2)], dry_run=True).output
    assert "Print 2" in output
    assert "The same key" not in output


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (gzip.compress(b'{"sku": "1", "name": "a"}\n' * 2)[:-9], {"format": "jsonl"}, "cut"),
        (b'[{"sku": "1", "name": "a"}] and so on', {}, "Something follows"),
        (b"sku,name\n", {}, ""),
        (b"", {}, "nothing in the file"),
    ],
)
def test_a_dry_run_never_says_that_it_wrote(run: Run, data: bytes, options: dict, said: str) -> None:
    mapping = '[item]\nkey = "sku"\ntitle = "name"\n'
    output = run(data, mapping, dry_run=True, **options).output
    assert said in output
    assert "created" not in output
    assert ("Nothing was written." in output) == bool(data)


def test_a_dry_run_that_was_stopped_says_what_it_saw(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = Preview.write, iter([True, False])

    def stopped(self: Preview, batch: list) -> object:
        if not next(left):
            raise KeyboardInterrupt
        return write(self, batch)

    monkeypatch.setattr(Preview, "write", stopped)
    result = run([thing(number) for number in range(30)], batch_size=10, dry_run=True)
    assert result.code == 130
    assert "10 of 20 records would be taken, 0 rejected. Nothing was written." in result.output


def test_a_limit_reads_so_many_records(run: Run) -> None:
    assert "5 created" in run([thing(number) for number in range(20)], limit=5).output


def test_standard_input_and_csv(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "sku;name;nombre;text;shelf;colour;weight;price\nS1;Río;Río;;;;;12,50\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rows.encode("cp1252"))))
    assert run("-", MAPPING + '[file]\ndecimal = ","\n', encoding="cp1252").code == 0
    assert draft_of(Item.objects.get()).price == Decimal("12.50")
    assert Item.objects.get().title == "Río"


def test_a_missing_column_stops_before_anything_is_written(run: Run) -> None:
    result = run(b"sku,title\n1,a\n")
    assert result.code == 1
    assert "no column “name”" in result.output
    assert "0 created" not in result.output  # it never began
    assert not Attribute.objects.exists()


def test_a_mistaken_format_tells_no_whole_record(run: Run) -> None:
    output = run([thing(1, text="long " * 1000)], format="csv").output
    assert "The file has no column “sku”" in output
    assert '{"sku": "S1"' in output
    assert len(output) < 500


def test_new_items_belong_to_whom_is_said(run: Run) -> None:
    alice = make_person("alice@example.com")
    run([thing(1)], owner="Alice@example.com")
    assert Item.objects.get().owner_id == alice.id
    assert "Nobody signs in with bob@example.com" in run([thing(1)], owner="bob@example.com").output


def test_the_rejects_file_may_not_be_the_file_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rejects.jsonl").write_text("{}")
    assert "must be another file" in run(str(tmp_path / "rejects.jsonl")).output


@searched
def test_real_records(run: Run) -> None:
    path = ROOT / "docs/examples/tate.toml"
    result = run((Path(__file__).parent / "tate.jsonl").read_bytes(), path.read_text())
    assert result.code == 0
    assert "15 created" in result.output
    assert "Year begun: left out" in result.output
    assert Category.objects.get(path="people").translations == {"es": {"title": "personas"}}
    figure = service.search_items(query="bowing seated").items[0]
    assert figure.attributes["Artist"] == "Robert Blake"
    assert "people/adults/man" in figure.categories
    assert "15 unchanged" in run((Path(__file__).parent / "tate.jsonl").read_bytes(), path.read_text()).output


@pytest.mark.slow
@pytest.mark.django_db(databases="__all__", transaction=True)  # no database counts what may be rolled back
def test_the_planner_knows_what_was_imported(run: Run) -> None:
    """A plan made for empty tables went through all values of all attributes to show one page."""
    run([thing(number, colour=f"Colour {number}") for number in range(2_000)])
    with connections["catalog"].cursor() as cursor:
        if connections["catalog"].vendor == "mysql":
            cursor.execute(
                "SELECT n_rows FROM mysql.innodb_table_stats "
                "WHERE database_name = DATABASE() AND table_name = 'catalog_attributevalue'"
            )
            assert int(cursor.fetchone()[0]) > 1_000
        else:
            cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'catalog_attributevalue'")
            assert max(int(row[0].split()[0]) for row in cursor.fetchall()) > 1_000
