"""Programs that protoc makes from .proto files: see foreign.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc_tools
from grpc_tools import protoc

from tests.servers import ROOT

INCLUDES = Path(grpc_tools.__file__).parent / "_proto"
SCRIPT = str(ROOT / "tests" / "seam" / "foreign.py")
# As googleapis has it: what a gRPC library of any language reads details of an error with.
STATUS = """\
syntax = "proto3";
package google.rpc;
import "google/protobuf/any.proto";
message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
"""


def compile_proto(folder: Path, name: str, *options: str) -> None:
    assert protoc.main(["protoc", f"-I{folder}", f"-I{INCLUDES}", *options, name]) == 0


def program_of(folder: Path, contract: str) -> dict[str, str]:
    """The environment of foreign.py, for which protoc made what it imports of `<contract>.v1.proto` in that folder."""
    (folder / "status.proto").write_text(STATUS)
    for name in (f"{contract}.v1.proto", "status.proto"):
        compile_proto(folder, name, f"--python_out={folder}", f"--grpc_python_out={folder}")
    return os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def ask_as(env: dict[str, str], contract: str, address: str, token: str, method: str, data: Any) -> Any:
    """What the foreign client prints."""
    command = [sys.executable, SCRIPT, contract, address, token, method]
    done = subprocess.run(
        command, env=env, input=json.dumps(data), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
