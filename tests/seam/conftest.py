"""The sample contract, bound in every way."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from monolith.wiring import BINDINGS
from seam import binding as bindings
from seam.contract import Contract, read_contract
from seam.messages import Messages
from seam.registry import registry
from tests import remotely
from tests.contracts import REMOTE
from tests.seam import keeper, sample

# How fast an example runs on a busy machine says nothing about it.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture
def contract() -> Contract:
    return read_contract("sample", sample)


@pytest.fixture
def messages(contract: Contract) -> Messages:
    return Messages(contract)


@pytest.fixture
def declared(contract: Contract) -> Iterator[Contract]:
    """The sample as the composition root would declare it, forgotten again afterwards."""
    registry.declare(contract)
    yield contract
    del registry.contracts["sample"], registry.messages["sample"]


@pytest.fixture(params=[*sorted(BINDINGS), REMOTE])
def bound(request: pytest.FixtureRequest, declared: Contract) -> Iterator[str]:
    """The sample is kept by `tests.seam.keeper`, through each binding in turn."""
    if request.param == REMOTE:
        with remotely.served((declared, keeper)) as peer:
            bindings.bind(declared, remotely.bound(declared, keeper, peer))
            yield request.param
    else:
        bindings.bind(declared, BINDINGS[request.param](declared, keeper))
        yield request.param
    del bindings._bound[sample.Sample]
