"""Whatever a file holds, reading it takes little memory: measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTE = 1_000_000
# A bare interpreter with Django's translations takes about 35 MB; and a record of 1 MiB of small things 50 MB.
MOST = 150 * MEGABYTE

MEASURE = """
import gzip, itertools, re, sys
from django.conf import settings
settings.configure(USE_I18N=False)
import zstandard
from apps.catalog.importing.formats import FileOptions, read_records
from apps.catalog.importing.streams import stream_of

chunk = b"x" * 100_000
def times(count, piece=chunk):
    return itertools.repeat(piece, count)

def packed(compressor, pieces):
    yield from (compressor.compress(piece) for piece in pieces)
    yield compressor.flush()

import zlib
huge = 3_000
record = b'{"key": "1", "title": "' + b"t" * 900 + b'"}'
streams = {
    "one line": lambda: itertools.chain([b'{"a": "'], times(huge), [b'"}\\n{"a": 2}\\n']),
    "one text in a list": lambda: itertools.chain([b'[{"a": "'], times(huge), [b'"}, {"a": 2}]']),
    "small things in a list": lambda: itertools.chain([b'[{"a": ['], times(60, b'[{}],' * 20_000), [b'0]}, {"a": 2}]']),
    "one field": lambda: itertools.chain([b'a\\n"'], times(huge), [b'"\\n2\\n']),
    "a field of many lines": lambda: itertools.chain([b'a\\n"'], times(60, b"line\\n" * 20_000), [b'"\\n2\\n']),
    "gzip bomb": lambda: packed(zlib.compressobj(wbits=31), itertools.chain(times(huge), [b'\\n{"a": 2}\\n'])),
    "zstd bomb": lambda: packed(
        zstandard.ZstdCompressor().compressobj(), itertools.chain(times(huge), [b'\\n{"a": 2}\\n'])
    ),
    "many records": lambda: times(90, (record + b"\\n") * 1_000),
    "many records in a list": lambda: itertools.chain([b"["], times(90, (record + b",") * 1_000), [b"]"]),
}
kind = {"gzip bomb": "jsonl", "zstd bomb": "jsonl"}.get(sys.argv[1])
count = sum(1 for _ in read_records(stream_of(streams[sys.argv[1]]()), FileOptions(format=kind)))
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
print(count, peak)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stream", "records"),
    [
        ("one line", 2),
        ("one text in a list", 2),
        ("small things in a list", 2),
        ("one field", 2),
        ("a field of many lines", 2),
        ("gzip bomb", 2),
        ("zstd bomb", 2),
        ("many records", 90_000),
        ("many records in a list", 90_000),
    ],
)
def test_three_hundred_megabytes_are_read_in_little_memory(stream: str, records: int) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, stream],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    count, peak = map(int, answer.stdout.split())
    print(stream, peak)
    assert count == records
    assert peak < MOST
