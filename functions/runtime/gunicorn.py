"""How gunicorn serves a function: gunicorn --config python:functions.runtime.gunicorn"""

from pathlib import Path

from functions.runtime.environment import function, keys, setting

# Here, so that what is not set right ends the start with one sentence.
keys()
function()

wsgi_app = "functions.runtime.http:deployed()"
bind = f"{setting('BIND_ADDRESS', '0.0.0.0')}:{setting('PORT', '8080')}"
workers = 1
worker_class = "gthread"
# Platforms start more containers when they are busy; these are for the health check beside a long job.
threads = 4
# A long job is no stuck worker: the site stops waiting when the job's time is up.
timeout = 900
graceful_timeout = 60
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
control_socket_disable = True
