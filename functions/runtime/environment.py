"""The environment of a deployed function: its name, its keys, its secrets as values or as files."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.runtime.signing import secret

KEY_LENGTH = 32
NAME = re.compile(r"[a-z][a-z0-9_]*")


class Misconfigured(SystemExit):
    """The function can't start; the message says what to set."""


def setting(name: str, default: str = "") -> str:
    """The variable `name`, or what the file holds that `name`_FILE names."""
    file = os.environ.get(f"{name}_FILE", "")
    try:
        return (Path(file).read_text() if file else os.environ.get(name, default)).strip()
    except OSError as error:
        raise Misconfigured(f"{name}_FILE={file} can't be read: {error.strerror}.") from error


def keys() -> tuple[str, ...]:
    """The secrets shared with the site, of which the first signs. Raises Misconfigured without a strong one."""
    found = tuple(key.strip() for key in setting("FUNCTION_KEY").split(",") if key.strip())
    if not found or not all(_is_strong(key) for key in found):
        raise Misconfigured(
            f"Set FUNCTION_KEY to what the site has: at least {KEY_LENGTH} characters; two by a comma while it changes."
        )
    return found


def _is_strong(key: str) -> bool:
    try:
        return len(key) >= KEY_LENGTH and bool(secret(key))
    except ValueError:
        return False


def function() -> tuple[str, Callable[[dict[str, Any], Any], dict[str, Any]]]:
    """Name and `handle` of the function that is deployed here. Raises Misconfigured when FUNCTION names none."""
    name = setting("FUNCTION")
    if not NAME.fullmatch(name) or not Path(__file__).parents[1].joinpath(name, "handler.py").is_file():
        raise Misconfigured(
            f"FUNCTION={name!r} is no function here. Set it to the name of a folder in functions/."
        )
    return name, importlib.import_module(f"functions.{name}.handler").handle
