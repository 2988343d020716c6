"""Changes and states become bytes and back, by literal names, in forms that never change."""

from __future__ import annotations

import dataclasses
import importlib
import io
import pkgutil
import types
import typing
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain
from adapters.errors import StoreDamagedError
from adapters.store.library_mapper import StateSnapshot, StoreMapper
from adapters.store.mapper import ChangeMapper
from adapters.store.topics import CHANGES, STATES, change_mapper
from domain.changes import EPOCH, Change, State, moment
from domain.directory import Directory, DirectoryMarked
from domain.errors import UnknownChangeError
from domain.ids import OrgId
from tests.vectors.store.generate import FOLDER, fingerprints

MAPPER: Final = change_mapper()
LONG: Final = st.integers(-(2**63), 2**63 - 1)
MOMENTS: Final = st.integers(0, 253_402_300_799_999).map(moment)
"""Every millisecond from 1970 to the end of 9999, the last year that the library's events can carry."""
PLAIN: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: st.text(),
    int: LONG,
    bool: st.booleans(),
    bytes: st.binary(),
    datetime: MOMENTS,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return all values of a type that a change or state may have."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*(values(one) if one is not types.NoneType else st.none() for one in arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=4).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=4)
    if dataclasses.is_dataclass(hint):
        return instances(typing.cast("type", hint))
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return PLAIN[hint]


def instances(cls: type) -> st.SearchStrategy[Any]:
    """Return all values of a dataclass."""
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{field.name: values(hints[field.name]) for field in dataclasses.fields(cls)})


def subclasses(cls: type) -> set[type]:
    direct: set[type] = set(cls.__subclasses__())
    return direct.union(*(subclasses(one) for one in direct))


def in_domain(cls: type) -> set[type]:
    modules = [importlib.import_module(module.name) for module in pkgutil.walk_packages(domain.__path__, "domain.")]
    # A slotted dataclass is made anew from the class as it was written, which lingers: what a module holds counts.
    return {one for one in subclasses(cls) for module in modules if vars(module).get(one.__name__) is one}


@pytest.mark.parametrize("cls", CHANGES, ids=lambda cls: cls.TOPIC)
@given(data=st.data())
def test_every_change_comes_back_as_it_was(cls: type[Change], data: st.DataObject) -> None:
    change: Change = data.draw(instances(cls))
    raw = MAPPER.encode_change(change)
    back = MAPPER.decode_change(cls.TOPIC, change.originator_id, change.originator_version, raw)
    assert back == change
    assert type(back) is cls
    assert MAPPER.encode_change(back) == raw


@pytest.mark.parametrize("topic", STATES)
@given(data=st.data())
def test_every_state_comes_back_as_it_was(topic: str, data: st.DataObject) -> None:
    state: State = data.draw(instances(STATES[topic]))
    at = data.draw(MOMENTS)
    name, raw = MAPPER.encode_state(state, at)
    assert name == topic
    assert MAPPER.decode_state(topic, state.id, state.version, raw) == state
    assert MAPPER.decode_time(raw) == at


