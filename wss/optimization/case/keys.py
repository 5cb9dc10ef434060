"""The keys of a case file and what they may hold. The format is that of the benchmarks' judge, whose readings are kept."""

from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from wss.config import messages
from wss.errors import ConfigError

MOST_STEPS = 200_000
"""Most hydraulic steps of a case."""
PRICE_KINDS = {str: "network", list: "list", dict: "mapping"}


def _text(value: Any) -> Any:
    """Ids and names that YAML takes for numbers are text."""
    return str(value) if isinstance(value, Hashable) and not isinstance(value, tuple) and value is not None else value


def _quoted(value: Any) -> Any:
    if isinstance(value, int | float | date):
        raise ValueError(f"is not text to YAML; write the id in quotes: '{value}'")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str | date) or str(value).strip().lower() in ("", "now", "today"):
        raise ValueError("must be an ISO time such as 2026-01-05T07:00")
    try:
        moment = pd.Timestamp(value)
        if moment is pd.NaT:
            raise ValueError
        if moment.tzinfo is not None:
            raise ValueError("must have no time zone")
        return moment.as_unit("ns")
    except (ValueError, OverflowError) as error:
        told = str(error)
        raise ValueError(told if "zone" in told else "must be an ISO time such as 2026-01-05T07:00, after 1677") from error


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("has its lowest speed above its highest")
    return value


def _kind(value: Any) -> str:
    return next((tag for kind, tag in PRICE_KINDS.items() if isinstance(value, kind)), "list")


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]
Whole = Annotated[int, Field(strict=True, gt=0)]
Id = Annotated[str, BeforeValidator(_text)]
QuotedId = Annotated[str, BeforeValidator(_quoted)]
Prices = Annotated[list[Number], Field(min_length=1)]
Price = Annotated[
    Annotated[Literal["network"], Tag("network")] | Annotated[Prices, Tag("list")]
    | Annotated[dict[QuotedId, Prices], Tag("mapping")],
    Discriminator(_kind),
]  # fmt: skip


class CaseFile(BaseModel):
    """A case as it is written; lengths, levels and pressures in the network's own units."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=True)

    name: Id
    network: str
    """INP file beside the case, or `package:epyt/networks/...` for one that an installed package ships"""
    start: Annotated[pd.Timestamp, BeforeValidator(_moment)]
    """Label of the first moment, where the patterns begin"""
    horizon_hours: Annotated[Number, Field(ge=1 / 3600, le=1e5)]
    decision_minutes: Annotated[Number, Field(ge=1 / 60, le=1e6)]
    """Grid on which pumps may change"""
    hydraulic_step_seconds: Annotated[Number, Field(ge=1, le=1e6)]
    """Step of the replay"""
    price: Price
    """`network` for the file's own, or a list, or a list for each pump; lists repeat"""
    price_step_minutes: Whole | None = None
    """How long an entry of a list holds"""
    price_scale: Number = 1.0
    currency: str = ""
    max_starts: NotNegative | None = None
    """Of each pump, the horizon taken as periodic"""
    pressure_min: dict[Id, Number] = {}
    """Node -> lowest pressure at every full hour"""
    pressure_min_everywhere: Number | None = None
    """The same at all nodes with demand"""
    open_when_off: dict[Id, Id] = {}
    """Link -> pump: open exactly when the pump is off"""
    clamp_exempt: list[Id] = []
    """Tanks that may fill to the brim"""
    speed: dict[Id, Annotated[tuple[NotNegative, NotNegative], AfterValidator(_ordered)]] = {}
    """Pump -> lowest and highest relative speed when on"""
    initial_level: dict[QuotedId, Number] = {}
    end_level: dict[QuotedId, Number] = {}
    """Tank -> level at the start, and at least at the end"""
    demand_multiplier: NotNegative = 1.0


def parse(path: Path) -> tuple[CaseFile | None, dict[str, Any], list[str]]:
    """A case file, what is in it as plain data, and every fault of its keys; None for the file where there are any.

    Raises
    ------
    ConfigError
        If it is no YAML mapping at all.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(data, Mapping):
        raise ConfigError(f"{path}: must map keys such as `network` and `price` to values")
    faults, case = [], None
    try:
        case = CaseFile.model_validate(data)
        faults += _too_long(case)
    except ValidationError as error:
        faults += messages.brief(error, CaseFile, _own_words, _key, "known are")
    if isinstance(data.get("price"), list | dict) and data.get("price_step_minutes") is None:
        faults.append("price_step_minutes: missing; lists of prices need it")
    return (None if faults else case), dict(data), faults


def _too_long(case: CaseFile) -> list[str]:
    if case.horizon_hours * 3600 / case.hydraulic_step_seconds > MOST_STEPS:
        return [f"horizon_hours: more than {MOST_STEPS:,} hydraulic steps; shorten it or take a longer step"]
    try:
        case.start + pd.Timedelta(hours=case.horizon_hours)
    except (OverflowError, ValueError):
        return ["horizon_hours: the end is beyond the year 2262"]
    return []


def _key(path: tuple[str | int, ...]) -> str:
    where = [str(part) for part in path]
    if where[0] == "price" and where[1:2] and where[1] in PRICE_KINDS.values():
        del where[1]
    return ".".join(messages.SHORT.repr(part)[1:-1] for part in where if part != "[key]")


def _own_words(key: str, one: Mapping[str, Any]) -> str | None:
    """What is wrong with a speed or a price as a whole."""
    where, kind, value = one["loc"], one["type"], messages.SHORT.repr(one["input"])
    if kind == "missing" and len(where) > 1:
        return f"{key.rpartition('.')[0]}: {value} is not [lowest, highest]"
    if kind in ("missing", "extra_forbidden"):
        return None
    if where[0] == "speed" and len(where) == 2 and kind != "value_error":
        return f"{key}: {value} is not [lowest, highest]"
    if where == ("price",) or where[0] == "price" and len(where) == 2 and where[1] in PRICE_KINDS.values():
        return f"price: {value} is neither `network` nor a list of numbers nor a list for each pump"
    return None
