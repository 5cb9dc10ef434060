"""Words that exports use, in several languages: the tables by which a profile is guessed. In small letters, parted by ` | `."""

import re

_MISSING = """
nan | na | n/a | n.a. | #n/a | #value! | #num! | #null! | #div/0! | null | none | nil | missing | no_data | nodata |
no-data | bad_input | badinput | bad input | no data | no value | novalue | i/o timeout | io timeout | timeout |
pt created | pt_created | configure | shutdown | scan off | scan_off | not connect | not connected | comm fail | comm_fail |
commfail | comm error | offline | error | err | over range | under range | overflow | underflow | invalid | void |
sin datos | sem dados | s/d | falta | fehlt | ohne wert | kein wert | arc off-line | calc failed | intf shut | equip fail |
out of serv | dp_bad | stale | none available | not available | unavailable | bad | #error
"""
_ON = """
on | run | running | open | opened | true | yes | start | started | active | auto | ein | marche | marcha | ligado |
ligada | aberta | aceso | marcia
"""
_OFF = """
off | stop | stopped | closed | close | false | no | inactive | aus | arret | arrêt | paro | parada | desligado |
desligada | fechada | spento | fermo
"""
_GOOD = """
good | ok | g | valid | normal | bon | bom | boa | buena | bueno | gut | buono | válido | valido | raw |
good, non-specific | good (non-specific) | 192 | 192;non-specific | ok_ | v
"""
_UNCERTAIN = """
uncertain | questionable | u | suspect | doubtful | incerto | unsicher | dudoso | estimated | interpolated | substituted |
manual | 64
"""
_BAD = """
bad | b | invalid | error | fail | failed | comm fail | not good | mau | má | malo | mala | schlecht | inválido | invalido |
stale | old | bad input | no data
"""


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in " ".join(words.split()).split("|"))


MISSING = frozenset(_listed(_MISSING))
"""Words for no reading."""
STATES = dict.fromkeys(_listed(_ON), 1) | dict.fromkeys(_listed(_OFF), 0)
"""Words for states, each with its number."""
QUALITY = {"good": _listed(_GOOD), "uncertain": _listed(_UNCERTAIN), "bad": _listed(_BAD)}
"""Words and codes of quality columns by what they mean."""

TAG_HEADS = re.compile(
    r"tag\w*|tag ?name|point\w*|point ?(id|name)|name|variable|var|signal\w*|señal|senal|sinal|sensor\w*|id|item\w*|item ?id"
    r"|punto|ponto|ident\w*|object|channel|canal|code|código|codigo|kks|address|source|(long|full)?name|messstelle|varname|nodeid|tagid"
    r"|device|node|link",
    re.IGNORECASE,
)
VALUE_HEADS = re.compile(
    r"val|value\w*|valor\w*|valeur|wert\w*|valore|reading\w*|data|pv|measure\w*|lectura|leitura|medida|varvalue|raw ?value"
    r"|numericvalue|vvalue|messwert",
    re.IGNORECASE,
)
UNIT_HEADS = re.compile(r"unit\w*|eu|engunits?|units?|unidad\w*|unidade\w*|einheit|uom|unité", re.IGNORECASE)
RECORD_HEADS = re.compile(r"rec\w*|record\w*|no\.?|nr\.?|n|#|index|idx|row|seq\w*|line|id", re.IGNORECASE)
QUALITY_HEADS = re.compile(
    r"q|ql|qual\w*|quality\w*|status|stat|state|estado|calidad|qualidade|qualité|qualität|qualita|valid\w*"
    r"|conf\w*|flag|opc_?quality|svstatus|quality ?detail",
    re.IGNORECASE,
)
"""Names of columns that hold tags, readings, units, numbers of rows, qualities."""
