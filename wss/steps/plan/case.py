"""A pump scheduling case by file: read it, plan, prove the plan that was written, say what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wss.errors import ConfigError, HydraulicError
from wss.hydraulics.facts import facts
from wss.optimization import Problem, Solution, Verdict, case, fall_back, solve, verify
from wss.records import Violation, reason_of


@dataclass(frozen=True)
class CaseResult:
    """A written plan and what EPANET says of it."""

    problem: Problem
    solution: Solution
    verdict: Verdict | None
    """Of the plan as it was read back from its file; None where EPANET cannot run it."""
    violations: tuple[Violation, ...]

    @property
    def feasible(self) -> bool:
        """Whether the plan keeps every rule of the case."""
        return not self.violations

    @property
    def bound(self) -> float | None:
        """Cost that no plan can go below, as far as it was proven. [currency]"""
        return self.solution.bound

    @property
    def gap_percent(self) -> float | None:
        """How far the cost is above the bound, as a share of the cost; None without a bound. [%]"""
        if self.bound is None or self.verdict is None:
            return None
        return 100 * (self.verdict.cost - self.bound) / abs(self.verdict.cost) if self.verdict.cost else 0.0


def optimize_case(
    case_file: Path, plan_file: Path, bound: bool = False, progress: Callable[[str, float], None] | None = None
) -> CaseResult:
    """Plan the pumps of a case file and write the plan as the CSV time,pump,speed.

    Parameters
    ----------
    bound : bool
        Also look for a cost that no plan can go below.
    progress : callable
        Told what is being done, and which part of it is done, 0 to 1.

    Raises
    ------
    ConfigError
        Lists every fault of the case, before anything is computed.
    """
    _writable(case_file, plan_file)
    problem = case.read(case_file)
    try:
        solution = solve(problem, progress, bound)
    except HydraulicError as error:
        solution = fall_back(problem, (reason_of(error),))
    pumps = list(facts(problem.network).pumps)
    case.write_plan(solution.pump_speed.reindex(pump=pumps, fill_value=0.0), plan_file)
    try:
        verdict = verify(problem, case.read_plan(plan_file, problem))
    except HydraulicError as error:
        return CaseResult(problem, solution, None, (Violation("not_run", text=str(error)),))
    return CaseResult(problem, solution, verdict, verdict.violations)


def _writable(case_file: Path, plan_file: Path) -> None:
    if not plan_file.absolute().parent.is_dir():
        raise ConfigError(f"--out {plan_file}: the folder {plan_file.absolute().parent} does not exist")
    if plan_file.is_dir():
        raise ConfigError(f"--out {plan_file}: is a folder; name a file in it")
    if plan_file.suffix.lower() in (".yml", ".yaml", ".inp") or plan_file.absolute() == case_file.absolute():
        raise ConfigError(f"--out {plan_file}: looks like a case or a network, which it would replace; name a CSV file")
