"""A small network in many odd but legal forms: one for each thing that an EPANET file may hold.

Two pumps lift from a reservoir to a tank; four hours, 40 and 5 m3/h drawn. Used by the tests and by `verdicts.py`.
"""

from epanet import toolkit

from wss.hydraulics.project import FLOW_M3H

Edits = tuple[tuple[str, str], ...]
"""(old part of the text, new part)"""

TEXT = """[JUNCTIONS]
 S   0   0
 J   10  40  day
 F   12  5   day
 G   12  0
[RESERVOIRS]
 R   0
[TANKS]
 T   50  2.0  0.5  4.0  8  0
[PIPES]
 main  S  J  800  250  120  0  Open
 rise  J  T  500  250  120  0  Open
 far   J  F  900  100  120  0  Open
 side  F  G  100  100  120  0  Open
[PUMPS]
 P1  R  S  HEAD lift
 P2  R  S  HEAD lift
[CURVES]
 lift  60  62
[PATTERNS]
 day  0.6 0.8 1.2 1.0
[CONTROLS]
 LINK P1 OPEN IF NODE T BELOW 1.5
 LINK P1 CLOSED IF NODE T ABOVE 3.5
[ENERGY]
 Global Efficiency 70
[TIMES]
 Duration 4:00
 Hydraulic Timestep 0:15
 Pattern Timestep 1:00
[OPTIONS]
 Units CMH
 Accuracy 0.00001
 Unbalanced Continue 10
[END]
"""
PUMP, FAR, TANK = " P2  R  S  HEAD lift", " far   J  F  900  100  120  0  Open", " T   50  2.0  0.5  4.0  8  0"


def valve(kind: str, setting: str) -> Edits:
    """A valve of this kind in front of node F."""
    return ((FAR, " far  J  H  900  100  120  0  Open"), (" G   12", " H  12  0\n G   12"),
            ("[CURVES]", f"[VALVES]\n V  H  F  100  {kind}  {setting}  0\n[CURVES]"))  # fmt: skip


def rough(headloss: str, value: str) -> Edits:
    """Another formula for head losses, with this roughness of all pipes."""
    sizes = ("800  250", "500  250", "900  100", "100  100")
    return (*((f"{size}  120", f"{size}  {value}") for size in sizes), (" Units CMH", f" Units CMH\n Headloss {headloss}"))


