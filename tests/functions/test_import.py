"""functions/catalog_import_chunk: records mapped here, behind the CloudEvents adapter and as a Lambda."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from apps.catalog.importing import chunks
from apps.catalog.importing.chunks import AT_ONCE, RECORDS, Chunks
from apps.catalog.importing.mapping import load_mapping
from functions.catalog_import_chunk.handler import handle
from functions.catalog_import_chunk.records import ImportProblem, Outcome, Record, Rejected
from functions.catalog_import_chunk.rules import as_table
from seam import Function
from seam.functions import FunctionFailed, TooLarge
from tests.functions.serving import KEY, function_server, lambda_server
from tests.servers import ROOT

WAYS = {"here": lambda name: nullcontext(""), "http": function_server, "lambda": lambda_server}
TATE = [json.loads(line) for line in (ROOT / "tests/catalog/importing/tate.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module", params=WAYS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with WAYS[request.param]("catalog_import_chunk") as url:
        yield url


def placed(settings: Any, url: str) -> None:
    settings.FUNCTIONS, settings.FUNCTION_KEYS = ({"catalog_import_chunk": url} if url else {}), (KEY,)


def mapping() -> Any:
    return load_mapping(ROOT / "docs/examples/tate.toml")


@pytest.mark.slow
@pytest.mark.xdist_group("functions")
def test_real_records_become_the_same_each_way(url: str, settings: Any) -> None:
    placed(settings, url)
    broken = [{"id": 1}, {}, {"title": "A lone surrogate \ud800", "accession_number": "X"}, {"title": None}]
    data = {"mapping": as_table(mapping()), "records": [*TATE, *broken]}
    result = Function("catalog_import_chunk", handle)(data, subject="a test", seconds=60)
    assert result == json.loads(json.dumps(handle(data, None)))
    assert len(result["items"]) == len(TATE) + len(broken)
    assert all("key" in item for item in result["items"][: len(TATE)])
    assert all("problem" in item for item in result["items"][len(TATE) :])


@pytest.mark.slow
@pytest.mark.xdist_group("functions")
def test_many_chunks_come_back_in_their_order(url: str, settings: Any) -> None:
    placed(settings, url)
    outcomes = list(records(RECORDS * (AT_ONCE + 2) + 7))
    outcomes[3] = Rejected(4, "not a record", "…")
    found = list(Chunks(mapping())(outcomes))
    assert [outcome for outcome, _plain in found] == outcomes
    assert [plain.get("key") for _outcome, plain in found] == [
        outcome.data["acno"] if isinstance(outcome, Record) else None for outcome in outcomes
    ]


def records(count: int) -> Iterator[Outcome]:
    for line in range(1, count + 1):
        yield Record(line, TATE[line % len(TATE)] | {"acno": f"K{line}"}, 1000)


def then_fails(count: int) -> Iterator[Outcome]:
    yield from records(count)
    raise ImportProblem("The file ends in the middle.")


class Elsewhere:
    """Stands where the function is asked elsewhere."""

    def __init__(self, *, failing: int = 0, error: type[FunctionFailed] = FunctionFailed) -> None:
        self.failing, self.error, self.calls, self.is_elsewhere = failing, error, 0, True

    def __call__(self, data: dict[str, Any], *, subject: str, seconds: int) -> dict[str, Any]:
        self.calls += 1
        if self.calls <= self.failing:
            raise self.error("away.")
        return handle(data, None)


def asking(function: Any, monkeypatch: pytest.MonkeyPatch) -> Chunks:
    found = Chunks(mapping())
    found._function = function
    monkeypatch.setattr(chunks.time, "sleep", lambda seconds: None)
    return found


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_what_came_before_the_reader_failed_is_given_first(
    is_elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = Elsewhere()
    function.is_elsewhere = is_elsewhere
    found: list[Any] = []
    with pytest.raises(ImportProblem, match="ends in the middle"):
        found.extend(asking(function, monkeypatch)(then_fails(RECORDS + 5)))
    assert len(found) == RECORDS + 5


def test_a_chunk_is_sent_again_before_the_import_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Elsewhere(failing=3)
    assert len(list(asking(function, monkeypatch)(records(5)))) == 5
    assert function.calls == 4
    with pytest.raises(ImportProblem, match=r"away\. What was written stays\. Run the same command again"):
        list(asking(Elsewhere(failing=4), monkeypatch)(records(5)))


def test_a_chunk_too_large_to_travel_is_mapped_here(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Elsewhere(failing=1, error=TooLarge)
    assert len(list(asking(function, monkeypatch)(records(5)))) == 5
    assert function.calls == 1


def test_values_left_out_are_counted_over_all_chunks() -> None:
    found = Chunks(mapping())
    broken = TATE[0] | {"dateRange": {"startYear": "no date"}}
    list(found([Record(n, broken | {"acno": f"K{n}"}, 1) for n in range(RECORDS + 9)]))
    assert found.skipped == {"Year begun": RECORDS + 9}
