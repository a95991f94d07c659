"""manage.py startcontext NAME: a new context of the house's shape, registered where it has to be."""

from __future__ import annotations

import keyword
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

TEMPLATES = Path(__file__).resolve().parent.parent / "context"
SUFFIX = "-tpl"  # so that no linter takes them for Python
# Letters and digits: tables are `name_…`, settings `NAME_…`, and neither may look like those of another context.
# Django's names of indexes have 30 characters at most, and ours end with `_outbox_due`.
NAME = re.compile(r"[a-z][a-z0-9]{2,18}")
# What is added to which file, behind the last line that looks like those before it.
REGISTRATIONS = (
    ("monolith/topology.py", r'    \("\w+", "\w+", "\w+"\),\n', '    ("$name", "$name", "$name"),\n'),
    (
        "monolith/wiring.py",
        r"    import apps\.\w+\.service\n",
        "    import apps.$name.contract\n    import apps.$name.service\n",
    ),
    (
        "monolith/wiring.py",
        r"    \w+: apps\.\w+\.contract\.\w+ = apps\.\w+\.service\n",
        "    $name: apps.$name.contract.$Name = apps.$name.service\n",
    ),
    (
        "monolith/prefixes.py",
        r"(?<=\n)PREFIXES = \{\n(?:    .*\n)+(?=\}\n)",
        '    "$name": ("/$name/", "/api/v1/$name/"),\n',
    ),
    ("docs/settings.md", r"\| `[A-Z0-9]+` \| `here` \| .*\n", "| `$NAME` | `here` | the same |\n"),
    (
        "docs/settings.md",
        r"\| `[A-Z0-9]+_DATABASE_URL` \| .*\n",
        "| `${NAME}_DATABASE_URL` | from `DATABASE_URL` | the same |\n",
    ),
    (
        "docs/settings.md",
        r"\| `[A-Z0-9]+_REPLICA_URLS` \| none \| .*\n",
        "| `${NAME}_REPLICA_URLS` | none | as `CATALOG_REPLICA_URLS` |\n",
    ),
    ("README.md", r"\| `apps/\w+/` \| .*\n", "| `apps/$name/` | made by `manage.py startcontext` |\n"),
)


class Command(BaseCommand):
    help = (
        "Make a context in apps/NAME and tests/NAME, with a contract, tables, pages and an API that work, and "
        "register it in topology, wiring, the table of URL prefixes and the papers. Run twice it changes nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", help="what it is called: 3 to 19 small letters and digits, such as orders"
        )

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        if any(context.name == name for context in settings.CONTEXTS):
            self.stdout.write(f"{name} is a context already; nothing was changed.")
            return
        if trouble := next(troubles(name, root), ""):
            raise CommandError(trouble)
        words = {"name": name, "Name": name.capitalize(), "NAME": name.upper()}
        changed = registered(root, words)
        made = dict(files(root, words))
        write(made | changed, name)
        tidy(root, [path for path in (*made, *changed) if path.suffix == ".py"])
        self.stdout.write(
            f"apps/{name}/ and tests/{name}/ are made; changed: {', '.join(names(changed, root))}."
        )
        self.stdout.write(
            "Now:\n  python manage.py contracts\n  python manage.py gateway --write deploy/nginx\n"
            "  python manage.py prepare\n"
            "docs/adding-a-context.md tells what to do with it."
        )


def troubles(name: str, root: Path) -> Iterator[str]:
    """Sentences on why a context can't be called so."""
    if not NAME.fullmatch(name):
        yield (
            f"{name!r} can't be a context's name: it needs 3 to 19 small letters and digits, a letter first, such as "
            "orders. Tables, settings, URLs and events are called after it."
        )
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        yield f"{name!r} is a word of Python itself and would be taken for it. Choose another, such as {name}s."
    if name in taken(root):
        yield f"{name!r} is taken, by an app, a database, a URL or a folder of this house. Choose another name."
    if name.upper() in os.environ or hasattr(settings, name.upper()) or is_documented(name.upper(), root):
        yield f"{name.upper()} is a variable of the environment or a setting already. Choose another name."
    for folder in (root / "apps" / name, root / "tests" / name):
        if folder.exists():
            yield f"{folder} is there already, and is no context. Move it away, or choose another name."


def is_documented(variable: str, root: Path) -> bool:
    """Whether it is a setting, be it one of a script or a function only."""
    papers = root / "docs" / "settings.md"
    return papers.exists() and f"| `{variable}` |" in papers.read_text()


def taken(root: Path) -> set[str]:
    from monolith.prefixes import PREFIXES, SHARED

    prefixes = (prefix for prefixes in (*PREFIXES.values(), SHARED) for prefix in prefixes)
    urls = {prefix.strip("/").partition("/")[0].partition(".")[0] for prefix in prefixes}
    labels = {part for config in apps.get_app_configs() for part in (config.label, config.name)}
    return urls | labels | set(settings.DATABASES) | {path.name for path in root.iterdir()}


def registered(root: Path, words: dict[str, str]) -> dict[Path, str]:
    """The files of REGISTRATIONS as they will be. Raises CommandError for one that is not as expected."""
    texts: dict[Path, str] = {}
    for file, pattern, line in REGISTRATIONS:
        path = root / file
        text = texts.get(path) or (path.read_text() if path.exists() else "")
        found = list(re.finditer(pattern, text))
        if not found:
            added = Template(line).substitute(words)
            raise CommandError(
                f"{file} is not as it was: no place was found for these lines, so nothing was changed. Add them "
                f"there, bring the file back, then run this again:\n{added}"
            )
        end = found[-1].end()
        texts[path] = text[:end] + Template(line).substitute(words) + text[end:]
    return texts


def files(root: Path, words: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """What is made, with its text."""
    for source in sorted(TEMPLATES.rglob(f"*{SUFFIX}")):
        place, *inside = source.relative_to(TEMPLATES).parts
        folder = root / {"app": "apps", "tests": "tests"}[place] / words["name"]
        path = folder.joinpath(*inside).with_name(source.name.removesuffix(SUFFIX))
        yield Path(str(path).replace("_name_", words["name"])), Template(source.read_text()).substitute(words)


def write(texts: dict[Path, str], name: str) -> None:
    """In this order, so that what is registered is there. Raises CommandError that says how to begin anew."""
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    except OSError as error:
        raise CommandError(
            f"{error.filename} can't be written ({error.strerror}). Make it writable, remove what was made of "
            f"apps/{name} and tests/{name}, then run this again."
        ) from error


def tidy(root: Path, paths: list[Path]) -> None:
    """Order of imports and line breaks as ruff wants them, where it is installed: both depend on the name."""
    if find_spec("ruff"):
        for how in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
            subprocess.run([sys.executable, "-m", "ruff", *how, *map(str, paths)], cwd=root, check=True)


def names(paths: dict[Path, str], root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]
