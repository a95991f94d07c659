"""Reads settings from the environment, from `.env` and from files named by NAME_FILE: what it can't read it tells."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

YES, NO = {*FileAwareEnv.BOOLEAN_TRUE_STRINGS}, {"false", "off", "n", "no", "0"}
# Of .env: a value stands in quotation marks of one kind, or begins with none.
LINE = re.compile(r"""(?:export )?[A-Za-z_0-9]+=(".*"|'.*'|(?!["']).*)""")


def web_address(url: str) -> SplitResult | None:
    """Its parts; None where it leads to no web server."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return None
    return parts if usable else None


class Files(FileAwareMapping):
    """NAME, or what is in the file of NAME_FILE, without the end of line that editors and `echo` leave."""

    def __getitem__(self, name: str) -> str:
        file = self.env.get(f"{name}_FILE")
        try:
            value: str = super().__getitem__(name)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ImproperlyConfigured(
                f"{name}_FILE={file!r} can't be read ({why}). It must name a file that holds the value of {name}."
            ) from None
        return value.rstrip("\r\n") if file else value


class Environment(FileAwareEnv):
    ENVIRON = Files()

    def get_value(
        self, var: str, cast: Any = None, default: Any = FileAwareEnv.NOTSET, parse_default: bool = False
    ) -> Any:
        """As it stands: the library takes `$word` for the name of another variable, and a secret may begin so."""
        value = self.ENVIRON.get(var)
        if value is None:
            return super().get_value(var, cast, default, parse_default)
        return self.parse_value(value, cast)

    def flag(self, var: str, *, default: bool) -> bool:
        """A word that is neither yes nor no is refused: for the library it is a no."""
        value = self.str(var, default="").strip().lower()
        if value and value not in YES | NO:
            raise ImproperlyConfigured(f"{var}={value!r} must be true or false.")
        return value in YES if value else default

    def read_file(self, path: Path, *, is_needed: bool) -> None:
        """What the environment has comes first. Raises ImproperlyConfigured that names the line, not what is in it."""
        if not is_needed and not path.exists():
            return
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ImproperlyConfigured(f"The file of settings {path} can't be read ({why}).") from None
        said = [
            (number, line) for number, line in enumerate(lines, 1) if line.strip() and line.lstrip()[0] != "#"
        ]
        for number, line in said:
            if not LINE.fullmatch(line):
                raise ImproperlyConfigured(
                    f"Line {number} of {path} can't be read. A line is NAME=value, with nothing before the name and "
                    "no blanks around the =; quotation marks stand around a whole value or not at all; a comment has "
                    "a line of its own, which begins with #."
                )
        self.read_env(io.StringIO("\n".join(line for _, line in said)))
