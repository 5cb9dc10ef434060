"""YAML as plain data that keeps its lines: no aliases, no tags, no guessing of types."""

import re
from dataclasses import dataclass, field

import yaml

from wss.errors import ConfigError

LARGEST_BYTES = 5_000_000
DEEPEST = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_EMPTY = {"", "~", "null", "Null", "NULL"}
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file: its data, the line on which each key path starts, and what is wrong with its YAML."""

    file: str
    data: object
    lines: dict[Path, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def at(self, *path: str | int) -> str:
        """Place of a key path as `file:line key.path`; where the path is absent, the line of what should hold it."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 1)
        return f"{self.file}:{line} {dotted(path)}".rstrip()

    def fault(self, what: str, *path: str | int) -> str:
        """Fault at a key path, as it stands in the list of faults."""
        return f"{self.at(*path)}: {what}"


def dotted(path: Path) -> str:
    """Key path as text: `system.tanks[0].title`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read_yaml(file: str, text: str) -> Document:
    """Read YAML without ever raising: what is wrong stands in the document's `faults`.

    A scalar stays the text that was written, so that the ids `010` and `1.10`, the time `07:00` and the country `NO` survive;
    the model decides its type. Only an unquoted whole number becomes an int, and nothing, `~` or `null` becomes None.
    """
    if len(text.encode()) > LARGEST_BYTES:
        return _broken(file, 1, f"larger than {LARGEST_BYTES // 1_000_000} MB; configuration is a few kB: take the data out")
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        return _broken(file, line + 1, f"not YAML: {error.problem}; {_mend((text.splitlines() or [''])[: line + 1][-1])}")
    except yaml.YAMLError as error:
        return _broken(file, 1, f"not YAML: {' '.join(str(error).split())}; save the file as UTF-8 text")
    except ConfigError as error:
        return Document(file, None, {(): 1}, (str(error),))
    return Document(file, builder.data, builder.lines, tuple(builder.faults))


def _broken(file: str, line: int, fault: str) -> Document:
    return Document(file, None, {(): 1}, (f"{file}:{line}: {fault}",))


def _mend(line: str) -> str:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, never with tabs"
    return "look at the indentation, colons and quotes of this line and of the one before"


class _Builder:
    """Puts parser events together into dicts, lists and scalars."""

    def __init__(self, file: str):
        self.file, self.data = file, None
        self.lines: dict[Path, int] = {(): 1}
        self.faults: list[str] = []
        self._open: list[dict | list] = []  # containers not yet closed, outermost first
        self._path: list[str | int] = []  # where each of them, but the outermost, stands
        self._key: str | None = None  # key of the innermost mapping that waits for its value
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event; ConfigError where reading on would be unsafe or senseless."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{self.file}:{line}: aliases (*{event.anchor}) are not allowed; write the value out")
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ConfigError(f"{self.file}:{line}: a second document starts here; keep one document a file, without ---")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._tag(event, line)
            self._start({} if isinstance(event, yaml.MappingStartEvent) else [], line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            if self._path:
                self._path.pop()

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._tag(event, line)
        if self._open and isinstance(self._open[-1], dict) and self._key is None:
            self._key = event.value
            path = (*self._path, self._key)
            if self._key in self._open[-1]:
                first = self.lines[path]
                self.faults.append(f"{self.file}:{line} {dotted(path)}: the key stands twice, first on line {first}; keep one")
            self.lines.setdefault(path, line)
        else:
            self._place(_value(event), line)

    def _start(self, container: dict | list, line: int) -> None:
        if len(self._open) == DEEPEST:
            raise ConfigError(f"{self.file}:{line}: nested deeper than {DEEPEST} levels; look at the brackets")
        if self._open and isinstance(self._open[-1], dict) and self._key is None:
            raise ConfigError(f"{self.file}:{line}: a list or mapping stands where a key should; write `key: value`")
        if self._open:
            self._path.append(self._place(container, line))
        else:
            self.data = container
        self._open.append(container)

    def _place(self, value: object, line: int) -> str | int | None:
        """Put a value into the innermost container; its key or index there."""
        if not self._open:
            self.data = value
            return None
        inner = self._open[-1]
        if isinstance(inner, dict):
            spot, self._key = self._key, None
            inner[spot] = value
        else:
            spot = len(inner)
            inner.append(value)
            self.lines[(*self._path, spot)] = line
        return spot

    def _tag(self, event: yaml.NodeEvent, line: int) -> None:
        if event.tag not in (None, "!"):
            self.faults.append(f"{self.file}:{line}: the tag {event.tag} is not allowed; write the plain value")


def _value(event: yaml.ScalarEvent) -> str | int | None:
    plain = event.implicit[0]
    if plain and event.value in _EMPTY:
        return None
    return int(event.value) if plain and _WHOLE.fullmatch(event.value) else event.value
