"""Every exception that wss raises on purpose, and the one way to report many faults at once."""


class WssError(Exception):
    """Base of every error that wss raises on purpose."""

    faults: tuple[str, ...] = ()
    """What is wrong, one by one, where several faults are told at once."""


class DataError(WssError):
    """Data does not have the promised shape, unit or range."""


class ConfigError(WssError):
    """A tenant's files contradict themselves, the schema or the network."""


class NetworkError(WssError):
    """A hydraulic network cannot be read, or has an element that wss does not support."""


class HydraulicError(WssError):
    """EPANET could not compute a hydraulic state."""


class UnsolvedError(HydraulicError):
    """EPANET gives up on a state."""


class SolverError(WssError):
    """The solver is missing, stopped early or returned nothing usable."""


class StoreError(WssError):
    """The store is missing, damaged, locked or of another schema version."""


class NotFoundError(WssError):
    """A tenant, run, document or sensor that was asked for does not exist."""


class LeaseError(WssError):
    """Another process is at a run of the same kind for the same tenant."""


class NotebookError(WssError):
    """A notebook was given wrong parameters, or one of its cells failed."""


class KernelError(WssError):
    """The parent of warm kernels cannot be started, or refuses a launch."""


def raise_all(faults: list[str], during: str, kind: type[WssError] = DataError) -> None:
    """Raise one `kind` that lists every fault, so that a user mends a file in one pass; do nothing if there is none."""
    if faults:
        many = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        error = kind(f"{many} during {during}:\n" + "\n".join(f" * {f}" for f in faults))
        error.faults = tuple(faults)
        raise error
