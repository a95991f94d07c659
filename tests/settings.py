"""The site's settings for a test run: data in a folder of its own, passwords hashed the quick way."""

import os
import re
import tempfile
from pathlib import Path

from tests.servers import scratch

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="offshoot-tests-", dir=scratch())
os.environ["ENV_FILE"] = os.devnull  # whatever a developer keeps in .env is not for tests
if os.environ.get("REDIS_URL"):
    # Each pytest-xdist process has databases of its own, in Redis as in MariaDB.
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "15"
    os.environ["REDIS_URL"] = re.sub(r"(/\d+)?$", f"/{worker}", os.environ["REDIS_URL"].rstrip("/"), count=1)

from monolith.settings import *  # noqa: F403  the environment had to be made first
from monolith.settings import DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages are tested without `collectstatic`; that every file exists under its hashed name, the journeys show.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = Path(os.environ["DATA_DIR"]) / "static"
STATIC_ROOT.mkdir()  # empty, but there: a fresh clone has collected nothing yet, and whitenoise warns of that
for alias, database in DATABASES.items():
    if "sqlite" in database.get("ENGINE", ""):
        # A file, as on a real site: in memory SQLite has other locks.
        database["TEST"] = {"NAME": str(Path(os.environ["DATA_DIR"]) / f"test-{alias}.sqlite3")}

LOGGING_CONFIG = None  # pytest keeps what is logged
