"""docs/edge.md does what it says: its commands are run as they stand, on a real site and a real nginx."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.page import BLOCK, Shell, here
from tests.deploy.test_splitting import nginx
from tests.servers import ROOT, free_port, sbin_path, temporary_folder

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "edge.md").read_text()
PORTS = (8001, 8081, 8443)


def test_the_guide_does_what_it_says() -> None:
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == 6
    assert PAGE.count("```") == 2 * len(blocks)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("edge-guide"))
        names = {str(port): str(free_port()) for port in PORTS}
        names |= {"/srv/shop": str(folder), "/etc/nginx/conf.d/gateway.conf": f"{folder}/gateway.conf"}
        path = nginx(stack, folder)
        unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        env = {name: value for name, value in os.environ.items() if name not in unset} | {
            "PATH": os.pathsep.join(
                [path, str(Path(sys.executable).parent), sbin_path(), os.environ["PATH"]]
            ),
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder / "data"),
            "DEMO_DATA": "false",
            "WEB_WORKERS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        shell = Shell(folder, env)
        stack.callback(shell.close)
        _site, _nginx, _purger, twice, added, forgotten = (shell.run(here(block, names)) for block in blocks)
    assert twice == "2 MISS\n2 HIT\n"
    assert added.splitlines()[-1] == "A lamp that the cache did not know"
    assert forgotten == "forgotten: catalog\nforgotten: item-00000000-0000-0000-0000-000000000000\n"
