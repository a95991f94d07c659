"""Functions as they are deployed: their folder alone, in an environment of their own lock, over HTTP or as a Lambda.

with function_server("media_renditions") as url: …   the CloudEvents container's process
with lambda_server("media_renditions") as url: …     awslambdaric, behind a function URL

`served` and `served_as_lambda` give the process too, with all it printed: `serving.server.output()`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers import ROOT, Server, ServerFailed, free_port, temporary_folder

KEY = "what-tests-and-functions-share-and-nobody-else"
CACHE = ROOT / "build" / "functions"
PATIENCE = 120


def environment(name: str) -> Path:
    """The Python of a virtual environment with what the function's lock names and nothing else; made once per lock."""
    lock = ROOT / "functions" / name / "requirements.txt"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # pytest-xdist has several processes
        if not (folder / "complete").exists():
            for earlier in CACHE.glob(f"{name}-*"):
                shutil.rmtree(earlier)
            _install(folder, lock)
            (folder / "complete").touch()
    return folder / "bin" / "python"


def _install(folder: Path, lock: Path) -> None:
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(lock)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerFailed(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")


@contextmanager
def _deployed(name: str, env: Mapping[str, str] | None) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder that holds what the Dockerfile copies, and the environment of a process there."""
    with temporary_folder(f"function-{name}") as folder:
        for part in ("runtime", name):
            ignored = shutil.ignore_patterns("__pycache__", "*.md")
            shutil.copytree(ROOT / "functions" / part, folder / "functions" / part, ignore=ignored)
        shutil.copy(ROOT / "functions" / "__init__.py", folder / "functions")
        ours = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONUNBUFFERED": "1",
            "FUNCTION": name,
            "FUNCTION_KEY": KEY,
        }
        yield folder, ours | dict(env or {})


def command(python: Path, folder: Path, *arguments: str) -> list[str]:
    """Run a module in that folder, whatever folder a Server starts its process in."""
    return ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), str(python), "-m", *arguments]


@dataclass
class Serving:
    """A running function: `server` is its process, `url` where FUNCTION_…_URL leads."""

    url: str
    server: Server


@contextmanager
def served(name: str, env: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """The CloudEvents container's process."""
    python = environment(name)
    with _deployed(name, env) as (folder, ours):
        port = free_port()
        started = command(python, folder, "gunicorn", "--config", "python:functions.runtime.gunicorn")
        ours |= {"PORT": str(port), "BIND_ADDRESS": "127.0.0.1"}
        server = Server(started, port, folder / "log", ours)
        with server.running():
            yield Serving(f"http://127.0.0.1:{port}/", server)


@contextmanager
def function_server(name: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of a function behind the CloudEvents adapter, for FUNCTION_<NAME>_URL; FUNCTION_KEY is KEY."""
    with served(name, env) as serving:
        yield serving.url


@contextmanager
def served_as_lambda(name: str, env: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """A process of awslambdaric, and a function URL in front of it."""
    python = environment(name)
    with _deployed(name, env) as (folder, ours), _lambda_service() as port:
        started = command(python, folder, "awslambdaric", "functions.runtime.aws_lambda.lambda_handler")
        ours |= {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "LAMBDA_TASK_ROOT": str(folder),
        }
        with Server(started, None, folder / "log", ours).running() as server:
            yield Serving(f"http://127.0.0.1:{port}/", server)


@contextmanager
def lambda_server(name: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of a function behind the AWS Lambda adapter, for FUNCTION_<NAME>_URL; FUNCTION_KEY is KEY."""
    with served_as_lambda(name, env) as serving:
        yield serving.url


@dataclass
class Invocation:
    event: dict[str, Any]
    answered: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None


class LambdaService(ThreadingHTTPServer):
    """A stand-in for AWS Lambda: its Runtime API, and a function URL in front (payload format 2.0)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), LambdaRequest)
        self.waiting: queue.Queue[str] = queue.Queue()
        self.invocations: dict[str, Invocation] = {}


class LambdaRequest(BaseHTTPRequestHandler):
    server: LambdaService
    protocol_version = "HTTP/1.1"
    RUNTIME = "/2018-06-01/runtime/invocation"

    def do_GET(self) -> None:
        """GET …/next, the only one there is: waits until somebody calls the function."""
        number = self.server.waiting.get()
        event = json.dumps(self.server.invocations[number].event).encode()
        headers = {
            "Content-Type": "application/json",  # without one awslambdaric 4.2 ends with SIGSEGV
            "Lambda-Runtime-Aws-Request-Id": number,
            "Lambda-Runtime-Deadline-Ms": "9" * 13,
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:tested",
        }
        self._say(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith(self.RUNTIME):
            number, _, outcome = self.path.removeprefix(f"{self.RUNTIME}/").partition("/")
            self._keep(self.server.invocations[number], outcome, body)
        elif self.path == "/":
            self._invoke(body)
        else:
            self._say(404, b"")

    def _keep(self, invocation: Invocation, outcome: str, body: bytes) -> None:
        answer = json.loads(body)
        invocation.answer = answer if outcome == "response" else {"statusCode": 502, "body": body.decode()}
        invocation.answered.set()
        self._say(202, b"")

    def _invoke(self, body: bytes) -> None:
        event = {
            "version": "2.0",
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "requestContext": {"http": {"method": "POST", "path": "/"}},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        number = str(uuid.uuid4())
        invocation = self.server.invocations[number] = Invocation(event)
        self.server.waiting.put(number)
        if not invocation.answered.wait(PATIENCE) or invocation.answer is None:
            return self._say(504, b"")
        answer = invocation.answer
        return self._say(answer["statusCode"], answer["body"].encode(), answer.get("headers", {}))

    def _say(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def _lambda_service() -> Iterator[int]:
    with LambdaService() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield int(service.server_address[1])
        service.shutdown()
