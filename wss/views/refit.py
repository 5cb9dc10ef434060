"""What a refit learnt: how much better than the profile it would have been, and which models it adds up. matplotlib."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from wss.views import style
from wss.views.words import Language, say

MODELS = ("profile", "linear", "boosted")


def skill_chart(skill: pd.DataFrame, weights: pd.DataFrame, language: Language = "en") -> Figure:
    """Skill of the last weeks by lead and zone, a panel a mode, above the weights of the models.

    Parameters
    ----------
    skill
        mode, zone, from_h [h], skill [1]; may be empty, then the figure is.
    weights
        mode, zone, part (near or far), profile, linear, boosted [1].
    """
    modes = list(dict.fromkeys(skill["mode"])) or [""]
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            2, len(modes), figsize=(11, 6.2 if len(skill) else 1.2), squeeze=False, layout="constrained", sharey="row"
        )
        for column, mode in enumerate(modes):
            upper, lower = axes[:, column]
            table = skill[skill["mode"] == mode].pivot(index="from_h", columns="zone", values="skill")
            for k, (zone, values) in enumerate(table.items()):
                upper.plot(range(len(table)), values, marker="o", color=style.SERIES[k % len(style.SERIES)], label=str(zone))
            upper.axhline(0, color=style.GREY, lw=1.0)
            upper.set_xticks(range(len(table)), [f"{hours:g} h" for hours in table.index])
            upper.set_title(say(f"mode_{mode}", language) if mode else "")
            upper.set_xlabel(say("skill_lead", language))
            upper.yaxis.set_major_formatter(PercentFormatter(1.0))
            _weights(lower, weights[weights["mode"] == mode], language)
        axes[0, 0].set_ylabel(say("skill", language))
        axes[1, 0].set_ylabel(say("weight", language))
        if len(skill):
            axes[0, 0].legend(loc="best", ncol=2)
            axes[1, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncol=3, borderaxespad=0.1)
    plt.close(figure)
    return figure


def _weights(axis, weights: pd.DataFrame, language: Language) -> None:
    """A bar for each zone and part, stacked of the models."""
    below = np.zeros(len(weights))
    for model, colour in zip(MODELS, (style.GREY, style.BLUE, style.GREEN), strict=True):
        axis.bar(range(len(weights)), weights[model], bottom=below, color=colour, label=say(f"model_{model}", language))
        below += weights[model].to_numpy(dtype=float)
    names = [f"{zone}, {say(f'part_{part}', language)}" for zone, part in zip(weights["zone"], weights["part"], strict=True)]
    axis.set_xticks(range(len(weights)), names, rotation=45, ha="right", fontsize=8)
