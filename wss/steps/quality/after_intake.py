"""A look for doubtful readings after an intake, whose own trouble is none of the intake's."""

import logging

import pandas as pd

from wss.config import Configuration
from wss.errors import WssError
from wss.store import Store

log = logging.getLogger(__name__)


def examine_anew(
    configuration: Configuration, store: Store, every: pd.Timedelta = pd.Timedelta(0), most_days: int | None = None
) -> None:
    """Look for doubtful readings in what came since the last time; a cycle does so before it forecasts.

    Trouble with it is no trouble of the intake: the next cycle makes up for it.

    Parameters
    ----------
    every
        Leave it to a later call if the last file that was looked at was delivered less than this before the newest.
    most_days
        As of `examine.examine`.
    """
    from wss.steps.quality import examine

    try:
        last, newest = store.quality.last_examined(), store.last_delivery()
        if last is not None and newest is not None and pd.Timedelta(0) <= newest - last < every:
            return
        examine.examine(configuration, store, most_days=most_days)
    except WssError:
        log.exception("quality of %s", configuration.name)
