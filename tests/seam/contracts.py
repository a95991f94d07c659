"""Contract modules made on the spot, for contracts that should or should not be."""

from __future__ import annotations

import sys
from types import ModuleType


def module(*classes: type) -> ModuleType:
    """A module that declares these classes and nothing else; they stay resolvable where they were written."""
    made = ModuleType(classes[0].__module__)
    for cls in classes:
        assert cls.__module__ in sys.modules
        setattr(made, cls.__name__, cls)
    return made
