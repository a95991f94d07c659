"""The .proto files: protoc takes them, they say what the runtime does, and what would break their holders is seen."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from google.protobuf import descriptor_pb2

from seam.contract import Contract
from seam.messages import Messages
from seam.proto import incompatibilities, render
from seam.registry import registry
from tests.seam import sample, values
from tests.seam.protoc import compile_proto
from tests.servers import CONTEXTS, ROOT

COMMITTED = ROOT / "docs" / "contracts"


@pytest.mark.parametrize("context", [*CONTEXTS, "seam"])
def test_protoc_reads_the_committed_files_as_the_runtime_does(context: str, tmp_path: Path) -> None:
    same_as_runtime(Messages(registry.contracts[context]), COMMITTED, tmp_path)


def test_protoc_reads_every_type_as_the_runtime_does(messages: Messages, tmp_path: Path) -> None:
    (tmp_path / "sample.v1.proto").write_text(render(messages.contract))
    same_as_runtime(messages, tmp_path, tmp_path)


def same_as_runtime(messages: Messages, folder: Path, out: Path) -> None:
    compile_proto(folder, messages.file.name, f"--descriptor_set_out={out}/set")
    (compiled,) = descriptor_pb2.FileDescriptorSet.FromString((out / "set").read_bytes()).file
    for message in compiled.message_type:
        for field in [*message.field, *(f for nested in message.nested_type for f in nested.field)]:
            field.ClearField("json_name")  # protoc spells out what the runtime works out
    assert compiled == messages.file


def test_a_client_made_by_protoc_is_understood_and_understands(
    messages: Messages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample.v1.proto").write_text(render(messages.contract))
    compile_proto(tmp_path, "sample.v1.proto", f"--python_out={tmp_path}")
    monkeypatch.syspath_prepend(str(tmp_path))
    generated = importlib.import_module("sample.v1_pb2")
    try:
        thing = values.thing(maybe_text="á", labels={"k": "v"}, parts=[sample.Part(name="p")])
        codec = messages.event["sample.thing_made.v1"]
        theirs = generated.ThingMade.FromString(codec.encode({"thing": thing}))
        assert (theirs.thing.maybe_text, dict(theirs.thing.labels)) == ("á", {"k": "v"})
        assert theirs.thing.at.ToDatetime(tzinfo=thing.at.tzinfo) == thing.at
        assert codec.decode(theirs.SerializeToString()) == {"thing": thing}
        asked = generated.ListNumbersRequest(numbers=[1, 2])
        request = messages.request["list_numbers"].decode(asked.SerializeToString())
        assert request == {"numbers": [1, 2], "times": 2}
    finally:
        for name in ("sample.v1_pb2", "sample"):
            sys.modules.pop(name, None)


def test_docstrings_become_comments(contract: Contract) -> None:
    text = render(contract)
    assert "  // Raises Refused when there are more than three.\n  rpc ListNumbers(" in text
    assert "// Event sample.thing_made.v1. A thing exists now.\nmessage ThingMade {" in text
    assert "// - sample.refused: The keeper does not want to." in text
    assert "  string id = 6;  // UUID\n" in text
    assert "Part(" not in text  # what @dataclass writes where there is no docstring


BREAKING = [
    ("  string text = 1;\n", "", "message Thing.text was removed."),
    ("  bool yes = 2;\n", "  bool yes = 99;\n", "message Thing.yes was moved from 2 to 99."),
    ("  int64 number = 3;\n", "  string number = 3;\n", "message Thing.number was int64 and is string now."),
    ("  repeated int64 numbers = 12;\n", "  int64 numbers = 12;\n", "was repeated int64 and is int64 now."),
    ("  optional int64 size = 22;\n", "  int64 size = 22;\n", "was optional int64 and is int64 now."),
    (
        "  map<string, string> labels = 10;\n",
        "  string labels = 10;\n",
        "was map<string, string> and is string now.",
    ),
    (
        "  rpc ListNumbers(ListNumbersRequest) returns (ListNumbersResponse);\n",
        "",
        "service Sample.ListNumbers was removed.",
    ),
    ("  COLOUR_SEA_GREEN = 2;\n", "", "enum Colour.COLOUR_SEA_GREEN was removed."),
    ("  COLOUR_RED = 1;\n", "  COLOUR_RED = 7;\n", "enum Colour.COLOUR_RED was moved from 1 to 7."),
    ("// Event sample.tree_grown.v1.\n", "", "event sample.tree_grown.v1 was removed."),
    ("message TreeGrown {", "message Grown {", "event sample.tree_grown.v1 was TreeGrown and is Grown now."),
    (
        "  string name = 1;\n  optional double weight = 2;\n",
        "  string name = 1;\n  optional double weight = 2;\n  string maker = 3;\n",
        "message Part.maker was added without a default",
    ),
]


@pytest.mark.parametrize(("old", "new", "complaint"), BREAKING)
def test_what_breaks_an_older_holder_is_seen(contract: Contract, old: str, new: str, complaint: str) -> None:
    before = render(contract)
    assert old in before
    assert complaint in "\n".join(incompatibilities(before, before.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  optional double weight = 2;\n", "  optional double weight = 2;\n  optional string maker = 3;\n"),
        ("  optional double weight = 2;\n", "  optional double weight = 2;\n  repeated Part inside = 3;\n"),
        ("  COLOUR_SEA_GREEN = 2;\n", "  COLOUR_SEA_GREEN = 2;\n  COLOUR_BLUE = 3;\n"),
        ("// A nested value.\n", "// A part of a thing.\n"),
        ("enum Colour {", "message Extra {\n  string name = 1;\n}\n\nenum Colour {"),
    ],
)
def test_what_breaks_nobody_is_let_through(contract: Contract, old: str, new: str) -> None:
    before = render(contract)
    assert old in before
    assert incompatibilities(before, before.replace(old, new)) == []


def test_the_command_writes_and_finds_the_files_good(tmp_path: Path) -> None:
    call_command("contracts", folder=tmp_path)
    call_command("contracts", check=True, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.v1.proto" for name in (*CONTEXTS, "seam")}


def test_the_committed_files_are_up_to_date() -> None:
    call_command("contracts", check=True)


def test_a_stale_file_is_seen(tmp_path: Path) -> None:
    call_command("contracts", folder=tmp_path)
    path = tmp_path / "media.v1.proto"
    path.write_text(path.read_text().replace("// ", "// Once: ", 1))
    with pytest.raises(CommandError, match=r"media\.v1\.proto is not up to date: run `manage\.py contracts`"):
        call_command("contracts", check=True, folder=tmp_path)


def test_a_missing_file_is_seen(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not up to date"):
        call_command("contracts", check=True, folder=tmp_path)


def test_an_incompatible_change_is_not_written_unless_told_to(tmp_path: Path) -> None:
    call_command("contracts", folder=tmp_path)
    path = tmp_path / "media.v1.proto"
    held = path.read_text().replace(
        "message AssetDeleted {\n", "message AssetDeleted {\n  string reason = 9;\n"
    )
    path.write_text(held)
    for options in ({}, {"check": True}):
        with pytest.raises(
            CommandError, match=r"message AssetDeleted\.reason was removed\.(.|\n)*older file"
        ):
            call_command("contracts", folder=tmp_path, **options)
        assert path.read_text() == held
    call_command("contracts", folder=tmp_path, may_break=True)
    assert "reason = 9" not in path.read_text()
