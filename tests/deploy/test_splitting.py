"""docs/splitting.md does what it says: its commands are run as they stand, on real processes, while people visit."""

from __future__ import annotations

import http.client
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.deploy.page import BLOCK, Shell, here
from tests.servers import ROOT, MariaDB, Server, free_port, mariadb, sbin_path, temporary_folder
from tests.topologies import NGINX

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "splitting.md").read_text()
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FORTH = (
    "1. Make it ready to be split",
    "2. Choose",
    "3. Start the part beside the site",
    "4. Send its URLs there",
    "5. Let the rest forget it",
)
BACK, DATA = "Going back", "Moving its data"
PORTS = (8001, 8002, 8003, 50051, 50052, 50053, 8080)
# What people may get, and nothing else.
VISITS = {
    "/": 200,
    "/search": 200,
    "/api/v1/catalog/search/": 200,
    "/accounts/login/": 200,
    "/pictures/": 302,
    "/menu": 200,
}


def blocks(section: str, part: str) -> list[str]:
    """The commands of a section, of three to choose from the one for `part`."""
    found = BLOCK.findall(dict(SECTION.findall(PAGE))[section])
    return [b for b in found if not b.startswith("PART=") or b.startswith(f"PART={part}\n")]


class Visitors:
    """Ask for a page after the other, from now until the block ends; `wrong` is every answer that was not right."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.count = 0
        self.wrong: list[str] = []
        self._stop = threading.Event()

    def ask(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def stroll(self) -> None:
        while not self._stop.is_set():
            for path, right in VISITS.items():
                try:
                    got: object = self.ask(path)
                except (OSError, http.client.HTTPException) as error:
                    got = repr(error)
                self.count += 1
                if got != right:
                    self.wrong.append(f"{path}: {got}")
                self._stop.wait(0.05)

    @contextmanager
    def visiting(self) -> Iterator[None]:
        thread = threading.Thread(target=self.stroll)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(90)


@contextmanager
def newcomer(*databases: MariaDB) -> Iterator[tuple[Shell, dict[str, str]]]:
    """A shell on a machine with nginx and, if any, two database servers; and what stands for what the page names."""
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("splitting"))
        names = {str(port): str(free_port()) for port in PORTS}
        names |= {"/srv/shop": str(folder), "/etc/nginx/conf.d/gateway.conf": f"{folder}/gateway.conf"}
        for name, server in zip(("db1", "db2"), databases, strict=False):
            names[f"{name} -P 3306"] = f"127.0.0.1 -P {server.port}"
            names[f"{name}:3306"] = f"127.0.0.1:{server.port}"
        path = nginx(stack, folder)
        unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "ENV_FILE"}
        env = {name: value for name, value in os.environ.items() if name not in unset} | {
            "PATH": os.pathsep.join([path, str(Path(sys.executable).parent), sbin_path()]),
            "DATA_DIR": str(folder / "data"),
            "DEMO_DATA": "false",
            "WEB_WORKERS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        if databases:
            env["DATABASE_URL"] = f"mysql://shop:secret@127.0.0.1:{databases[0].port}/shop"
        shell = Shell(folder, env)
        stack.callback(shell.close)
        yield shell, names


def nginx(stack: ExitStack, folder: Path) -> str:
    """A running nginx without a site; the folder with a `nginx` that speaks to it."""
    (folder / "gateway.conf").touch()
    user = "" if os.getuid() else "user root;"
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    run = f"nginx -p {folder} -c {folder}/nginx.conf -e {folder}/error.log"
    (folder / "bin").mkdir()
    (folder / "bin" / "nginx").write_text(f'#!/bin/sh\nPATH={sbin_path()} exec {run} "$@"\n')
    (folder / "bin" / "nginx").chmod(0o755)
    server = Server(run.split(), None, folder / "nginx-said", os.environ | {"PATH": sbin_path()})
    stack.enter_context(server.running())
    return str(folder / "bin")


def walk(shell: Shell, names: dict[str, str], part: str, *sections: str) -> dict[str, str]:
    """What each section printed."""
    return {
        section: "".join(shell.run(here(block, names)) for block in blocks(section, part))
        for section in sections
    }


def leave(shell: Shell, names: dict[str, str], part: str, theirs: int, *, whole: bool = True) -> None:
    """A part leaves; unless it is to leave as a `whole`, it stays in the site too and only its URLs are sent away."""
    said = walk(shell, names, part, *FORTH[1 : 5 if whole else 4])
    start, send = said[FORTH[2]], said[FORTH[3]]
    alias = "default" if part == "auth" else part
    assert f'"databases": {{"{alias}": "ok"}}' in start
    assert f"}}{theirs}\nSERVING\n" in start
    assert f"server 127.0.0.1:{names['8002']} " in send
    if whole:
        assert re.findall(r"^\d{3}$", said[FORTH[4]], re.MULTILINE) == ["404", str(theirs)]
        assert "parked " not in said[FORTH[4]]


def test_every_block_of_the_page_is_run() -> None:
    """Whatever somebody adds to it, in whatever place."""
    chosen = {
        block
        for part in ("auth", "media", "catalog")
        for s in (*FORTH, BACK, DATA)
        for block in blocks(s, part)
    }
    assert chosen == set(BLOCK.findall(PAGE))
    assert PAGE.count("```") == 2 * len(BLOCK.findall(PAGE))


def test_each_part_leaves_and_nobody_notices() -> None:
    with mariadb() as one, mariadb() as two:
        for server in (one, two):
            server.sql("CREATE USER shop@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO shop@'%'")
        with newcomer(one, two) as (shell, names):
            assert "total;dur=" in walk(shell, names, "", FORTH[0])[FORTH[0]].lower()
            visitors = Visitors(int(names["8080"]))
            with visitors.visiting():
                leave(shell, names, "media", 302)
                back = walk(shell, names, "media", BACK)[BACK]
                assert all(f'"{alias}": "ok"' in back for alias in ("default", "media", "catalog"))
                leave(shell, names, "auth", 200, whole=False)
                takes_back(shell, names)
                leave(shell, names, "catalog", 200)
            assert visitors.wrong == []
            assert visitors.count > 100
            its_data_moves(shell, names, one, two)
            assert visitors.ask("/search") == 200


def takes_back(shell: Shell, names: dict[str, str]) -> None:
    """As step 4 says one does at any moment, and then step 3."""
    back = blocks(FORTH[3], "auth")[2]
    shell.run(here(back, names))
    shell.run("sleep 3; kill $SERVING; while kill -0 $SERVING 2>/dev/null; do sleep 1; done")


def its_data_moves(shell: Shell, names: dict[str, str], one: MariaDB, two: MariaDB) -> None:
    columns = "(id, name, data, request_id, status, created_at, due_at, attempts, last_error, `key`)"
    values = f"('{uuid4()}', 'catalog.none', '{{}}', '', 'done', NOW(), NOW(), 1, '', 'k')"
    one.sql(f"INSERT INTO shop_catalog.catalog_job {columns} VALUES {values}")
    said = walk(shell, names, "catalog", DATA)[DATA]
    compared, status = re.findall(r"^(\d+)$", said, re.MULTILINE)
    assert (int(compared) > 5, status) == (True, "200")
    assert two.sql("SELECT name FROM shop_catalog.catalog_job WHERE `key` = 'k'").split() == ["catalog.none"]
