"""Measures the site against a bare Django in one run and prints ratios; bin/bench starts it.

bin/bench FILE                    all but facets, on the records of FILE (docs/performance.md says which)
bin/bench FILE --only import …    some of: pages cost growth facets import calls topologies
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from statistics import median

import django
from redis import Redis as Store

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
django.setup()  # topologies are places with demo people, who are models

from bench import topologies
from bench.load import Target, ask, rates
from bench.million import multiply
from bench.pages import cookie_header, faceted, pages, read
from bench.sites import Website, baseline, cpu_seconds, prepared, served, settle
from tests.servers import MariaDB, Redis, mariadb, redis, temporary_folder

SMALL = 1000
CONNECTIONS = (1, 16, 64)
MAPPING = "docs/examples/tate.toml"


@dataclass
class Bench:
    """The servers and sites of one run; each site is made when the first measurement asks for it."""

    options: argparse.Namespace
    stack: ExitStack
    folder: Path
    database: MariaDB
    cache: Redis

    @cached_property
    def large(self) -> Website:
        return self._filled("large", 0, [])

    @cached_property
    def small(self) -> Website:
        return self._filled("small", 1, ["--limit", str(SMALL)])

    @cached_property
    def million(self) -> Website:
        """The records of `large`, several times over."""
        site = self.empty("million", 5)
        print(f"Filling the site of {self.options.times} times as many items…", flush=True)
        multiply(self.database, database_of(self.large), database_of(site), self.options.times)
        site.python("-m", "bench.inside", "statistics")
        return self._started(site, "million")

    @cached_property
    def bare(self) -> Website:
        return self.stack.enter_context(baseline(self.large, self.folder))

    @cached_property
    def member(self) -> dict[str, str]:
        return {"session": self.large.python("-m", "bench.inside", "sign-in").strip()}

    def pages_of(self, site: Website) -> dict[str, str]:
        return pages(site.url, common=self.options.common, rare=self.options.rare)

    def empty(self, name: str, number: int) -> Website:
        return prepared(name, self.database, self.cache, number, self.folder)

    def fill(self, site: Website, *limit: str) -> float:
        """Import; how many seconds it took."""
        began = time.monotonic()
        site.manage("import_catalog", str(self.options.file), "--mapping", self.options.mapping, *limit)
        return time.monotonic() - began

    def _filled(self, name: str, number: int, limit: list[str]) -> Website:
        site = self.empty(name, number)
        print(f"Filling the {name} site…", flush=True)
        self.fill(site, *limit)
        return self._started(site, name)

    def _started(self, site: Website, name: str) -> Website:
        settle(self.database, self.cache)
        self.stack.enter_context(served(site, self.folder / name))
        return site


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}\n{'':<26}" + "".join(f"{column:>14}" for column in columns))
    for name, *cells in rows:
        print(f"{name:<26}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


MADE = ("afresh", "signed in")
RATIOS = [f"{made}/{other}" for made in MADE for other in ("cards", "templ.")]


def measure_pages(bench: Bench) -> None:
    """Each page held, made afresh and signed in, against bytes, cards of its size, and its templates from memory."""
    site, found = bench.large, bench.pages_of(bench.large)
    made = site.python("-m", "bench.inside", "queries", bench.member["session"], *found.values()).splitlines()
    table(
        "Queries per page",
        ["held", "afresh", "signed in"],
        [(name, *line.split("\t")[1:]) for name, line in zip(found, made, strict=True)],
    )
    for connections in CONNECTIONS:
        rows = []
        for name, path in found.items():
            measured = rates(kinds(bench, site, path), connections=connections, rounds=bench.options.rounds)
            ready, cards, template = measured["bytes"], measured["cards"], measured["template"]
            rows.append(
                (
                    name,
                    f"{ready:.0f}",
                    f"{cards:.0f}",
                    f"{template:.0f}",
                    f"{measured['held'] / ready:.2f}",
                    *(f"{measured[made] / other:.2f}" for made in MADE for other in (cards, template)),
                )
            )
        columns = ["bytes/s", "cards/s", "template/s", "held/bytes", *RATIOS]
        table(f"Pages at {connections} connections", columns, rows)


def kinds(bench: Bench, site: Website, path: str) -> list[Target]:
    size = len(read(site.url + path).encode())
    return [
        Target("bytes", f"{bench.bare.url}/bytes/{size}"),
        Target("held", site.url + path),
        Target("cards", f"{bench.bare.url}/cards/{size}"),
        Target("template", f"{bench.bare.url}/page{path}"),
        Target("afresh", site.url + path, afresh=True),
        Target("signed in", site.url + path, {"Cookie": cookie_header(bench.member)}),
    ]


def measure_cost(bench: Bench) -> None:
    """What one request costs all processors together: the same ratios, on a machine that does other things too."""
    site, cells = bench.large, []
    for name, path in bench.pages_of(site).items():
        spent = {
            target.name: milliseconds(bench, target, 100 * bench.options.rounds, site, bench.bare)
            for target in kinds(bench, site, path)
        }
        ratios = [spent[other] / spent[made] for made in MADE for other in ("cards", "template")]
        figures = [*spent.values(), spent["bytes"] / spent["held"], *ratios]
        cells.append((name, *(f"{figure:.2f}" for figure in figures)))
    columns = [*spent, "held/bytes", *RATIOS]
    table("Milliseconds of CPU per request: web, database and cache", columns, cells)


def milliseconds(
    bench: Bench, target: Target, requests: int, *sites: Website, before: Callable[[], None] | None = None
) -> float:
    servers = (*(site.server for site in sites), bench.database, bench.cache)
    ask(target, 10, before)
    begun_at = cpu_seconds(*servers)
    ask(target, requests, before)
    return 1000 * (cpu_seconds(*servers) - begun_at) / requests


def measure_growth(bench: Bench) -> None:
    """What a page made afresh costs with all items and with SMALL of them: milliseconds of the site between answers."""
    large, small = bench.pages_of(bench.large), bench.pages_of(bench.small)
    rows = []
    for name in large:
        targets = [
            Target("large", bench.large.url + large[name], afresh=True),
            Target("small", bench.small.url + small[name], afresh=True),
        ]
        measured = rates(targets, connections=4, rounds=bench.options.rounds)
        costs = {size: 1000 / rate for size, rate in measured.items()}
        ratio = costs["large"] / costs["small"]
        rows.append((name, f"{costs['small']:.2f}", f"{costs['large']:.2f}", f"{ratio:.2f}"))
    table(f"Cost of a page made afresh, from {SMALL} items to all", ["ms, small", "ms, large", "ratio"], rows)


def measure_facets(bench: Bench) -> None:
    """What a page made afresh with facets costs with all items, and with a million, against SMALL of them."""
    sites = {"small": bench.small, "large": bench.large, "million": bench.million}
    words = {"common": bench.options.common, "rare": bench.options.rare}
    found = {name: faceted(site.url, words) for name, site in sites.items()}
    asked = {name: queries(site, found[name]) for name, site in sites.items()}
    rows = []
    for page in found["small"]:
        targets = {
            name: Target(name, site.url + found[name][page], afresh=True) for name, site in sites.items()
        }
        spent = alternately(bench, sites, targets)
        ratios = [f"{spent[name] / spent['small']:.2f}" for name in ("large", "million")]
        number = max(asked[name][page] for name in sites)
        rows.append((page, *(f"{ms:.1f}" for ms in spent.values()), *ratios, str(number)))
    columns = ["ms, small", "ms, large", "ms, million", "large/small", "million/small", "queries"]
    table("CPU of a page with facets, made afresh: web, database and cache", columns, rows)


def alternately(bench: Bench, sites: dict[str, Website], targets: dict[str, Target]) -> dict[str, float]:
    """The median of rounds, in which each site is asked in turn; facets are counted for every answer."""
    spent: dict[str, list[float]] = {name: [] for name in sites}
    for _round in range(bench.options.rounds):
        for name, site in sites.items():
            forget = partial(forget_asides, site)
            spent[name].append(milliseconds(bench, targets[name], 20, site, before=forget))
    return {name: median(times) for name, times in spent.items()}


def forget_asides(site: Website) -> None:
    with Store.from_url(site.env["REDIS_URL"]) as store:
        for key in store.scan_iter("*aside:*"):
            store.delete(key)


def queries(site: Website, found: dict[str, str]) -> dict[str, int]:
    """Of each page, made with nothing kept."""
    lines = site.python("-m", "bench.inside", "afresh", *found.values()).splitlines()
    return dict(zip(found, map(int, lines), strict=True))


def measure_import(bench: Bench) -> None:
    """The import's records per second against bulk_create alone of the same rows."""
    number = bench.options.records
    imported, copied = bench.empty("imported", 2), bench.empty("copied", 3)
    seconds = bench.fill(imported, "--limit", str(number))
    settle(bench.database)
    rows, alone = imported.python("-m", "bench.inside", "copy", database_of(copied)).split()
    settle(bench.database)
    cells = [f"{number / seconds:.0f}", f"{number / float(alone):.0f}", f"{float(alone) / seconds:.2f}"]
    title = f"Import of {number} records, which are {rows} rows"
    table(title, ["records/s", "bulk_create", "ratio"], [("records per second", *cells)])


