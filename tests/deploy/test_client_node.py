"""docs/examples/client-node asks a real `manage.py rpc`; needs node and npm, and says so where they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT, Server, free_port, site

pytestmark = pytest.mark.slow

KEY = "what-the-site-and-the-client-both-know-0123456789"
Client = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Runs the client, installed beside a copy of the contracts, against a site that holds one item."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("The Node.js client was not tried: node and npm are not installed.")
    folder = tmp_path_factory.mktemp("node") / "docs"
    shutil.copytree(ROOT / "docs" / "contracts", folder / "contracts")
    example = folder / "examples" / "client-node"
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(ROOT / "docs" / "examples" / "client-node", example, ignore=ignored)
    installed = subprocess.run(
        ["npm", "ci", "--silent"], cwd=example, capture_output=True, text=True, check=False
    )
    if installed.returncode:
        pytest.skip(f"The Node.js client was not tried: npm ci failed: {installed.stderr[-300:]}")
    port = free_port()
    with site({"RPC_KEY": KEY, "RPC_PORT": str(port)}) as running:
        running.manage("import_catalog", *files(folder))
        command = ["sh", "-c", "exec python manage.py rpc"]
        with Server(command, port, folder / "rpc.log", running.env).running():

            def run(*arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
                node = ["node", "client.js", f"127.0.0.1:{port}", *arguments]
                env = os.environ | {"RPC_KEY": key}
                return subprocess.run(
                    node, cwd=example, env=env, capture_output=True, text=True, timeout=60, check=False
                )

            yield run


def files(folder: Path) -> list[str]:
    records, mapping = folder / "items.csv", folder / "items.toml"
    records.write_text("number,title\n1,A lamp for reading\n")
    mapping.write_text('[item]\nkey = "number"\ntitle = "title"\n')
    return [str(records), "--mapping", str(mapping)]


def test_it_finds_what_is_there(client: Client) -> None:
    found = client("lamp")
    assert found.stdout == "A lamp for reading  /items/a-lamp-for-reading\n1 found\n", found.stderr


def test_a_declared_error_has_its_name(client: Client) -> None:
    refused = client("lamp", "no such place")
    assert (refused.returncode, refused.stderr.partition(":")[0]) == (1, "InvalidQuery")


def test_without_the_key_nothing_is_answered(client: Client) -> None:
    refused = client("lamp", key="a-key-that-the-site-has-never-heard-of-42")
    assert (refused.returncode, refused.stderr.partition(":")[0]) == (1, "UNAUTHENTICATED")
