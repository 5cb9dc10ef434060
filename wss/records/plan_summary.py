"""What a run that plans sums up: how good the plan is and why, what it breaks, costs, changes and risks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from wss.records.fact import Fact, sentence
from wss.records.summary import Summary

Rung = Literal["proven", "converged", "limit", "relaxed", "last_plan", "level_control", "none"]
"""From best to worst: cost proven; no move helps; budget spent; a limit is missed; plan in force; own controls; nothing."""


@dataclass(frozen=True)
class LevelRisk:
    """A limit of a tank that some sampled demands cross."""

    tank: str
    side: str
    """low or high."""
    limit_m: float
    """[m]"""
    paths: int
    """Sampled demands that cross it."""
    of: int
    """All sampled demands."""
    worst_m: float
    """The level farthest beyond it [m]."""
    first: str
    """When the first of them crosses it [UTC, ISO]."""

    @classmethod
    def read(cls, saved: Mapping[str, Any]) -> "LevelRisk":
        """From a summary."""
        return cls(**{field.name: saved[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class PlanChange(Summary):
    """How a plan differs from the plan that was in force."""

    since: str
    """Moment of the plan that was in force [UTC, ISO]."""
    switches: int = 0
    """Switches that are new, gone or moved."""
    pump_hours: float = 0.0
    """Time in which a pump is set otherwise [h]."""
    saves: float = 0.0
    """What it would cost to keep the plan that was in force [currency]."""
    limit: str = ""
    """What keeping it would break (see `optimization.proof.limits.Limit.kind`); empty: nothing."""
    item: str = ""
    amount: float = 0.0
    """[m], or starts"""
    bound: float = 0.0
    """[m], or starts"""
    at: str | None = None
    """[UTC, ISO]"""
    room_tank: str = ""
    """The tank of whose reserve it would take most."""
    room_less: float = 0.0
    """How much deeper it would be in that reserve [m]."""


@dataclass(frozen=True)
class PlanSummary(Summary):
    """Of a plan. Costs are energy over the horizon [currency]; a demand charge is apart."""

    rung: Rung = "none"
    reasons: tuple[Fact, ...] = ()
    """Why it is on this rung."""
    plan_cost: float = 0.0
    baseline_cost: float | None = None
    """Under the network's own controls, on equal terms; None: EPANET cannot run them."""
    saving_percent: float | None = None
    energy_kwh: float = 0.0
    baseline_energy_kwh: float | None = None
    demand_charge: float = 0.0
    baseline_demand_charge: float | None = None
    charges: Mapping[str, float] = field(default_factory=dict)
    """Component of the tariff -> what the plan adds beside energy; the demand charge among them [currency]."""
    baseline_charges: Mapping[str, float] | None = None
    stored_value: float | None = None
    """Of the water by which the tanks end apart, counted in `baseline_cost` [currency]."""
    violations: tuple[Fact, ...] = ()
    """Limits of network, contract and operator that it breaks."""
    level_age_minutes: float | None = None
    """Age of the levels that it starts from [min]."""
    starts: Mapping[str, int] = field(default_factory=dict)
    """Pump -> starts."""
    peak_so_far_kw: float | None = None
    """Highest power of the billing period so far [kW]."""
    end_level: Mapping[str, float] = field(default_factory=dict)
    """Tank -> lowest level at the end [m]."""
    iterations: int = 0
    simulations: int = 0
    snapshots: int = 0
    change: PlanChange | None = None
    """Against the plan in force; None: there was none."""
    forecast_run: str | None = None
    """Id of the run whose forecast it is made for."""
    band_paths: int = 0
    """Sampled demands under which it was replayed."""
    level_risks: tuple[LevelRisk, ...] = ()

    @property
    def reason(self) -> str:
        """Why it is on this rung, in an English sentence."""
        return sentence(self.reasons)

    @property
    def by_component(self) -> dict[str, tuple[float, float | None]]:
        """Component of the tariff -> what it adds under the plan and under the network's own controls. [currency]

        Plans of older versions know the demand charge alone, and it is there where a tariff has no component.
        """
        plan = self.charges or {"demand_charge": self.demand_charge}
        other: Mapping[str, float | None] = self.baseline_charges or {"demand_charge": self.baseline_demand_charge}
        return {key: (cost, other.get(key)) for key, cost in plan.items()}

    @classmethod
    def read(cls, saved: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the fields; facts of which a version saved only the sentences stay sentences."""
        reason = saved.get("reason")
        return super().read(saved) | {
            "reasons": facts_of(saved.get("reasons"), [reason] if reason else []),
            "violations": facts_of(saved.get("violation_records"), saved.get("violations") or []),
            "change": PlanChange.of(saved["change"]) if saved.get("change") else None,
            "level_risks": tuple(LevelRisk.read(risk) for risk in saved.get("level_risks") or ()),
        }

    def as_dict(self) -> dict[str, Any]:
        """As it is saved: `reason` and `violations` in sentences, and beside them the records `reasons`, `violation_records`."""
        said = {"rung": self.rung, "reason": self.reason} | super().as_dict()
        return said | {
            "reasons": [fact.as_dict() for fact in self.reasons],
            "violations": [str(fact) for fact in self.violations],
            "violations_count": len(self.violations),
            "violation_records": [fact.as_dict() for fact in self.violations],
            "change": None if self.change is None else asdict(self.change),
            "level_risks": [asdict(risk) for risk in self.level_risks],
        }


RECORDS = ("reasons", "violation_records")
"""Keys of what a summary says in sentences beside."""


def facts_of(records: Sequence[Mapping[str, Any]] | None, sentences: Sequence[str]) -> tuple[Fact, ...]:
    """Facts from their records; of a version that saved none, or kinds that are not known here, from their sentences."""
    try:
        return tuple(map(Fact.of, sentences if records is None else records))
    except ValueError:
        return tuple(map(Fact.of, sentences))
