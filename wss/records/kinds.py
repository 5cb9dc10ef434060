"""THE table of what can be said of a plan: each kind with the sentence that says it; its fields are those of the sentence.

A new kind is a line here, a record that is made of it where it is found, and its words `fault_...` in `wss.views.words_facts`.
"""

from functools import cached_property
from string import Formatter
from typing import Literal

MOMENT = "%Y-%m-%d %H:%M"
"""How a sentence writes moments, unless it says otherwise."""


class Kind:
    """One kind of fact.

    Parameters
    ----------
    sentence : str
        What it says in English; the fields of the fact in braces, each with its format.
    of : str
        What the field `element` names: a tank, a pump, a node of the network, or something without a title.
    """

    def __init__(self, sentence: str, of: Literal["", "tank", "pump", "node"] = "") -> None:
        self.sentence, self.of = sentence.replace("{start}", f"{{start:{MOMENT}}}").replace("{end}", f"{{end:{MOMENT}}}"), of

    @cached_property
    def fields(self) -> dict[str, str]:
        """Fields that a fact of this kind has -> how each is written."""
        parts = [(name.partition(".")[0], form or "") for _, name, form, _ in Formatter().parse(self.sentence) if name]
        return dict(parts)


SAID = {"said": Kind("{text}")}
"""What is only known as a text: the words of another program, or the sentence that an older version saved."""

VIOLATIONS = {
    # what must not be ordered
    "off_grid": Kind("{start}: a setting is not on the decision grid of {text} within the horizon"),
    "speed": Kind("{start}: pump {element} is set to speed {value:g}, allowed are {text}", "pump"),
    "runs_out": Kind("{start}: pump {element} runs although it is out of service", "pump"),
    "off_held": Kind("{start}: pump {element} is off although it is held on", "pump"),
    "on_held": Kind("{start}: pump {element} is on although it is held off", "pump"),
    "unknown_pump": Kind("pump {element} is not in the network", "pump"),
    "starts": Kind("pump {element} starts {amount:.0f} times, at most {bound:.0f} are allowed", "pump"),
    # what EPANET says
    "warned": Kind("{start}: EPANET warns: {warning.meaning} ({amount:.0f} states)"),
    "cut_node": Kind("node {element} is cut off at {start}", "node"),
    "lowest": Kind("lowest is {value:.2f} m at node {element} at {start}", "node"),
    "beyond": Kind("first it is pump {element}", "pump"),
    "spills": Kind(
        "{start}: EPANET warns: a pipe at a full tank opens and shuts all the time; from here on these tanks spill: {text}"
        " ({amount:.0f} states)"
    ),
    "shut": Kind("{start}: EPANET shuts a pipe at tank {element}, in all for {amount:.1f} min", "tank"),
    "clamped": Kind(
        "{start}: tank {element} stands at its limit of {bound:.2f} m, at {amount:.0f} moments of the hydraulic grid", "tank"
    ),
    "not_run": Kind("EPANET cannot run the plan: {text}"),
    # limits of network, contract and operator
    "pressure": Kind("{start}: pressure {value:.2f} m at node {element} is below {bound:.2f} m: {amount:.2f} m short", "node"),
    "cut_off": Kind("{start}: pressure nan m at node {element} is below {bound:.2f} m: inf m short", "node"),
    "end_short": Kind("{start}: tank {element} ends at {value:.3f} m, {amount:.3f} m below {bound:.3f} m", "tank"),
    "band_below": Kind("{start} to {end}: tank {element} is up to {amount:.2f} m below {bound:.2f} m", "tank"),
    "band_above": Kind("{start} to {end}: tank {element} is up to {amount:.2f} m above {bound:.2f} m", "tank"),
}
"""What a plan breaks, and what is said besides of that."""

REASONS = {
    # why a plan is no better
    "proven": Kind("no plan costs less than {amount:.2f} {text}"),
    "no_better": Kind("no change of the plan lowers its cost"),
    "budget": Kind("the budget of simulations is spent"),
    "cannot_above": Kind(
        "tank {element} cannot stay above {bound:.2f} m from {start} on, whatever the pumps do: {amount:.2f} m short", "tank"
    ),
    "cannot_below": Kind(
        "tank {element} cannot stay below {bound:.2f} m from {start} on, whatever the pumps do: {amount:.2f} m too much",
        "tank",
    ),
    "cannot_end": Kind("tank {element} cannot end at {bound:.2f} m, whatever the pumps do: {amount:.2f} m short", "tank"),
    "none_holds": Kind("it is proven that no plan keeps every limit"),
    # why no plan was made
    "no_levels": Kind("no tank levels are known in the {amount:.0f} min before now"),
    "old_levels": Kind("the newest tank levels are {amount:.0f} min old, more than {bound:.0f} min"),
    "not_carried": Kind("the levels of {start:%Y-%m-%dT%H:%M:%SZ} could not be carried on to now: {text}"),
    "no_solver": Kind("the solver HiGHS is not available; install it with: {text}"),
    "solver_failed": Kind("HiGHS failed: {text}"),
    "solver_stopped": Kind("HiGHS stopped without an optimum: {text}"),
    "no_numbers": Kind("HiGHS returned values that are no numbers"),
    "rung_failed": Kind("{element}: {text}"),
    "no_controls": Kind("the network's own controls cannot be run either"),
    # why a cycle published none
    "kept": Kind("a notebook failed; the plan of {start:%Y-%m-%dT%H:%M:%SZ} stays in force"),
    "never": Kind("no plan was ever published"),
    "not_published": Kind("not published, because the plan in force is of {start:%Y-%m-%dT%H:%M:%SZ}"),
}
"""Why a plan stands on its rung, or is not published."""
