"""What the papers say is there: commands, files, links."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.servers import ROOT

PAPERS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "data", "build", "node_modules", ".git"} & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SCRIPT = re.compile(r"(?<![\w/.-])bin/[a-z][a-z-]*")
COMMAND = re.compile(r"manage\.py ([a-z][a-z_]*)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("paper", PAPERS, ids=name)
def test_links_lead_somewhere(paper: Path) -> None:
    broken = [link for link in LINK.findall(paper.read_text()) if not (paper.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("paper", PAPERS, ids=name)
def test_scripts_and_commands_exist(paper: Path) -> None:
    text = paper.read_text()
    scripts = {script for script in SCRIPT.findall(text) if not os.access(ROOT / script, os.X_OK)}
    commands = set(COMMAND.findall(text)) - set(get_commands())

    assert (scripts, commands) == (set(), set())


def test_the_readme_names_every_command_a_newcomer_needs() -> None:
    text = (ROOT / "README.md").read_text()
    assert {"bin/run", "bin/test"} <= set(SCRIPT.findall(text))
    assert "docker run -p 8000:8000 -v data:/data offshoot" in text


@pytest.mark.parametrize(
    "folder", ["apps/auth", "apps/media", "apps/catalog", "seam", "monolith", "functions"]
)
def test_the_readme_shows_the_whole_house(folder: str) -> None:
    assert f"`{folder}/`" in (ROOT / "README.md").read_text()
    assert (ROOT / folder).is_dir()


def test_the_map_leads_to_every_guide() -> None:
    links = set(LINK.findall((ROOT / "docs" / "map.md").read_text()))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - links == {"map.md"}


def test_every_decision_stands_in_the_index_by_its_own_title() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    titles = [path.read_text().partition("\n")[0].removeprefix("# ") for path in decisions]
    lines = [
        f"- [{title[:4]}]({path.name}) {title[5:]}" for path, title in zip(decisions, titles, strict=True)
    ]
    assert [line for line in (folder / "README.md").read_text().splitlines() if line[:3] == "- ["] == lines


def test_the_patterns_find_what_is_wrong() -> None:
    assert LINK.findall("[a](docs/x.md) [b](https://example.com) [c](#here) ![d](d.png)") == [
        "docs/x.md",
        "d.png",
    ]
    assert SCRIPT.findall("bin/run, /usr/bin/python, bin/test --fast") == ["bin/run", "bin/test"]
    assert COMMAND.findall("python manage.py import_catalog FILE") == ["import_catalog"]
