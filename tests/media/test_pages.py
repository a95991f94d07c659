"""Pages of one's own pictures."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from apps.media import models, service, views
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def as_alice(client, alice):
    return sign_in(client, alice)


def text(answer):
    return answer.content.decode()


def test_an_empty_library_says_what_belongs_here(as_alice):
    answer = as_alice.get("/pictures/")
    assert answer.status_code == 200
    assert "No pictures yet" in text(answer)
    assert "hx-trigger" not in text(answer).partition('id="library"')[2].partition("</section>")[0]


def test_a_picture_on_its_way(as_alice, alice, upload, work):
    asset = upload(alice.id, picture(800, 600), name="lake.png")
    page = text(as_alice.get("/pictures/"))
    assert "1 picture is being prepared." in page
    assert f"/pictures/progress?ids={asset.pk}" in page
    assert "Being prepared" in page

    still = text(as_alice.get(f"/pictures/progress?ids={asset.pk}"))
    assert "hx-get" in still
    assert "hx-swap-oob" not in still

    work()
    done = text(as_alice.get(f"/pictures/progress?ids={asset.pk}"))
    assert "hx-get" not in done, "it stops asking"
    assert f'id="picture-{asset.pk}" hx-swap-oob="true"' in done
    assert "2.avif 640w" in done
    assert "800 × 600" in text(as_alice.get("/pictures/"))


def test_its_size_is_told_in_the_units_of_the_quota(as_alice, alice, known):
    asset = known(alice.id)
    models.Original.objects.update(bytes=2_100_000)
    assert "2.1\u00a0MB" in text(as_alice.get(f"/pictures/{asset.pk}"))


def test_one_that_failed_says_why_and_offers_what_to_do(as_alice, alice, upload, work):
    asset = upload(alice.id, picture(400, 300, "JPEG")[:2000])
    work()
    for page in (text(as_alice.get("/pictures/")), text(as_alice.get(f"/pictures/{asset.pk}"))):
        assert "This file is damaged or incomplete." in page
    answer = as_alice.post(f"/pictures/{asset.pk}/retry", follow=True)
    assert "1 picture is being prepared." in text(answer)


def test_one_that_got_stuck_can_be_started_again(as_alice, alice, known):
    asset = known(alice.id)
    assert "takes longer than usual" not in text(as_alice.get(f"/pictures/{asset.pk}"))
    models.Original.objects.update(tried_at=timezone.now() - service.STUCK_AFTER)
    assert "takes longer than usual" in text(as_alice.get(f"/pictures/{asset.pk}"))
    assert "hx-trigger" not in text(as_alice.get(f"/pictures/progress?ids={asset.pk}"))


def test_title_and_description(as_alice, alice, upload, work):
    asset = upload(alice.id)
    work()
    path = f"/pictures/{asset.pk}"
    assert "Not described" in text(as_alice.get("/pictures/"))
    answer = as_alice.post(path, {"title": "Lake <script>", "alt": "A lake in May"}, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    assert "Saved." in text(answer)
    assert "Lake &lt;script&gt;" in text(answer)
    library = text(as_alice.get("/pictures/"))
    assert "Not described" not in library
    assert 'alt="A lake in May"' in library
    wrong = as_alice.post(path, {"title": "x" * 201, "alt": ""})
    assert wrong.status_code == 422
    assert service.get_asset(asset_id=asset.pk).title == "Lake <script>"


def test_deleting_asks_first(as_alice, alice, upload):
    asset = upload(alice.id, name="lake.png")
    path = f"/pictures/{asset.pk}/delete"
    assert "Delete “lake”?" in text(as_alice.get(path))
    assert models.Asset.objects.count() == 1
    assert "“lake” is deleted." in text(as_alice.post(path, follow=True))
    assert models.Asset.objects.count() == 0
    assert as_alice.post(path).status_code == 404, "pressed twice"


def test_nothing_of_it_is_for_others(alice, bob, known):
    asset = known(alice.id)
    as_bob = sign_in(Client(), bob)
    assert str(asset.pk) not in text(as_bob.get("/pictures/"))
    assert str(asset.pk) not in text(as_bob.get(f"/pictures/progress?ids={asset.pk}")).partition("</div>")[2]
    for path in ("", "/original", "/delete"):
        assert as_bob.get(f"/pictures/{asset.pk}{path}").status_code == 404
    for path in ("", "/retry", "/delete"):
        assert as_bob.post(f"/pictures/{asset.pk}{path}", {"title": "mine"}).status_code == 404
        assert Client().post(f"/pictures/{asset.pk}{path}").status_code == 302
    assert as_bob.get(f"/pictures/{uuid.uuid4()}").status_code == 404


def test_pages_of_pictures(as_alice, alice, known, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(3):
        known(alice.id, f"number-{number}")
    first = as_alice.get("/pictures/")
    assert "number-2" in text(first)
    assert "number-0" not in text(first)
    second = as_alice.get("/pictures/" + first.context["next"])
    assert "number-0" in text(second)
    assert "number-2" not in text(second)
    assert "Newest pictures" in text(second)
    assert as_alice.get("/pictures/?after=nonsense").url == "/pictures/"


@pytest.mark.parametrize("ids", ["", "nonsense", "%00", ",,,", "x" * 5000])
def test_progress_of_nothing(as_alice, ids):
    assert as_alice.get(f"/pictures/progress?ids={ids}").status_code == 200


def test_a_full_page_costs_few_queries(as_alice, alice, known, django_assert_max_num_queries):
    for _ in range(8):
        known(alice.id)
    as_alice.get("/pictures/")
    with django_assert_max_num_queries(2, using="media"):
        as_alice.get("/pictures/")


def test_pages_are_kept_by_nobody_else(as_alice):
    headers = as_alice.get("/pictures/").headers
    assert "private" in headers["Cache-Control"]
    assert "Cookie" in headers["Vary"]


def test_in_spanish(as_alice, alice, upload, work):
    asset = upload(alice.id, picture(400, 300, "JPEG")[:2000])
    work()
    page = text(as_alice.get(f"/pictures/{asset.pk}", headers={"Accept-Language": "es-MX"}))
    assert "Este archivo está dañado o incompleto." in page
    assert "Descargar el original" in page


def test_staff_see_them_in_spanish(client, dora, alice, known):
    staff, spanish = sign_in(client, dora), {"Accept-Language": "es"}
    assert "Por estado" in text(staff.get("/admin/media/asset/", headers=spanish))
    page = text(staff.get(f"/admin/media/asset/{known(alice.id).pk}/change/", headers=spanish))
    assert "Nombre del archivo" in page


def test_staff_see_and_delete_pictures_in_the_admin(client, dora, alice, upload, work):
    asset = upload(alice.id, name="lake.png")
    work()
    staff = sign_in(client, dora)
    assert "lake" in text(staff.get("/admin/media/asset/"))
    assert staff.get(f"/admin/media/asset/{asset.pk}/change/").status_code == 200
    assert staff.get("/admin/media/asset/add/").status_code == 403
    assert staff.get("/admin/media/job/").status_code == 200
    assert staff.get("/admin/media/outboxevent/").status_code == 200
    assert staff.post(f"/admin/media/asset/{asset.pk}/delete/", {"post": "yes"}).status_code == 302
    assert models.Asset.objects.count() == models.Original.objects.count() == 0
    assert models.OutboxEvent.objects.filter(name="media.asset_deleted.v1").count() == 1
    assert sign_in(Client(), alice).get("/admin/media/asset/").status_code in (302, 403)