def plain(value: Any) -> Any:
    """Return a value as the Avro library takes it."""
    if isinstance(value, datetime):
        return round((value - EPOCH).total_seconds() * 1000)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | frozenset):
        return [plain(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


@pytest.mark.parametrize("cls", CHANGES, ids=lambda cls: cls.TOPIC)
@given(data=st.data())
def test_the_avro_library_writes_the_same_bytes(cls: type[Change], data: st.DataObject) -> None:
    change = data.draw(instances(cls))
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, MAPPER.schemas()[cls.TOPIC], plain(change))
    assert MAPPER.encode_change(change) == expected.getvalue()


def test_the_forms_of_what_was_released_are_frozen() -> None:
    assert fingerprints() == (FOLDER / "frozen-1.txt").read_text("utf-8")


def test_no_change_of_the_domain_is_missing_and_no_topic_is_used_twice() -> None:
    assert set(CHANGES) == in_domain(Change)
    assert len({change.TOPIC for change in CHANGES} | set(STATES)) == len(CHANGES) + len(STATES)


def test_no_state_of_the_domain_is_missing() -> None:
    assert set(STATES.values()) == in_domain(State)
    assert len(set(STATES.values())) == len(STATES)


def test_names_are_no_paths_of_classes() -> None:
    modules = {f"{cls.__module__}.{cls.__qualname__}" for cls in (*CHANGES, *STATES.values())}
    assert not modules & {*STATES, *(change.TOPIC for change in CHANGES)}
    assert all(name.islower() and name.endswith(".v1") for name in (*STATES, *(change.TOPIC for change in CHANGES)))


def test_equal_sets_are_equal_bytes() -> None:
    names = [OrgId(f"mfy-{number}") for number in range(50)]
    forwards, backwards = (
        Directory(id="directory", version=1, closed=frozenset(order), outside=frozenset())
        for order in (names, list(reversed(names)))
    )
    assert MAPPER.encode_state(forwards, moment(0)) == MAPPER.encode_state(backwards, moment(0))


MARKED: Final = DirectoryMarked(
    originator_id="directory",
    originator_version=1,
    timestamp=moment(1_764_000_000_123),
    organisation=OrgId("mfy-001"),
    closed=True,
    outside=False,
)


@pytest.mark.parametrize("topic", ["os.system", "domain.directory:DirectoryMarked", "directory.v1", "directory.marked.v2", ""])
def test_a_name_that_is_no_change_is_refused_and_nothing_imported(topic: str) -> None:
    with pytest.raises(UnknownChangeError):
        MAPPER.decode_change(topic, "directory", 1, MAPPER.encode_change(MARKED))
    with pytest.raises(UnknownChangeError):
        MAPPER.decode_state("directory.marked.v1", "directory", 1, bytes(8))


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw + b"\x00",
        lambda raw: raw[:-1],
        lambda _: b"",
        lambda raw: raw[:6] + b"\x02\xff" + raw[7:],
        lambda raw: raw[:6] + b"\x80" * 12,
        lambda raw: raw[:6] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + raw[7:],
        lambda _: b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"\x00" * 8,
    ],
    ids=["a byte more", "a byte less", "nothing", "no UTF-8", "a number without end", "a text without end", "a year without end"],
)
def test_damaged_bytes_are_told_from_right_ones(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(StoreDamagedError, match=r"directory\.marked\.v1"):
        MAPPER.decode_change(MARKED.TOPIC, "directory", 1, damage(MAPPER.encode_change(MARKED)))


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Foreign(Change):
    """A change that nobody registered."""

    TOPIC: ClassVar[str] = "foreign.v1"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Formless(Change):
    """A change with a field that has no form."""

    TOPIC: ClassVar[str] = "formless.v1"
    weight: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Paired(Change):
    """A change with a pair, which would read back as a list of any length."""

    TOPIC: ClassVar[str] = "paired.v1"
    pair: tuple[int, int]


def test_what_is_not_registered_is_not_written() -> None:
    with pytest.raises(UnknownChangeError, match=r"foreign\.v1"):
        MAPPER.encode_change(Foreign(originator_id="a", originator_version=1, timestamp=moment(0)))
    with pytest.raises(UnknownChangeError, match="State"):
        MAPPER.encode_state(State(id="a", version=1), moment(0))


@pytest.mark.parametrize("cls", [Formless, Paired])
def test_a_field_without_a_form_is_refused_when_the_registry_is_compiled(cls: type[Change]) -> None:
    with pytest.raises(TypeError, match="no form"):
        ChangeMapper({cls.TOPIC: cls}, {})


def test_the_librarys_mapper_says_the_same() -> None:
    mapper = StoreMapper()
    stored = mapper.to_stored_event(typing.cast("Any", MARKED))
    assert (stored.originator_id, stored.originator_version, stored.topic) == ("directory", 1, "directory.marked.v1")
    assert stored.state == MAPPER.encode_change(MARKED)
    assert mapper.to_domain_event(stored) == MARKED
    state = MARKED.mutate(None)
    snapshot = StateSnapshot(originator_id="directory", originator_version=1, timestamp=MARKED.timestamp, state=state)
    back: Any = mapper.to_domain_event(mapper.to_stored_event(typing.cast("Any", snapshot)))
    assert back == snapshot
    assert back.mutate(None) == state
