"""seed_demo: fills an empty site, leaves others alone, and completes what was killed without doubling anything."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.auth.contract import Role
from apps.auth.models import User
from apps.catalog.models import Category, Item, ItemPicture
from apps.media.models import Asset
from monolith.demo import seeding
from monolith.demo.people import PEOPLE, read_passwords, working_sign_ins
from monolith.demo.seeding import Seeding
from monolith.demo.shop import Shop, read_shop
from tests import servers
from tests.people import make_person

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.slow]

SMALL = (120, 160)


@pytest.fixture
def shop() -> Shop:
    """Three prints of the shop, one with a further picture, drawn small."""
    chosen = [one for one in read_shop().prints if len(one.pictures) == 1][:2]
    chosen += [one for one in read_shop().prints if len(one.pictures) > 1][:1]
    drawn = [replace(one, pictures=[replace(p, size=SMALL) for p in one.pictures]) for one in chosen]
    return replace(read_shop(), prints=drawn)


class Told(list[str]):
    """The lines a run said."""

    def __contains__(self, text: object) -> bool:
        return any(str(text) in line for line in self)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def seed(tmp_path: Path, shop: Shop, told: Told) -> Callable[..., None]:
    return Seeding(tmp_path / "demo", told.append, shop).run


def count() -> dict[str, int]:
    tables = (User, Category, Item, ItemPicture, Asset)
    return {table.__name__: table._default_manager.count() for table in tables}


def test_it_fills_an_empty_site_in_both_languages(seed: Callable[..., None], shop: Shop, told: Told) -> None:
    seed()
    assert count() == {
        "User": 3,
        "Category": len(shop.categories),
        "Item": 3,
        "ItemPicture": sum(len(one.pictures) for one in shop.prints),
        "Asset": sum(len(one.pictures) for one in shop.prints),
    }
    for one in shop.prints:
        item = Item.objects.get(slug=one.slug)
        assert item.is_published
        assert (item.title, item.translations["es"]["title"]) == (one.title.en, one.title.es)
        assert (item.price, item.currency) == (one.price, "EUR")
    assert Category.objects.get(path="abstract/lines").translations == {"es": {"title": "Líneas"}}
    assert "pictures drawn and uploaded" in told


def test_pictures_come_in_their_order_with_words_for_those_who_cannot_see(
    seed: Callable[..., None], shop: Shop
) -> None:
    seed()
    one = shop.prints[-1]
    ids = (
        ItemPicture.objects.filter(item__slug=one.slug)
        .order_by("position")
        .values_list("asset_id", flat=True)
    )
    assets = [Asset.objects.get(pk=pk) for pk in ids]
    assert [asset.alt for asset in assets] == [picture.alt for picture in one.pictures]
    assert {asset.owner_id for asset in assets} == {User.objects.get(email="editor@example.com").id}


def test_a_second_time_doubles_nothing(seed: Callable[..., None], told: Told) -> None:
    seed()
    before = count()
    seed()
    assert count() == before
    assert "there already" in told


def test_a_part_a_second_time_doubles_nothing(seed: Callable[..., None]) -> None:
    seed(2)
    before = count()
    seed(2)
    assert count() == before


def test_what_somebody_deleted_stays_deleted(seed: Callable[..., None]) -> None:
    seed()
    Item.objects.first().delete()
    left = count()
    seed()
    assert count() == left


def test_a_part_first_and_the_rest_later(seed: Callable[..., None], told: Told) -> None:
    seed(1)
    assert Item.objects.count() == 1
    seed()
    assert Item.objects.count() == 3
    assert "there already" not in told


def test_a_site_that_is_not_empty_is_left_as_it_is(seed: Callable[..., None], told: Told) -> None:
    from apps.catalog.drafts import Draft
    from apps.catalog.service import create_item

    create_item(Draft(title="My own"))
    before = count()
    seed()
    assert count() == before
    assert "not empty" in told


@pytest.mark.parametrize(("before", "times"), [("ensure_items", 0), *[("hang", times) for times in range(4)]])
def test_stopped_anywhere_it_completes(
    seed: Callable[..., None], monkeypatch: pytest.MonkeyPatch, shop: Shop, before: str, times: int
) -> None:
    """Between people and items, and between each upload and the item that shall show it."""
    done, real = [], getattr(seeding, before)

    def stop_at_last(*arguments: object) -> object:
        if len(done) == times:
            raise KeyboardInterrupt
        done.append(arguments)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(seeding, before, stop_at_last)
        with pytest.raises(KeyboardInterrupt):
            seed()
    seed()
    pictures = sum(len(one.pictures) for one in shop.prints)
    assert (count()["User"], count()["Item"]) == (3, len(shop.prints))
    assert (count()["Asset"], count()["ItemPicture"]) == (pictures, pictures)


def test_an_item_deleted_meanwhile_is_passed_over(
    seed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = seeding.media.store_upload

    def delete_then_store(**kwargs: object) -> object:
        Item.objects.all().delete()
        return real(**kwargs)

    monkeypatch.setattr(seeding.media, "store_upload", delete_then_store)
    seed()
    assert Item.objects.count() == 0


def test_somebody_who_edits_an_item_at_that_moment_keeps_the_edit(
    seed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = seeding.draft_of, []

    def read_then_somebody_edits(item: Item) -> seeding.Draft:
        draft = real(item)
        read.append(draft)
        if len(read) == 2:  # once to see what is missing, once to add to it
            seeding.catalog.change_item(item.pk, replace(draft, title="Mine now"))
        return draft

    monkeypatch.setattr(seeding, "draft_of", read_then_somebody_edits)
    seed(1)
    item = Item.objects.get()
    assert item.title == "Mine now"
    assert ItemPicture.objects.filter(item=item).count() == count()["Asset"]


def test_two_at_once_are_refused(tmp_path: Path, shop: Shop, told: Told) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    with seeding.alone(folder / "lock"), pytest.raises(BlockingIOError):
        Seeding(folder, told.append, shop).run()
    assert count()["User"] == 0


def test_sign_ins_are_told_kept_private_and_differ_from_site_to_site(
    seed: Callable[..., None], tmp_path: Path, told: Told
) -> None:
    seed(1)
    file = tmp_path / "demo" / "sign-ins.txt"
    assert stat.S_IMODE(file.stat().st_mode) & stat.S_IRWXO == 0
    passwords = read_passwords(file)
    assert set(passwords) == {person.email for person in PEOPLE}
    assert len(set(passwords.values())) == 3
    for person, password in working_sign_ins(file):
        assert password in told
        assert Role(User.objects.get(email=person.email).role) is person.role
    assert len(working_sign_ins(file)) == 3


def test_a_password_that_no_longer_works_is_not_told(
    seed: Callable[..., None], tmp_path: Path, told: Told
) -> None:
    seed(1)
    staff = User.objects.get(email="staff@example.com")
    staff.set_password("something of my own")
    staff.save()
    told.clear()
    seed(1)
    assert "editor@example.com" in told
    assert "staff@example.com" not in told


def test_an_account_that_exists_keeps_its_password_and_role(seed: Callable[..., None], told: Told) -> None:
    make_person("staff@example.com", password="my own password", role=Role.MEMBER)
    seed(1)
    staff = User.objects.get(email="staff@example.com")
    assert staff.check_password("my own password")
    assert staff.role == "member"
    assert "staff@example.com" not in told


@pytest.mark.parametrize(
    ("given", "said"),
    [({"prints": 0}, "1 or more"), ({"pixels": 199}, "200 to 6000"), ({"pixels": 6001}, "200 to 6000")],
)
def test_nonsense_on_the_command_line_is_refused(given: dict[str, int], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("seed_demo", **given)


@pytest.mark.once
def test_killed_for_real_it_completes(tmp_path: Path) -> None:
    """SIGKILL to the process itself, on files: once while people are made, once in the middle of the pictures."""
    with servers.site() as site:
        for moment in ("sign in", "now their pictures"):
            command = [sys.executable, "manage.py", "seed_demo", "--prints", "4", "--pixels", "700"]
            with subprocess.Popen(
                command, cwd=servers.ROOT, env=site.env, stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                assert any(moment in line for line in process.stdout)
                process.send_signal(signal.SIGKILL)
        said = site.manage(*command[2:]).stdout
        assert "5 of 5 pictures" in said
        rows = "from apps.catalog.models import *; from apps.media.models import *; from apps.auth.models import User;"
        counts = "print([t.objects.count() for t in (User, Item, ItemPicture, Asset)])"
        assert "[3, 4, 5, 5]" in site.manage("shell", "-c", rows + counts).stdout
