"""No foreign key and no many-to-many crosses from one context's database into another's."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps

from apps.auth.models import User
from apps.catalog.models import Item
from apps.media.models import Asset
from seam.registry import registry
from tests.servers import CONTEXTS


def crossings(tables: Iterable[type[models.Model]]) -> list[str]:
    """Relations between tables of different databases, forwards only."""
    return [
        f"{table._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for table in tables
        for field in (*table._meta.fields, *table._meta.many_to_many)
        if isinstance(field.related_model, type) and alias(table) != alias(field.related_model)
    ]


def alias(table: type[models.Model]) -> str:
    return registry.alias_of_label(table._meta.app_label)


def test_no_relation_crosses() -> None:
    tables = list(apps.get_models(include_auto_created=True))
    assert len(tables) > 10
    assert crossings(tables) == []


def test_every_context_has_a_database_of_its_own() -> None:
    names = [settings.DATABASES[served.alias]["NAME"] for served in registry]
    assert len(set(names)) == len(names) == len(CONTEXTS)


@pytest.mark.parametrize("target", [Asset, User])
@isolate_apps("apps.catalog")
def test_a_foreign_key_that_crosses_is_seen(target: type[models.Model]) -> None:
    class Planted(models.Model):
        other = models.ForeignKey(target, on_delete=models.CASCADE)

        class Meta:
            app_label = "catalog"

    assert crossings([Planted]) == [f"catalog.Planted.other -> {target._meta.label}"]


@isolate_apps("apps.catalog")
def test_a_many_to_many_that_crosses_is_seen() -> None:
    class Planted(models.Model):
        others = models.ManyToManyField(Asset)

        class Meta:
            app_label = "catalog"

    assert crossings([Planted]) == ["catalog.Planted.others -> media.Asset"]


@isolate_apps("apps.catalog")
def test_a_relation_inside_a_context_is_not() -> None:
    class Planted(models.Model):
        item = models.ForeignKey(Item, on_delete=models.CASCADE)

        class Meta:
            app_label = "catalog"

    assert crossings([Planted]) == []