ODD: dict[str, Edits] = {
    "as it is": (),
    "multi-point curve": ((" lift  60  62", " lift  0  80\n lift  40  70\n lift  60  62\n lift  90  45\n lift  120  10"),),
    "three-point curve": ((" lift  60  62", " lift  0  80\n lift  60  62\n lift  120  20"),),
    "constant power": ((PUMP, " P2  R  S  POWER 12"),),
    "efficiency curve": ((" lift  60", " eff  20  50\n eff  60  78\n eff  100  60\n lift  60"),
                         ("[TIMES]", " Pump P1 Efficiency eff\n[TIMES]")),
    "check valve": (("800  250  120  0  Open", "800  250  120  0  CV"),),
    "check valves at the tank": (("250  120  0  Open\n far", "250  120  0  CV\n fall  T  J  500  250  120  0  CV\n far"),),
    "PRV": valve("PRV", "20"), "PSV": valve("PSV", "20"),
    "FCV": (*valve("FCV", "1"), ("[PUMPS]", " two  J  G  900  100  120  0  Open\n[PUMPS]")),
    "TCV": valve("TCV", "10"), "PBV": valve("PBV", "5"),
    "GPV": (*valve("GPV", "loss"), (" lift  60", " loss  0  0\n loss  10  2\n loss  20  8\n lift  60")),
    "control of a pipe": (("[CONTROLS]", "[CONTROLS]\n LINK side CLOSED IF NODE T BELOW 2.2"),),
    "rule on a pipe": (("[ENERGY]", "[RULES]\nRULE 1\nIF TANK T LEVEL BELOW 2.2\nTHEN PIPE side STATUS IS CLOSED\n"
                                    "ELSE PIPE side STATUS IS OPEN\n\n[ENERGY]"),),
    "speed pattern": ((PUMP, " P2  R  S  HEAD lift SPEED 0.9 PATTERN turn"), (" day  0.6", " turn  1 0 1\n day  0.6")),
    "pumps shut in the file": (("[CONTROLS]", "[STATUS]\n P1  CLOSED\n P2  0.9\n[CONTROLS]"),),
    "reservoirs with heads": ((" R   0", " R   1  tide\n R2  55  tide"), (FAR, f"{FAR}\n two  R2  F  2000  80  120  0  Open"),
                              (" day  0.6", " tide  1 1.01 0.99\n day  0.6")),
    "closed-off node": ((" side  F  G  100  100  120  0  Open", " side  F  G  100  100  120  0  Closed"),),
    "volume curve": ((TANK, f"{TANK}  vol"),
                     (" lift  60", " vol  0  0\n vol  1  30\n vol  2  60\n vol  3  150\n vol  4  400\n lift  60")),
    "tank that spills": ((TANK, f"{TANK}  *  YES"),),
    "Darcy-Weisbach": rough("D-W", "0.1"), "Chezy-Manning": rough("C-M", "0.012"),
    "pressure-driven demand": ((" Units", " Demand Model PDA\n Required Pressure 20\n Pressure Exponent 0.5\n Units"),),
    "emitter": (("[CONTROLS]", "[EMITTERS]\n G  0.5\n[CONTROLS]"),),
    "leak": (("[CONTROLS]", "[LEAKAGE]\n far  0.5  0.1\n[CONTROLS]"),),
    "odd ids": ((" P1  R", " P-1/ä  R"), ("LINK P1 OPEN IF NODE T", "LINK P-1/ä OPEN IF NODE T#,1"),
                ("LINK P1 CLOSED IF NODE T ", "LINK P-1/ä CLOSED IF NODE T#,1 "), (" T   50", " T#,1   50"),
                ("J  T ", "J  T#,1 ")),
    "duration 0": ((" Duration 4:00", " Duration 0"),),
    "clocks": ((" Duration 4:00", " Duration 4:00\n Start ClockTime 6 am\n Pattern Start 3:00\n Report Start 1:00"),
               (" LINK P1 OPEN IF NODE T BELOW 1.5", " LINK P1 OPEN AT CLOCKTIME 8 AM"),
               (" LINK P1 CLOSED IF NODE T ABOVE 3.5", " LINK P1 CLOSED AT TIME 1")),
    "own report step": ((" Duration 4:00", " Duration 4:00\n Report Timestep 0:07"),),
    "quality": ((" Units", " Quality Chlorine mg/L\n Units"),
                ("[CONTROLS]", "[QUALITY]\n R  0.5\n[REACTIONS]\n Global Bulk -0.5\n[MIXING]\n T  2COMP  0.5\n[CONTROLS]")),
    "pump that turns against the flow": ((PUMP, " P2  S  R  HEAD lift"),),
    "no closing line": (("[END]\n", ""),),
    "sections in small letters": (("[JUNCTIONS]", "[junctions]"), ("[PUMPS]", "[pumps]"), ("[TANKS]", "[Tanks]"),
                                  ("[END]", "[end]")),
    "two tanks": ((TANK, f"{TANK}\n U  48  1.0  0.2  3.0  8  0"), (FAR, f"{FAR}\n up  F  U  300  100  120  0  Open")),
    "negative demand": ((" F   12  5   day", " F   12  -5   day"),),
    "no demand in the first category": (("[CONTROLS]", "[DEMANDS]\n F  0  day\n F  5  day\n[CONTROLS]"),),
}  # fmt: skip
"""What the file holds -> how its text differs from the plain one."""
FLOW_UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS")
IN_FEET = FLOW_UNITS[:5]


def network(*edits: tuple[str, str]) -> str:
    """The plain network with parts of its text replaced."""
    return edited(TEXT, *edits)


def edited(text: str, *edits: tuple[str, str]) -> str:
    """`text` with each old part, at its first place, replaced by the new one."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def in_units(unit: str) -> str:
    """The plain network in another flow unit, and feet and inches where they go with it."""
    length, bore = (0.3048, 25.4) if unit in IN_FEET else (1.0, 1.0)
    flow = FLOW_M3H[getattr(toolkit, unit)]
    kinds = {"JUNC": [length, flow], "RESE": [length], "TANK": [length] * 6, "PIPE": [0, 0, length, bore], "CURV": [flow, length]}
    lines, section = [], ""
    levels = (("CMH", unit), ("BELOW 1.5", f"BELOW {1.5 / length}"), ("ABOVE 3.5", f"ABOVE {3.5 / length}"))
    for line in edited(TEXT, *levels).splitlines():
        words = line.split()
        section = line[1:5] if line.startswith("[") else section
        for k, factor in enumerate(kinds.get(section, []), start=1):
            if factor and len(words) > k and not line.startswith("["):
                words[k] = f"{float(words[k]) / factor:.10g}"
        lines.append(" ".join(words))
    return "\n".join(lines)
