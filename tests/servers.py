"""Real servers for tests and benchmarks: MariaDB, Redis, S3 and the site itself, on free ports, ended with their block.

python -m tests.servers COMMAND …   runs COMMAND with DATABASE_URL and REDIS_URL naming fresh ones
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

from monolith.topology import SHAPE

ROOT = Path(__file__).resolve().parent.parent
CONTEXTS = tuple(name for name, _label, _alias in SHAPE)
REPLICATED = ("media", "catalog")  # what auth knows decides who may pass: it reads nothing that may be late


class ServerFailed(RuntimeError):
    """A server did not come up; the message holds the end of what it said."""


# Below those that Linux gives to outgoing connections, one of which could take a port before its server does.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on at this moment."""
    while True:
        port = secrets.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Server:
    """A process we started. `stop`, `kill` and `start` may be called in any order, for tests of faults.

    `port` is None for a process that listens nowhere: it counts as started at once.
    """

    command: Sequence[str]
    port: int | None
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = 30) -> None:
        """Returns when the port answers. Raises ServerFailed when it doesn't within `patience` seconds."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=dict(self.env), stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + patience
        while self.port is not None and time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        if self.port is None:
            return
        self.kill()
        raise ServerFailed(f"{self.command[0]} did not come up:\n{self.output()[-3000:]}")

    def stop(self, patience: float = 30) -> int:
        """SIGTERM, then SIGKILL after `patience` seconds; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        self.kill()
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL to the process and whatever it started and left behind."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def hang(self) -> None:
        """It takes connections and answers nobody, until `go_on`. Returns when its last thread stands still."""
        assert self.process is not None, "not started"
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        assert self.process is not None, "not started"
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def hung(self) -> Iterator[None]:
        self.hang()
        try:
            yield
        finally:
            self.go_on()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @contextmanager
    def running(self) -> Iterator[Self]:
        self.start()
        try:
            yield self
        finally:
            self.stop()


