"""What can only be seen from inside the site; bench/__main__.py runs each in a process with the site's settings.

python -m bench.inside sign-in              makes a member, prints the session cookie
python -m bench.inside queries COOKIE URL…  prints, for each URL, how many queries it makes: held, afresh, signed in
python -m bench.inside afresh URL…          prints, for each, how many queries it makes with nothing kept anywhere
python -m bench.inside statistics           tells the database's planner how large the catalogue's tables are
python -m bench.inside copy NAME            inserts the catalogue's rows into the databases NAME by bulk_create alone
python -m bench.inside calls                prints what a call costs plainly, by `local`, `wire` and `remote`
python -m bench.inside answer KEY           is the other process of `remote`: prints its port, answers until stdin ends
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import time
import timeit
import uuid
from collections.abc import Mapping
from types import ModuleType

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
django.setup()  # before anything that imports models

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.auth import service as auth
from apps.auth.contract import Person, Role
from apps.catalog.statistics import refresh
from bench.pages import afresh
from seam.binding import local
from seam.contract import Contract
from seam.credentials import Credentials
from seam.peer import Peer
from seam.registry import registry
from seam.remote import remote
from seam.server import Server
from seam.wire import wire

BATCH = 1000


def sign_in() -> None:
    from django.contrib.auth import get_user_model

    person = auth.register_person(
        email=f"{uuid.uuid4()}@example.com", password=str(uuid.uuid4()), confirmed=True
    )
    client = Client()
    client.force_login(get_user_model().objects.get(pk=person), backend=settings.AUTHENTICATION_BACKENDS[0])
    print(client.cookies[settings.SESSION_COOKIE_NAME].value)


def queries(session: str, *urls: str) -> None:
    for url in urls:
        member = {settings.SESSION_COOKIE_NAME: session}
        print(url, count(url, url), count(url, afresh(url)), count(url, url, member), sep="\t")


def count(first: str, url: str, cookies: Mapping[str, str] | None = None) -> int:
    """Queries of the page at `url`, after `first` was asked for, which fills what is kept."""
    client = Client(HTTP_HOST="localhost")
    client.cookies.load(dict(cookies or {}))
    client.get(first)
    captured = [CaptureQueriesContext(connections[context.alias]) for context in settings.HERE]
    for capture in captured:
        capture.__enter__()
    answer = client.get(url)
    for capture in captured:
        capture.__exit__(None, None, None)
    if answer.status_code != 200:
        raise SystemExit(f"{url} answered {answer.status_code}.")
    return sum(len(capture) for capture in captured)


def made_afresh(*urls: str) -> None:
    client = Client(HTTP_HOST="localhost")
    for url in urls:
        cache.clear()
        with CaptureQueriesContext(connections["catalog"]) as asked:
            client.get(afresh(url))
        print(len(asked))


def copy(name: str) -> None:
    """Print rows and seconds; reading them is not counted."""
    models = in_order_of_dependence()
    rows = {model: list(model._default_manager.all()) for model in models}
    target = connections["catalog"]
    target.close()
    target.settings_dict["NAME"] = name
    began = time.monotonic()
    with target.constraint_checks_disabled():
        for model, group in rows.items():
            model._default_manager.bulk_create(group, batch_size=BATCH)
    print(sum(map(len, rows.values())), time.monotonic() - began, sep="\t")


def in_order_of_dependence() -> list[type]:
    done: list[type] = []

    def visit(model: type) -> None:
        for field in model._meta.concrete_fields:  # type: ignore[attr-defined]
            if field.is_relation and field.related_model is not model and field.related_model not in done:
                visit(field.related_model)
        if model not in done:
            done.append(model)

    for model in apps.get_app_config("catalog").get_models():
        visit(model)
    return done


def calls() -> None:
    """Print microseconds: what `local` and `wire` cost on top of a plain call, and the median of a `remote` one."""
    contract, service = registry.contracts["auth"], at_once()
    plain = microseconds(service.get_person)
    for keeper in (local(contract, service), wire(contract, service)):
        print(microseconds(keeper.get_person) - plain)
    print(remotely(contract))


def at_once() -> ModuleType:
    """auth's service, but that it knows the answer."""
    person = Person(id=uuid.uuid4(), name="Alice", role=Role.EDITOR)

    def get_person(*, person_id: uuid.UUID) -> Person:
        return person

    service = ModuleType("answers_at_once")
    vars(service).update(vars(auth), get_person=get_person)
    return service


def microseconds(call) -> float:  # type: ignore[no-untyped-def]
    some_id, number = uuid.uuid4(), 20_000
    return min(timeit.repeat(lambda: call(person_id=some_id), number=number, repeat=5)) / number * 1e6


def remotely(contract: Contract) -> float:
    """Another process on loopback, one call after the other."""
    key, some_id = secrets.token_urlsafe(50), uuid.uuid4()
    command = [sys.executable, "-m", "bench.inside", "answer", key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        peer = Peer([f"127.0.0.1:{other.stdout.readline().strip()}"], Credentials("bench", (key,)), at_once=1)
        call = remote(contract, peer).get_person
        taken = timeit.repeat(lambda: call(person_id=some_id), number=1, repeat=5_000)
        peer.close()
        other.communicate()
    return statistics.median(taken) * 1e6


def answer(key: str) -> None:
    kept = [(registry.messages["auth"], at_once())]
    server = Server(kept, Credentials("auth", (key,)), threads=8)
    print(server.start("127.0.0.1:0"), flush=True)
    sys.stdin.read()
    server.drain(0)


COMMANDS = {
    "sign-in": sign_in,
    "queries": queries,
    "afresh": made_afresh,
    "statistics": refresh,
    "copy": copy,
    "calls": calls,
    "answer": answer,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
