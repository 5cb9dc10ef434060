"""Reference page made from the table of key figures: docs/kpis.md.

`python -m wss.records.document docs` writes it into the folder docs.
"""

import sys
from pathlib import Path

from wss.records.kpis import INPUTS, KEY_FIGURES

ITEMS = {"": "`source`", "pump": "`source/pump`", "tank": "`source/tank`", "period": "`source/tariff period`"}
BETTER = {"lower": "lower", "higher": "higher", "": "-"}


def kpis_page() -> str:
    """Markdown page on every key figure: unit, formula, meaning, titles, and on what a figure may be computed from."""
    lines = [
        "# Key figures of a day",
        "",
        "<!-- Generated from wss/records/kpis.py by `python -m wss.records.document docs`. -->",
        "",
        "`wss kpi` and the notebook `kpi` compute them for one local day and each source that is known: `plan` (the plans in",
        "force through the day), `actual` (as measured) and `baseline` (the network's own level controls from the same levels",
        "under the same demand). The table `kpi` of the store has a row for each: time (first moment of the day, UTC), name,",
        "item, value, unit. What is not known has no row.",
        "",
        "| name | unit | item | better | formula | from | meaning |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {f.unit} | {ITEMS[f.part]} | {BETTER[f.better]} | {f.formula} | "
        f"{', '.join(f'`{need}`' for need in f.needs)} | {f.meaning} |"
        for name, f in KEY_FIGURES.items()
    ]
    languages = list(dict.fromkeys(language for f in KEY_FIGURES.values() for language in f.title))
    lines += ["", "## On screens", "", f"| name | {' | '.join(languages)} | shown |", "|---|" + "---|" * (len(languages) + 1)]
    lines += [
        f"| `{name}` | {' | '.join(f.title[language] for language in languages)} | "
        f"{'percent, ' if f.percent else ''}{f.decimals} decimals |"
        for name, f in KEY_FIGURES.items()
    ]
    lines += ["", "A figure that is not in the table is shown by its name, with its unit and two decimals."]
    lines += ["", "## What a figure may be computed from", "", "| name | unit | what |", "|---|---|---|"]
    lines += [f"| `{name}` | {one.units} | {one.meaning} |" for name, one in INPUTS.items()]
    lines += [
        "",
        "## Adding a figure",
        "",
        "1. `wss/records/kpis.py`: a row in `KEY_FIGURES`, with a title in each language; `needs` says what it is computed from.",
        "2. `wss/kpi/figures.py`: a function of the same name, whose parameters are those of `needs`, listed in `FIGURES`. It",
        "   gives one number, or a series by part if the row has a `part`; what is not known is NaN.",
        "3. A test of a number worked by hand in `tests/kpi`, and this page anew by `make docs`.",
        "",
        "Table, store, notebook and command line then have it.",
        "",
    ]
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Write the page into `folder`; OSError where that is not possible."""
    (folder / "kpis.md").write_text(kpis_page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
