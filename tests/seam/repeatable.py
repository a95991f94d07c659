"""The site's settings, if a database did not do as it is asked: at an isolation level at which claiming deadlocks."""

from monolith.settings import *  # noqa: F403
from monolith.settings import DATABASES

for database in DATABASES.values():
    database["OPTIONS"]["isolation_level"] = "repeatable read"
