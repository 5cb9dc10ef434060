"""A network that differs from the model as a real plant does: worn pumps, other roughness, other efficiency."""

from wss.demo import chance
from wss.demo.settings import Disturbance


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
    lines = _by_section(network)
    curves = [curve for section, words, _ in lines if section == "PUMPS" for curve in _head_curves(words)]
    head = {curve: rng.uniform(*disturbance.pump_head) for curve in dict.fromkeys(curves)}
    roughness, efficiency = rng.uniform(*disturbance.roughness), rng.uniform(*disturbance.efficiency)

    def changed(section: str, words: list[str], line: str) -> str:
        if section == "CURVES" and words and words[0] in head:
            return _scaled(words, 2, head[words[0]])
        if section == "PIPES" and words:
            return _scaled(words, 5, roughness * (1 + disturbance.roughness_spread * rng.standard_normal()))
        if section == "ENERGY" and [w.upper() for w in words[:2]] == ["GLOBAL", "EFFICIENCY"]:
            return _scaled(words, 2, efficiency)
        return line

    return "\n".join(changed(*line) for line in lines) + "\n"


def _by_section(network: str) -> list[tuple[str, list[str], str]]:
    """Section, words without comment, and text of each line."""
    section, out = "", []
    for line in network.splitlines():
        if line.startswith("["):
            section = line.strip().strip("[]").upper()
        out.append((section, [] if line.startswith("[") else line.split(";")[0].split(), line))
    return out


def _head_curves(words: list[str]) -> list[str]:
    """Id of the head curve in a line of [PUMPS]."""
    return [words[k + 1] for k, word in enumerate(words) if word.upper() == "HEAD"]


def _scaled(words: list[str], column: int, factor: float) -> str:
    return " ".join([*words[:column], f"{float(words[column]) * factor:.4g}", *words[column + 1 :]])
