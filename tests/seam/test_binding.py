"""`use`: whoever keeps a contract, the same through every binding."""

from __future__ import annotations

from types import ModuleType
from typing import Protocol

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation

from monolith.wiring import bind_all
from seam import use
from seam.binding import Unbound, keeping, local
from seam.contract import Contract, InvalidContract
from seam.db import TransactionMisuse, open_transaction, remember
from seam.request import request_id
from tests.seam import keeper, values
from tests.seam.sample import Refused, Sample


class Nobody(Protocol):
    def get(self) -> str: ...


def test_nobody_keeps_what_nobody_bound() -> None:
    with pytest.raises(Unbound, match="Nobody keeps Nobody in this process"):
        use(Nobody)


def test_an_unknown_binding_is_refused_with_those_there_are() -> None:
    with pytest.raises(ImproperlyConfigured, match="must be one of local, wire"):
        bind_all("telepathy")


@pytest.mark.usefixtures("bound")
class TestThroughEveryBinding:
    def test_values_come_back_equal(self) -> None:
        thing = values.thing(maybe_text="", labels={"a": "b"})
        assert use(Sample).get_thing(thing=thing) == thing
        assert use(Sample).get_maybe(thing=thing) == thing

    def test_none_comes_back(self) -> None:
        assert use(Sample).get_maybe(thing=None) is None
        assert use(Sample).note(text="x") is None

    def test_a_default_is_filled_in(self) -> None:
        assert use(Sample).get_maybe() is None
        assert use(Sample).list_numbers(numbers=[1, 2]) == [1, 2, 1, 2]
        assert use(Sample).list_numbers(numbers=[1], times=1) == [1]

    def test_an_empty_list_stays_one(self) -> None:
        assert use(Sample).list_numbers(numbers=[]) == []

    def test_reading_twice_answers_twice(self) -> None:
        assert use(Sample).get_thing(thing=values.thing()) == use(Sample).get_thing(thing=values.thing())

    def test_a_declared_error_is_the_same_class_with_its_fields(self) -> None:
        with pytest.raises(Refused) as caught:
            use(Sample).list_numbers(numbers=[1, 2, 3, 4])
        assert caught.value.fields == {"limit": "3", "given": "4"}

    def test_an_error_is_worded_in_the_callers_language(self) -> None:
        with translation.override("es"), pytest.raises(Refused) as caught:
            use(Sample).list_numbers(numbers=[1, 2, 3, 4])
        with translation.override("es"):
            assert str(caught.value) == "Buscar"

    @pytest.mark.parametrize("arguments", [{}, {"numbers": [1], "colour": "red"}])
    def test_a_wrong_set_of_arguments_is_a_type_error(self, arguments: dict) -> None:
        with pytest.raises(TypeError):
            use(Sample).list_numbers(**arguments)

    def test_a_positional_argument_is_a_type_error(self) -> None:
        with pytest.raises(TypeError):
            use(Sample).list_numbers([1])  # type: ignore[misc]

    def test_a_method_nobody_promised_is_not_there(self) -> None:
        with pytest.raises(AttributeError):
            use(Sample).hidden  # type: ignore[attr-defined]  # noqa: B018

    def test_the_request_goes_along(self) -> None:
        with request_id("abc-1"):
            assert use(Sample).get_request_id() == "abc-1"
        assert use(Sample).get_request_id() == ""

    def test_the_language_goes_along(self) -> None:
        with translation.override("es"):
            assert use(Sample).get_language() == "es"
            assert translation.get_language() == "es"

    def test_a_call_inside_the_transaction_of_another_context_is_refused(self) -> None:
        keeper.noted.clear()
        with (
            remember("catalog"),
            pytest.raises(TransactionMisuse, match=r"'sample' was called inside .* 'catalog'"),
        ):
            use(Sample).note(text="x")
        assert keeper.noted == []

    def test_a_call_inside_ones_own_transaction_is_not(self) -> None:
        with remember("sample"):
            assert use(Sample).list_numbers(numbers=[1]) == [1, 1]
            assert open_transaction() == "sample"


def service(**functions: object) -> ModuleType:
    made = ModuleType("service")
    vars(made).update(vars(keeper) | functions | {"__name__": "service"})
    return made


def test_a_keeper_that_lacks_a_method_is_refused_at_start(contract: Contract) -> None:
    lacking = service()
    del lacking.note
    with pytest.raises(InvalidContract, match=r"service\.note is missing"):
        local(contract, lacking)


def test_a_keeper_with_another_default_is_refused_at_start(contract: Contract) -> None:
    def list_numbers(*, numbers: list[int], times: int = 3) -> list[int]:
        return []

    with pytest.raises(InvalidContract, match=r"service\.list_numbers takes"):
        keeping(contract.methods["list_numbers"], service(list_numbers=list_numbers))
