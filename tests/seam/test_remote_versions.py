"""Programs made by protoc from an older or a newer .proto file of a contract, as clients and as servers of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from seam.codec import Codec
from seam.contract import Contract
from seam.messages import Messages
from seam.proto import incompatibilities, render
from seam.remote import CallFailed, remote
from tests import remotely
from tests.seam import keeper, values
from tests.seam.protoc import SCRIPT, ask_as, program_of
from tests.seam.sample import Colour, Part, Refused, Sample

THING = values.thing(size=7, shade=Colour.RED, spare=Part(name="wheel"), maybe_text="á", labels={"a": "b"})


def same(text: str) -> str:
    return text


def older(text: str) -> str:
    """Before the last fields of Thing, `times` and GetLanguage were added."""
    lines = r"  optional (int64 size|Colour shade|Part spare|int64 times) = \d+;\n|  rpc GetLanguage.*\n"
    return re.sub(lines, "", text)


def newer(text: str) -> str:
    """After Thing got a field, requests got one, and the sample a method."""
    text = text.replace(
        "  optional Part spare = 24;\n", "  optional Part spare = 24;\n  optional string scent = 25;\n"
    )
    text = text.replace(
        "  optional int64 times = 2;\n", "  optional int64 times = 2;\n  optional bool soon = 3;\n"
    )
    return text.replace(
        "service Sample {\n", "service Sample {\n  rpc Smell(NoteRequest) returns (NoteResponse);\n"
    )


Run = Callable[..., Any]


@pytest.fixture(scope="module")
def program(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Callable[[str], str], str], dict[str, str]]:
    """The environment of the foreign program as protoc makes it from a version of the file."""
    made: dict[str, dict[str, str]] = {}

    def environment(version: Callable[[str], str], current: str) -> dict[str, str]:
        if version.__name__ not in made:
            folder = tmp_path_factory.mktemp(version.__name__)
            assert version is same or version(current) != current
            (folder / "sample.v1.proto").write_text(version(current))
            made[version.__name__] = program_of(folder, "sample")
        return made[version.__name__]

    return environment


VERSIONS = pytest.mark.parametrize("version", [same, older, newer])


@pytest.fixture
def ask(program: Any, contract: Contract) -> Run:
    def run(version: Callable[[str], str], address: str, method: str, data: Any) -> Any:
        """What the foreign client of that version prints."""
        env = program(version, render(contract))
        return ask_as(env, "sample", address, remotely.OURS.token("sample"), method, data)

    return run


@pytest.fixture
def serving(program: Any, contract: Contract, declared: Contract) -> Any:
    @contextmanager
    def serve(version: Callable[[str], str]) -> Iterator[Sample]:
        """The foreign server of that version, as `use` would give it to us."""
        env = program(version, render(contract))
        with subprocess.Popen(
            [sys.executable, SCRIPT, "serve"], env=env, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                with remotely.reached(f"127.0.0.1:{process.stdout.readline().strip()}") as peer:
                    yield remote(declared, peer)
            finally:
                process.kill()

    return serve


def thing_as_json(messages: Messages) -> dict[str, Any]:
    codec: Codec = messages.event["sample.thing_made.v1"]
    return codec.to_json({"thing": THING})["thing"]  # type: ignore[no-any-return]


@pytest.mark.slow
@VERSIONS
def test_a_client_of_any_version_is_understood_and_understands(
    version: Callable[[str], str], ask: Run, declared: Contract, messages: Messages
) -> None:
    sent = thing_as_json(messages)
    if version is older:
        for name in ("size", "shade", "spare"):
            del sent[name]
    if version is newer:
        sent["scent"] = "of roses"
    with remotely.running((declared, keeper)) as address:
        answer = ask(version, address, "GetThing", {"thing": sent})["result"]
        if version is older:
            assert answer == sent, "what it does not know it does not see"
        else:
            assert answer == thing_as_json(messages), "a field that we don't know is not handed on"
        assert ask(version, address, "ListNumbers", {"numbers": ["1"]}) == {"result": ["1", "1"]}


def test_a_default_is_filled_in_for_a_client_that_does_not_know_the_field(
    ask: Run, declared: Contract, messages: Messages
) -> None:
    seen: list[Any] = []
    noting = type(sys)("noting")
    vars(noting).update(vars(keeper))

    def get_thing(*, thing: Any) -> Any:
        seen.append(thing)
        return thing

    noting.get_thing = get_thing
    sent = thing_as_json(messages)
    for name in ("size", "shade", "spare"):
        del sent[name]
    with remotely.running((declared, noting)) as address:
        ask(older, address, "GetThing", {"thing": sent})
    assert (seen[0].size, seen[0].shade, seen[0].spare) == (24, Colour.SEA_GREEN, Part(name="spare"))


@VERSIONS
def test_a_server_of_any_version_is_understood_and_understands(
    version: Callable[[str], str], serving: Any
) -> None:
    with serving(version) as sample:
        answer = sample.get_thing(thing=THING)
    if version is older:
        assert (answer.text, answer.labels, answer.maybe_text) == (THING.text, {"a": "b"}, "á")
        assert (answer.size, answer.shade, answer.spare) == (24, Colour.SEA_GREEN, Part(name="spare"))
    else:
        assert answer == THING


def test_errors_of_a_foreign_server_are_the_same_class(serving: Any) -> None:
    with serving(same) as sample:
        with pytest.raises(Refused, match=r"^long$") as caught:
            sample.list_numbers(numbers=[1])
        assert caught.value.fields == {"why": "old"}
        with pytest.raises(CallFailed, match=r"'sample\.newer' is no declared error of sample"):
            sample.list_numbers(numbers=[2])
        with pytest.raises(CallFailed, match="UNIMPLEMENTED"):
            sample.note(text="x")


def test_a_foreign_client_reads_our_errors(ask: Run, declared: Contract) -> None:
    with remotely.running((declared, keeper)) as address:
        told = ask(same, address, "ListNumbers", {"numbers": [1, 2, 3, 4]})
        assert told == {
            "status": "FAILED_PRECONDITION",
            "text": "Search",
            "code": "sample.refused",
            "message": "Search",
            "fields": {"limit": "3", "given": "4"},
        }
        bug = ask(same, address, "GetFailure", {"kind": "bug"})
        assert (bug["status"], bug["code"]) == ("INTERNAL", "")
        assert "10.0.0.7" not in json.dumps(bug)
        missing = ask(same, address, "GetThing", {"thing": {"text": "a"}})
        assert missing["status"] == "INVALID_ARGUMENT"
        assert missing["text"].startswith("sample.get_thing: thing: ")


def test_what_the_versions_differ_by_is_what_a_contract_may_change(contract: Contract) -> None:
    current = render(contract)
    assert incompatibilities(older(current), current) == []
    assert incompatibilities(current, newer(current)) == []
