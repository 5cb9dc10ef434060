"""Our plans against a genetic algorithm with ten times the CPU: `python benchmarks/genetic.py [--times 10] [CASE ...]`.

The genetic algorithm is pymoo's, with a bit for each pump and decision step, two-point crossover and bit flips. It gets what helps
it: our replay in EPANET for each plan, the misses of limits as its constraint, and a population that starts with few running pumps.
pymoo is not among the project's packages: `pip install pymoo` first. Cases are those of `cases/pumps` (see pumps.py).
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import where

from wss.hydraulics import Engine
from wss.optimization import case, solve
from wss.optimization.core.replay import replay
from wss.optimization.core.task import Task, make_task

CASES = ("van-zyl/hourly", "anytown-modified/starts-3", "richmond")
POPULATION = 100


def genetic(task: Task, seconds: float, seed: int) -> tuple[float, float, int]:
    """Cost [currency], misses and simulations of the best plan that pymoo's genetic algorithm finds in CPU `seconds`."""
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.termination import Termination
    from pymoo.operators.crossover.pntx import TwoPointCrossover
    from pymoo.operators.mutation.bitflip import BitflipMutation
    from pymoo.optimize import minimize

    shape = task.slots, len(task.engine.pumps)

    class Pumps(ElementwiseProblem):
        def _evaluate(self, x, out, *args, **kwargs):
            run = replay(task, x.reshape(shape).astype(float))
            out["F"], out["G"] = run.total, run.miss

    class Spent(Termination):
        def __init__(self) -> None:
            super().__init__()
            self.begin = time.process_time()

        def _update(self, algorithm):
            return (time.process_time() - self.begin) / seconds

    problem = Pumps(n_var=shape[0] * shape[1], n_obj=1, n_ieq_constr=1, xl=0, xu=1, vtype=bool)
    first = np.random.default_rng(seed).random((POPULATION, problem.n_var)) < np.linspace(0.2, 0.8, POPULATION)[:, None]
    algorithm = GA(
        POPULATION, sampling=first, crossover=TwoPointCrossover(), mutation=BitflipMutation(), eliminate_duplicates=True
    )
    found = minimize(problem, algorithm, Spent(), seed=seed)
    if found.opt is None:
        return np.inf, np.inf, found.algorithm.evaluator.n_eval
    best = found.opt[0]
    return float(best.F[0]), float(best.CV[0]), found.algorithm.evaluator.n_eval


def main() -> int:
    """Compare; 0 if our plan is cheaper on each case."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--bench", type=Path, default=where.CASES)
    parser.add_argument("--times", type=float, default=10.0, help="CPU of the genetic algorithm as a multiple of ours")
    given, cheaper = parser.parse_args(), True
    for name in given.cases:
        try:
            problem = case.read(where.pump_case(name, given.bench))
        except FileNotFoundError as error:
            print(f"skipped: {error}", file=sys.stderr, flush=True)
            continue
        begin = time.process_time()
        ours = solve(problem)
        seconds = time.process_time() - begin
        with Engine(problem.network, dict(problem.tied)) as engine:
            cost, miss, simulations = genetic(make_task(problem, engine), given.times * seconds, seed=1)
        cheaper &= ours.verdict.feasible and (miss > 0 or ours.verdict.cost < cost)
        what = f"{cost:10.2f}" if miss == 0 else f"{'none feasible':>13s}"
        print(f"{name:28s} ours {ours.verdict.cost:10.2f} in {seconds:6.1f} CPU s   genetic {what} in {given.times * seconds:7.1f} CPU s, "
              f"{simulations} simulations", flush=True)  # fmt: skip
    return 0 if cheaper else 1


if __name__ == "__main__":
    sys.exit(main())
