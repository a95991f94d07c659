"""Whatever is named like a secret is marked as one, in contracts and in models, or stands below with a reason."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import Model

from monolith.logs import SENSITIVE
from seam.contract import Contract, fields_of, inner_of
from seam.registry import Served, registry

INNOCENT = {
    "Attribute.key": "names an attribute in addresses",
    "ImportedRecord.key": "the record's own number, as its file has it",
    "Item.title_key": "sorts by title",
    "Job.key": "tells one job of a name from the next",
    "Job.lease_token": "says which attempt holds a row, and opens nothing",
    "OutboxEvent.lease_token": "the same",
    "User.last_login": "a time",
}
REMEDY = "mark it (Sensitive[…] in a contract, `sensitive` of a model), or add it to INNOCENT with a reason"
OUR_MODELS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]


def unmarked(found: dict[str, bool]) -> list[str]:
    return [
        where
        for where, is_marked in found.items()
        if not is_marked and SENSITIVE.search(where.rpartition(".")[2]) and where not in INNOCENT
    ]


def told(contract: Contract) -> dict[str, bool]:
    """Each parameter and field of a contract, by where it stands, and whether it is marked."""
    found = {
        f"{method.name}.{field.name}": field.is_sensitive
        for method in contract.methods.values()
        for field in method.parameters
    }
    return found | {
        f"{cls.__name__}.{field.name}": field.is_sensitive
        for cls in dataclasses_of(contract)
        for field in fields_of(cls)
    }


def dataclasses_of(contract: Contract) -> set[type]:
    """Those of its methods and events, and those within them."""
    methods = contract.methods.values()
    todo: list[object] = [*contract.events.values(), *(method.result for method in methods)]
    todo += [field.hint for method in methods for field in method.parameters]
    found: set[type] = set()
    while todo:
        kind = inner_of(todo.pop())
        if hasattr(kind, "__dataclass_fields__") and kind not in found:
            found.add(kind)
            todo += [field.hint for field in fields_of(kind)]
    return found


@pytest.mark.parametrize("served", list(registry), ids=lambda served: str(served.name))
def test_contracts_mark_what_is_named_like_a_secret(served: Served) -> None:
    found = told(served.contract)
    assert found
    assert unmarked(found) == [], REMEDY


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: str(model.__name__))
def test_models_mark_what_is_named_like_a_secret(model: type[Model]) -> None:
    marks, names = getattr(model, "sensitive", ()), [field.name for field in model._meta.concrete_fields]
    assert set(marks) <= set(names), "it marks what is not there"
    assert unmarked({f"{model.__name__}.{name}": name in marks for name in names}) == [], REMEDY


def test_what_is_not_marked_is_found() -> None:
    assert unmarked({"Card.api_token": False, "Card.pin_code": True, "Card.owner": False}) == [
        "Card.api_token"
    ]
