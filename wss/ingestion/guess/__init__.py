"""An import profile proposed from a sample of a file."""

from wss.ingestion.guess.proposal import Guess, guess

__all__ = ["Guess", "guess"]
