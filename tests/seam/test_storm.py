"""The kill storm in small: what is on its way while workers, broker and relay are killed is done, and done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import servers
from tests.seam.storm import Outcome, Storm
from tests.seam.workplace import workplace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seam-processes")]

WORK_SECONDS = "0.02"


def test_on_sqlite_with_workers_in_threads(tmp_path: Path) -> None:
    with workplace(tmp_path, None) as place:
        place.env["PROBE_SECONDS"] = WORK_SECONDS
        outcome = Storm(place, None, events=200).rage(workers=3, brokers=0, relays=1)
    expect_the_best(outcome, faults=4)


def test_on_mariadb_with_celery(tmp_path: Path, mariadb: servers.MariaDB) -> None:
    with servers.redis() as broker, workplace(tmp_path, mariadb) as place:
        place.env |= {"PROBE_SECONDS": WORK_SECONDS, "CELERY_BROKER_URL": broker.url()}
        outcome = Storm(place, broker, events=300).rage(workers=3, brokers=1, relays=1)
    expect_the_best(outcome, faults=5)


def expect_the_best(outcome: Outcome, *, faults: int) -> None:
    assert len(outcome.faults) == faults
    assert (outcome.lost, outcome.twice, outcome.parked) == (0, 0, 0)