def database_of(site: Website) -> str:
    return site.env["DATABASE_URL"].rpartition("/")[2] + "_catalog"


def measure_calls(bench: Bench) -> None:
    """What `local` and `wire` add to a plain call, and the median of one to another process on loopback."""
    local, wire, remote = map(float, bench.empty("calls", 4).python("-m", "bench.inside", "calls").split())
    table(
        "A call between contexts",
        ["µs more"],
        [("local", f"{local:.2f}"), ("wire", f"{wire:.1f}"), ("remote", f"{remote:.0f}")],
    )


def measure_topologies(bench: Bench) -> None:
    """A page on each topology, and what carries a picture's job; each site has the demo shop."""
    title = f"Requests/s of {topologies.PAGE} at {topologies.CONNECTIONS} connections (share of servers)"
    table(title, topologies.PAGES_ON, topologies.page_rates(bench.options.rounds))
    table("From an upload to its renditions", ["seconds", "to worker"], topologies.upload_times())


MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "pages": measure_pages,
    "cost": measure_cost,
    "growth": measure_growth,
    "facets": measure_facets,
    "import": measure_import,
    "calls": measure_calls,
    "topologies": measure_topologies,
}
# `facets` wants much disk and half an hour more, so it runs where it is named.
USUAL = [name for name in MEASUREMENTS if name != "facets"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("file", type=Path, help="records to import")
    parser.add_argument("--mapping", default=MAPPING)
    parser.add_argument("--common", default="man", help="a word that stands in very many records")
    parser.add_argument("--rare", default="hippopotamus", help="a word that stands in few")
    parser.add_argument(
        "--records", type=int, default=10_000, help="how many of them for the import's own measurement"
    )
    parser.add_argument(
        "--times", type=int, default=15, help="as many items has the largest site of `facets`"
    )
    parser.add_argument("--memory", default="128M", help="the database's innodb_buffer_pool_size")
    parser.add_argument("--on-disk", action="store_true", help="keep its files there, not in memory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=USUAL)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("bench"))
        database = mariadb(f"--innodb-buffer-pool-size={options.memory}", on_disk=options.on_disk)
        bench = Bench(options, stack, folder, stack.enter_context(database), stack.enter_context(redis()))
        for name in options.only:
            MEASUREMENTS[name](bench)


if __name__ == "__main__":
    main()
