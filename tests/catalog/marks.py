"""Marks for tests of the catalogue."""

from __future__ import annotations

import pytest
from django.conf import settings

# InnoDB finds words once they are committed; SQLite finds them at once, and a test may roll back what it wrote.
searched = pytest.mark.django_db(
    databases="__all__", transaction="mysql" in settings.DATABASES["catalog"].get("ENGINE", "")
)