def scratch() -> Path:
    """Where data of tests is kept: in memory where there is plenty, for databases sync to disk all the time."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30
    return memory if plenty else Path(tempfile.gettempdir())


@contextmanager
def temporary_folder(prefix: str, *, on_disk: bool = False) -> Iterator[Path]:
    """Open to other users too: MariaDB won't run as root, so it runs as somebody else."""
    where = tempfile.gettempdir() if on_disk else scratch()
    folder = Path(tempfile.mkdtemp(prefix=f"offshoot-{prefix}-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class MariaDB(Server):
    """A MariaDB server; root has no password and only this machine can reach it."""

    user = "root"

    def url(self, name: str = "offshoot") -> str:
        """A DATABASE_URL; each context has a database of its own behind it."""
        return f"mysql://{self.user}@127.0.0.1:{self.port}/{name}"

    def create_databases(self, name: str = "offshoot") -> None:
        for context in CONTEXTS:
            self.sql(f"CREATE DATABASE IF NOT EXISTS {name}_{context} CHARACTER SET utf8mb4")

    def sql(self, statement: str) -> str:
        """Run a statement as root; rows come back as tab-separated lines."""
        client = [
            "mariadb",
            "--no-defaults",
            "-uroot",
            "-h127.0.0.1",
            f"-P{self.port}",
            "-N",
            "-B",
            "-e",
            statement,
        ]
        return subprocess.run(client, check=True, capture_output=True, text=True).stdout


@contextmanager
def mariadb(*options: str, on_disk: bool = False) -> Iterator[MariaDB]:
    """A fresh MariaDB. It syncs nothing to disk: no test asks what a power cut leaves."""
    with _mariadb(MariaDB, *options, on_disk=on_disk) as server:
        yield server


M = TypeVar("M", bound=MariaDB)


@contextmanager
def _mariadb(kind: type[M], *options: str, on_disk: bool = False) -> Iterator[M]:
    with temporary_folder("mariadb", on_disk=on_disk) as folder:
        user = [] if os.getuid() else ["--user=mysql"]
        for path in (folder / "data", folder / "tmp", folder):
            path.mkdir(exist_ok=True)
            if user:
                os.chown(path, pwd.getpwnam("mysql").pw_uid, -1)
        install = ["mariadb-install-db", "--no-defaults", *user, f"--datadir={folder}/data"]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        # A server that starts clears its temporary folder, of another server's tables too.
        own = os.environ | {"TMPDIR": str(folder / "tmp")}
        done = subprocess.run(install, env=own, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerFailed(f"mariadb-install-db failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        port = free_port()
        command = ["mariadbd", "--no-defaults", *user, f"--datadir={folder}/data", f"--tmpdir={folder}/tmp"]
        command += [f"--socket={folder}/s.sock", f"--pid-file={folder}/pid", "--bind-address=127.0.0.1"]
        command += [f"--port={port}", "--skip-name-resolve", "--innodb-buffer-pool-size=128M"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", *options]
        server = kind(
            [shutil.which("mariadbd", path=sbin_path()) or "mariadbd", *command[1:]], port, folder / "log"
        )
        with server.running():
            yield server


class Replica(MariaDB):
    """Follows a primary, by GTID, as long as it runs; a restarted one goes on by itself."""

    user = "offshoot"

    def context_url(self, context: str, name: str = "offshoot") -> str:
        """What stands in <CONTEXT>_REPLICA_URLS."""
        return self.url(f"{name}_{context}")

    def follow(self, primary: MariaDB, *, delay: int = 0) -> None:
        self.sql(
            "STOP SLAVE; CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_USER='replicator', "
            f"MASTER_PORT={primary.port}, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_DELAY={delay}; "
            "START SLAVE"
        )

    def delay(self, seconds: int) -> None:
        """Be that much behind, from now on."""
        self.sql(f"STOP SLAVE; CHANGE MASTER TO MASTER_DELAY={seconds}; START SLAVE")

    def stop_following(self) -> None:
        """It answers, and learns nothing new until `follow_again`."""
        self.sql("STOP SLAVE")

    def follow_again(self) -> None:
        self.sql("START SLAVE")

    def catch_up(self, primary: MariaDB, seconds: float = 30) -> None:
        """Returns when it has all that `primary` has now. Raises TimeoutError otherwise."""
        position = primary.sql("SELECT @@gtid_binlog_pos").strip()
        if self.sql(f"SELECT MASTER_GTID_WAIT('{position}', {seconds})").strip() != "0":
            raise TimeoutError(f"The replica did not reach {position} within {seconds} s.")


@dataclass
class Replicated:
    """A primary and its replicas. The site's account is `offshoot`, with rights on its own databases only."""

    primary: MariaDB
    replicas: list[Replica]
    name: str = "offshoot"

    def env(self) -> dict[str, str]:
        """The settings that make a site use them."""
        replicas = {
            f"{context.upper()}_REPLICA_URLS": ",".join(
                one.context_url(context, self.name) for one in self.replicas
            )
            for context in REPLICATED
        }
        return {"DATABASE_URL": self.primary.url(self.name), **replicas}

    def catch_up(self) -> None:
        for replica in self.replicas:
            replica.catch_up(self.primary)


@contextmanager
def mariadb_with_replica(*options: str, replicas: int = 1, durable: bool = False) -> Iterator[Replicated]:
    """A primary with empty databases and replicas that follow it.

    `durable`: what was acknowledged outlives a SIGKILL of the primary (each commit is written out). `options` are
    for the primary.
    """
    binlog = ["--log-bin=bin", "--log-slave-updates=ON", "--binlog-format=ROW", "--gtid-strict-mode=ON"]
    safe = ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"] if durable else []
    with ExitStack() as stack:
        # In memory InnoDB maps its log and loses nothing whatever it is told: that would prove nothing.
        primary = stack.enter_context(
            _mariadb(MariaDB, *binlog, *safe, "--server-id=1", *options, on_disk=durable)
        )
        # A GRANT makes the account; both are filtered from no replica, so they have them too.
        primary.sql(
            "CREATE USER replicator@'127.0.0.1'; GRANT REPLICATION SLAVE ON *.* TO replicator@'127.0.0.1'"
        )
        primary.sql("CREATE USER offshoot@'127.0.0.1'; GRANT ALL ON `offshoot\\_%`.* TO offshoot@'127.0.0.1'")
        primary.create_databases()
        primary.user = "offshoot"
        following = []
        for number in range(replicas):
            replica = stack.enter_context(
                _mariadb(Replica, *binlog, "--read-only=ON", f"--server-id={number + 2}")
            )
            replica.follow(primary)
            replica.catch_up(primary)
            following.append(replica)
        yield Replicated(primary, following)


class Memcached(Server):
    def url(self) -> str:
        """A CACHE_URL."""
        return f"memcached://127.0.0.1:{self.port}"


@contextmanager
def memcached() -> Iterator[Memcached]:
    """A fresh Memcached."""
    with temporary_folder("memcached") as folder:
        port = free_port()
        command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "64"]
        user = [] if os.getuid() else ["-u", "nobody"]
        server = Memcached([*command, *user], port, folder / "log")
        with server.running():
            yield server


class Redis(Server):
    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"


@contextmanager
def redis() -> Iterator[Redis]:
    """A fresh Redis that saves nothing."""
    with temporary_folder("redis") as folder:
        port = free_port()
        command = [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        server = Redis([*command, "--dir", str(folder)], port, folder / "log")
        with server.running():
            yield server


class S3(Server):
    """A SeaweedFS that speaks S3, with one account. Its secret has what must be quoted in a URL."""

    key, secret, region = "OFFSHOOT", "s3/cret+%40", "us-east-1"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def client(self) -> Any:
        """A boto3 client of the account that may do all; making one takes a tenth of a second."""
        import boto3
        from botocore.config import Config

        session = boto3.Session(aws_access_key_id=self.key, aws_secret_access_key=self.secret)
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return session.client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)

    def storage_url(self, bucket: str, **options: str) -> str:
        """A STORAGE_URL of a bucket that may be there or not."""
        wanted = urlencode({"endpoint": self.endpoint, "region": self.region} | options)
        return f"s3://{self.key}:{quote(self.secret, safe='')}@{bucket}?{wanted}"

    def make_bucket(self, name: str | None = None) -> str:
        """A STORAGE_URL of a new, empty bucket."""
        name = name or f"offshoot-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        return self.storage_url(name)

    def wait_until_ready(self, seconds: float = 120) -> None:
        """The port answers before files can be kept. Raises ServerFailed."""
        client, until = self.client, time.monotonic() + seconds
        while True:
            try:
                client.create_bucket(Bucket="offshoot-ready")
                client.put_object(Bucket="offshoot-ready", Key="ready", Body=b"yes")
                return
            except Exception as error:
                if time.monotonic() > until:
                    raise ServerFailed(f"{error}\n{self.output()[-3000:]}") from error
                time.sleep(0.1)


@contextmanager
def s3() -> Iterator[S3]:
    """A fresh S3 server with nothing in it; ready after about 5 s."""
    with temporary_folder("s3") as folder:
        account = {"accessKey": S3.key, "secretKey": S3.secret}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "offshoot", "credentials": [account], "actions": actions}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        ports = {
            name: free_port()
            for name in ("master.port", "volume.port", "filer.port", "s3.port")
            for name in (name, f"{name}.grpc")
        }
        command = [shutil.which("weed", path=with_environment()) or "weed", "server", f"-dir={folder}/data"]
        # It reports home unless told not to, and offers more protocols than one.
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-filer", "-s3"]
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/s3.json"]
        # Each bucket takes seven volumes; left to itself it allows as many as there is room for when they are full.
        command += ["-s3.autoCreateBucket=false", "-volume.max=5000", "-master.volumeSizeLimitMB=64"]
        command += [f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"]
        command += [f"-{name}={port}" for name, port in ports.items()]
        server = S3(command, ports["s3.port"], folder / "log")
        server.start(patience=120)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.kill()  # nobody reads what it would still write down; asked to stop it takes 10 s


def with_environment() -> str:
    """PATH and where the environment of this Python keeps its programs."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


class RabbitMQ(Server):
    STARTED = "Server startup complete"

    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self, patience: float = 90) -> None:
        """It listens seconds before it lets anybody in."""
        before = self.output().count(self.STARTED) if self.log.exists() else 0
        super().start(patience)
        until = time.monotonic() + patience
        while self.output().count(self.STARTED) == before:
            if time.monotonic() > until:
                self.kill()
                raise ServerFailed(f"RabbitMQ did not come up:\n{self.output()[-3000:]}")
            time.sleep(0.2)


@contextmanager
def rabbitmq() -> Iterator[RabbitMQ]:
    """A fresh RabbitMQ with a name, ports and a folder of its own; takes about 15 s. It needs HAS_RABBITMQ."""
    with temporary_folder("rabbitmq") as folder:
        port, names, nodes = free_port(), free_port(), free_port()
        (folder / "plugins").write_text("[].")
        env = os.environ | {
            "HOME": str(folder),  # where Erlang keeps the secret of its nodes
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"offshoot{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(nodes),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "ERL_CRASH_DUMP": str(folder / "crash"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # Erlang's list of nodes: started by itself it would stay when its node has ended.
        epmd = Server(["epmd", "-port", str(names), "-address", "127.0.0.1"], names, folder / "epmd.log", env)
        with epmd.running(), RabbitMQ([RABBITMQ], port, folder / "log", env).running() as server:
            yield server


# Debian's wrapper would become another user.
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
HAS_RABBITMQ = Path(RABBITMQ).exists()


@dataclass
class Site:
    """A running site: gunicorn, worker and relay on real files."""

    url: str
    data_dir: Path
    env: dict[str, str]
    servers: dict[str, Server]

    def output(self) -> str:
        """What all its processes have printed so far; e-mails are printed too."""
        return "".join(server.output() for server in self.servers.values())

    def wait_for(self, text: str, seconds: float = 30) -> str:
        """The output, once `text` stands in it. Raises TimeoutError with its end otherwise."""
        until = time.monotonic() + seconds
        while text not in (output := self.output()):
            if time.monotonic() > until:
                raise TimeoutError(f"{text!r} was not printed within {seconds} s:\n{output[-3000:]}")
            time.sleep(0.1)
        return output

    def manage(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """`manage.py` on this site's data; raises CalledProcessError when it fails, unless check=False."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, **({"check": True} | options)
        )

    def python(self, source: str, *arguments: str) -> str:
        """Runs a program with this site's settings; what it printed. Raises CalledProcessError when it fails."""
        command = [sys.executable, "-", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, input=source, capture_output=True, text=True, check=True
        )
        return done.stdout

    def talk(self, source: str) -> subprocess.Popen[str]:
        """Starts a program with this site's settings that reads lines and answers each with one."""
        return talking([sys.executable, "-c", source], self.env)

    def kept(self, name: str) -> str:
        """A file of its DATA_DIR."""
        return (self.data_dir / name).read_text()

    def bring(self, name: str, text: str) -> str:
        """Puts a file beside its data for a command to read; its path."""
        path = self.data_dir / name
        path.write_text(text)
        return str(path)


def talking(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """A process that is written to and read from. What goes wrong in it is said where the tests say it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True)


@contextmanager
def site(env: Mapping[str, str] | None = None, *, demo: bool = False) -> Iterator[Site]:
    """The Procfile's processes, each with its own log, on a temporary DATA_DIR. `env` adds settings.

    The port answers when the block begins; with `demo` the demo data is made while it runs.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("site"))
        port, tables = free_port(), empty_databases()
        if not any(name.lower() in CONTEXTS or name.endswith("DATABASE_URL") for name in env or {}):
            shutil.copytree(tables, folder / "data")
        running = Site(
            f"http://localhost:{port}", folder / "data", _plain(folder / "data", port) | dict(env or {}), {}
        )
        prepared = running.manage("prepare", "--built", check=False)
        if prepared.returncode:
            raise ServerFailed(
                f"manage.py prepare failed:\n{prepared.stdout[-2000:]}{prepared.stderr[-3000:]}"
            )
        for name, command in procfile().items():
            listens = port if name == "web" else None
            server = Server(["sh", "-c", command], listens, folder / f"{name}.log", running.env)
            running.servers[name] = server
            stack.enter_context(server.running())
        if demo:
            running.manage("seed_demo")
        yield running


def _plain(data_dir: Path, port: int) -> dict[str, str]:
    """The environment of a site on SQLite without Redis."""
    inherited = {
        k: v
        for k, v in os.environ.items()
        if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    return inherited | {
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PATH": with_environment(),
    }


def empty_databases() -> Path:
    """A folder of SQLite files with all tables, to copy: making them takes seconds. Removed with this process.

    With it come translations and static files, of which any site is `--built`.
    """
    return Path(_empty_databases().name)


@cache
def _empty_databases() -> tempfile.TemporaryDirectory[str]:
    kept = tempfile.TemporaryDirectory()
    with temporary_folder("tables") as folder:
        Site("", folder, _plain(folder, free_port()), {}).manage("prepare")
        for file in folder.glob("*.sqlite3"):
            shutil.copy(file, kept.name)
    return kept


def procfile() -> dict[str, str]:
    """The commands of the Procfile by name."""
    lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines() if ":" in line)
    return {name.strip(): command.strip() for name, _, command in lines}


def sbin_path() -> str:
    """PATH and where Debian keeps its servers."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def chromium_path() -> str | None:
    """Chromium; the one that never shows a window before others, for it needs a third less of the processor."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def answers(url: str) -> bool:
    """Whether `url` answers 200 at this moment."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def wait_until_answers(url: str, seconds: float = 60) -> None:
    """Raises TimeoutError unless `url` answers 200 in time."""
    until = time.monotonic() + seconds
    while not answers(url):
        if time.monotonic() > until:
            raise TimeoutError(f"{url} did not answer within {seconds} s.")
        time.sleep(0.1)


def main(command: Sequence[str]) -> int:
    with mariadb() as database, redis() as cache:
        env = os.environ | {"DATABASE_URL": database.url(), "REDIS_URL": cache.url()}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
