"""Each function here, behind the CloudEvents adapter and as a Lambda, deployed alone: the same in, the same out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from apps.media.tasks import JOBS
from functions.media_renditions import handler
from functions.runtime.signing import sign
from seam import Files, Function
from seam.functions import FunctionFailed
from tests.functions.lending import LendingMemory, lending
from tests.functions.serving import KEY, environment, function_server, lambda_server, served
from tests.media import drawn
from tests.media.drawn import picture
from tests.servers import ServerFailed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("functions")]

WAYS = {"here": lambda name: nullcontext(""), "http": function_server, "lambda": lambda_server}


@pytest.fixture(scope="module", params=WAYS)
def renditions_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with WAYS[request.param]("media_renditions") as url:
        yield url


def placed(settings: Any, name: str, url: str) -> None:
    settings.FUNCTIONS, settings.FUNCTION_KEYS = ({name: url} if url else {}), (KEY,)


@pytest.fixture
def storage() -> Iterator[LendingMemory]:
    with lending() as memory:
        yield memory


def rendered(storage: LendingMemory, original: bytes | None) -> dict[str, Any]:
    """What the job's function makes of an original, with the names the job gives it."""
    if original is not None:
        storage.files["original"] = original
    made = {name: (storage, kind) for name, kind in handler.names("original").items()}
    files = Files(read={"original": storage}, write=made)
    function = Function("media_renditions", handler.handle, files=lambda data: files)
    return function({"original": "original"}, subject="a test", seconds=120)


class Memory(dict):
    """The plainest storage there is."""

    def read(self, name: str) -> bytes:
        return self[name]

    def write(self, name: str, content: bytes, content_type: str) -> None:
        self[name] = content


def test_a_picture_gives_the_same_files(renditions_url: str, settings: Any, storage: LendingMemory) -> None:
    original = drawn.with_exif(drawn.quarters(900, 600), "JPEG", 6)
    placed(settings, "media_renditions", renditions_url)
    result = rendered(storage, original)
    memory = Memory(original=original)
    assert result == handler.handle({"original": "original"}, memory)
    assert storage.files == memory
    assert (result["width"], result["height"]) == (600, 900)
    assert len(memory) == 7


@pytest.mark.parametrize(
    ("original", "code"),
    [(b"<svg/>", "not_a_picture"), (picture(400, 300, "JPEG")[:2000], "damaged"), (None, "missing")],
)
def test_a_picture_that_is_refused_is_refused_the_same_way(
    renditions_url: str, settings: Any, storage: LendingMemory, original: bytes | None, code: str
) -> None:
    placed(settings, "media_renditions", renditions_url)
    result = rendered(storage, original)
    assert result == handler.refusal(code)
    assert set(storage.files) <= {"original"}


def test_what_it_may_not_write_it_can_not_write(
    renditions_url: str, settings: Any, storage: LendingMemory
) -> None:
    placed(settings, "media_renditions", renditions_url)
    storage.files["original"] = picture()
    function = Function(
        "media_renditions", handler.handle, files=lambda data: Files(read={"original": storage})
    )
    with pytest.raises((PermissionError, FunctionFailed), match="be written as image/avif"):
        function({"original": "original"}, subject="a test", seconds=120)
    assert set(storage.files) == {"original"}


def test_the_job_names_its_function_s_files() -> None:
    function = next(job.function for job in JOBS if job.name == "media.render_asset")
    assert function is not None
    files = function.files({"original": "a", "original_id": "b"})
    assert set(files.read) == {"a"}
    assert {name: kind for name, (_storage, kind) in files.write.items()} == handler.names("a")


def test_the_container_answers_strangers_and_goes_on(settings: Any, storage: LendingMemory) -> None:
    with served("media_renditions") as serving:
        assert status(serving.url) == 200
        assert status(serving.url, b"{}") == 401
        body = b"{}"
        assert status(serving.url, body, sign(["o" * 40], "one", body)) == 401
        assert status(serving.url, b" " * (5 * 1024**2)) == 413
        assert status(serving.url, body, sign([KEY], "one", body)) == 400
        placed(settings, "media_renditions", serving.url)
        assert rendered(storage, b"<svg/>")["code"] == "not_a_picture"
        assert serving.server.stop() == 0, "it ends cleanly when it is told to"


def status(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:  # it hung up on what it had no wish to read
        return 413


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"FUNCTION": "nothing_here"}, "FUNCTION='nothing_here' is no function here"),
        ({"FUNCTION": "../media_renditions"}, "is no function here"),
        ({"FUNCTION_KEY": ""}, "Set FUNCTION_KEY"),
        ({"FUNCTION_KEY": "short"}, "at least 32 characters"),
        ({"FUNCTION_KEY_FILE": "/nowhere"}, "FUNCTION_KEY_FILE=/nowhere can't be read"),
    ],
)
def test_what_is_not_set_right_ends_the_start_with_a_sentence(env: dict[str, str], sentence: str) -> None:
    with pytest.raises(ServerFailed) as failed, function_server("media_renditions", env):
        pass
    assert sentence in str(failed.value)
    assert "Traceback" not in str(failed.value)


def test_its_environment_has_what_its_lock_names_and_no_django() -> None:
    import subprocess

    listed = subprocess.run(
        [environment("media_renditions"), "-m", "pip", "list", "--format=json"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    names = {package["name"].lower() for package in json.loads(listed)}
    assert {"pillow", "cloudevents", "gunicorn", "awslambdaric"} <= names
    assert not {"django", "celery", "grpcio"} & names
