"""Whatever stands at whatever key, the fault is told in our words."""

import copy

import pytest
from pydantic import BaseModel, ValidationError

from wss.config import ImportProfile, SensorFile, Tariff, Tenant, messages
from wss.config.lines import Document, Path, read_yaml

MODELS = {"tenant.yml": Tenant, "sensors.yml": SensorFile, "tariff.yml": Tariff, "profiles/scada.yml": ImportProfile}
ODD = [
    None,
    "x y",
    "",
    "a,b",
    "1,5",
    "7.5",
    -1,
    10**9,
    "1e999",
    "NaN",
    "2024-13-01",
    "x" * 300,
    [],
    ["x y"],
    [None],
    {},
    {"a": 1},
    [{"a": 1}],
]


def paths(data: object, at: Path = ()) -> list[Path]:
    """Every key path of a document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path for key, value in inner for path in ((*at, key), *paths(value, (*at, key)))]


def replaced(data: object, path: Path, value: object) -> object:
    """A copy of a document with one value replaced."""
    made = copy.deepcopy(data)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def faults(document: Document, model: type[BaseModel], data: object) -> list[str]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        return messages.faults(document, model, error)
    return []


@pytest.mark.parametrize("file", MODELS)
def test_no_fault_speaks_like_a_library(files, file):
    document, model = read_yaml(file, files[file]), MODELS[file]
    assert faults(document, model, document.data) == []
    told = 0
    for path in paths(document.data):
        for value in ODD:
            for fault in faults(document, model, replaced(document.data, path, value)):
                assert fault.startswith(f"{file}:")
                assert not any(word in fault for word in ("should", "Value error", "a valid", "unable to")), fault
                told += 1
    assert told > 100


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("decimal", ";", "decimal: ';' is not allowed here; use one of: ., ,"),
        (
            "encoding",
            "utf8",
            "encoding: 'utf8' is not allowed here; "
            "did you mean utf-8? use one of: utf-8, utf-8-sig, latin-1, cp1252, utf-16, utf-16-le, utf-16-be",
        ),
        ("delimiter", ";" * 7, "delimiter: is 7 characters long; the limit is 6"),
        ("states", ["ON"], "states: must be a mapping of words to values, not a list; write {word: value}"),
        ("states", {"ON": "x"}, "states.ON: 'x' is not a number; write one without its unit"),
        ("delimiter", "", "delimiter: is empty text; write a value"),
        ("good_quality", ["OK", ["a"]], "good_quality[1]: must be text, not a list; write one value after the colon"),
    ],
)
def test_words(files, key, value, words):
    document = read_yaml("profiles/scada.yml", files["profiles/scada.yml"])
    found = faults(document, ImportProfile, {**document.data, key: value})
    assert [fault.partition(" ")[2] for fault in found] == [words]
