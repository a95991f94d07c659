"""How gunicorn serves the site; the numbers come from the environment by way of the settings."""

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")

from django.conf import settings

# With which a worker tells gunicorn that it can never start, so that all of it ends.
BOOT_ERROR = 3

wsgi_app = "monolith.wsgi"
bind = f"{settings.BIND_ADDRESS}:{settings.PORT}"

logconfig_dict = settings.LOGGING

# Threads, so that a slow visitor holds a thread and not a process.
worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
# Each worker loads the site for itself after the fork: a connection, a thread or a lock that exists before
# a fork is shared by all after it.
preload_app = False

# On SIGTERM: take no more, finish what is in hand.
graceful_timeout = settings.DRAIN_SECONDS
# A worker that gave no sign of life for so long is stuck, and is replaced.
timeout = 60
# Outlasts the keep-alive of a proxy in front (nginx: 60 s): it ends idle connections, never we mid-request.
keepalive = 75

# The sign of life is a touched file: in memory, where a slow disk can't delay it.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
# Nobody steers a running gunicorn but by signals.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """End, with all of gunicorn, at an isolation level at which writers deadlock; a database that is away may come."""
    from django.db import DatabaseError, connections

    from seam.checks import isolation_level

    try:
        wrong = isolation_level(databases=[context.alias for context in settings.HERE])
    except DatabaseError as error:
        worker.log.warning("The isolation level could not be checked: %s", error)
        wrong = []
    connections.close_all()  # the threads that answer have connections of their own
    for one in wrong:
        worker.log.error("%s %s", one.msg, one.hint)
    if wrong:
        sys.exit(BOOT_ERROR)
