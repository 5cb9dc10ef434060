"""A network that differs from the model as a real plant does: worn pumps, other roughness, other efficiency."""

from wss.demo import chance
from wss.demo.settings import Disturbance
from wss.network_file import lines, rows, word


def disturbed(network: str, disturbance: Disturbance, seed: int) -> str:
    """EPANET text of the plant behind the model `network`: pump curves lower, roughness and efficiency off.

    Parameters
    ----------
    network
        EPANET input text whose pumps have head curves.
    disturbance
        Ranges that the seed draws from. [1]

    Returns
    -------
    str
        The text with the heads of pump curves, the roughness of pipes and the global efficiency changed.
    """
    rng = chance.generator(seed, chance.NETWORK)
    curves = [curve for line in rows(network).get("PUMP", ()) for curve in _head_curves(line.words)]
    head = {curve: rng.uniform(*disturbance.pump_head) for curve in dict.fromkeys(curves)}
    roughness, efficiency = rng.uniform(*disturbance.roughness), rng.uniform(*disturbance.efficiency)

    def changed(section: str, words: list[str]) -> str | None:
        if section == "CURV" and words[0] in head:
            return _scaled(words, 2, head[words[0]])
        if section == "PIPE":
            return _scaled(words, 5, roughness * (1 + disturbance.roughness_spread * rng.standard_normal()))
        if section == "ENER" and [w.upper() for w in words[:2]] == ["GLOBAL", "EFFICIENCY"]:
            return _scaled(words, 2, efficiency)
        return None

    texts = ((changed(line.section, line.words) if line.words else None) or line.text for line in lines(network))
    return "\n".join(texts) + "\n"


def _head_curves(words: list[str]) -> list[str]:
    """Id of the head curve in a line of [PUMPS]."""
    return [words[k + 1] for k, word in enumerate(words) if word.upper() == "HEAD"]


def _scaled(words: list[str], column: int, factor: float) -> str:
    return " ".join([*map(word, words[:column]), f"{float(words[column]) * factor:.4g}", *map(word, words[column + 1 :])])
