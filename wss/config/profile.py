"""Import profiles: how to read one kind of export file."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from wss import units
from wss.config.base import Frozen, Name

DELIMITERS = {"tab": "\t", "spaces": " "}
"""Words for delimiters that one does not see."""
TIME_WORDS = ("ISO8601", "epoch_s", "epoch_ms", "excel")
"""Time formats that are no strptime format."""
FIXED_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
"""Time zone that is a fixed offset, at most 14 hours from UTC."""
CODES = re.compile(r"(\d{1,9})-(\d{1,9})")
"""Quality codes from one to another, both included."""
EXAMPLE = datetime(2001, 2, 3, 14, 5, 6, tzinfo=UTC)
HEADER_ROW = Literal["names", "units", "descriptions", "other"]
Word = Annotated[str, StringConstraints(max_length=100)]
Start = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ImportProfile(Frozen):
    """How to read one kind of export file. Blank lines, and lines that repeat the header, never hold readings."""

    name: Name
    """Name of the profile."""
    files: str = Field(min_length=1)
    """Which file names it is for, as a glob: `*.csv`, `hist_*.csv`; it is for the same names with `.gz` at the end too."""
    layout: Literal["long", "wide", "one_file_a_tag"]
    """long: one row a reading, with a tag column (or a section line for each tag); wide: one column a tag; one_file_a_tag: the
    tag is in the file's name."""
    tag_pattern: str | None = None
    """one_file_a_tag: regular expression with a group `tag`, matched against the whole file name (without `.gz`)."""

    encoding: Literal["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"] = "utf-8-sig"
    """Encoding of the file; utf-8-sig reads UTF-8 with or without a byte order mark, utf-16 needs one unless it is
    little-endian."""
    delimiter: str = Field(default=",", min_length=1, max_length=6)
    """Character between columns, or `tab`, or `spaces` where one or more blanks part the columns."""
    quote: Literal['"', "'", "none"] = '"'
    """Character around cells that hold a delimiter; none: it is an ordinary character."""
    decimal: Literal[".", ","] = "."
    """Decimal mark."""
    thousands: Literal[" ", ".", ",", "'"] | None = None
    """Mark between groups of three digits; `" "` stands for every kind of blank, no-break and narrow ones too."""

    skip_lines: int = Field(default=0, ge=0, le=1000)
    """Lines at the start of the file that are not read. The header need not follow at once: it is the first line that has the
    columns that this profile names."""
    header: tuple[HEADER_ROW, ...] = Field(default=("names",), min_length=1, max_length=3)
    """What each row of the header holds, in their order; one holds the names of the columns. A reading in another unit than
    its sensor's is quarantined."""
    columns: tuple[str, ...] = ()
    """Names of the columns, for a file without a header."""
    comments: tuple[Start, ...] = ()
    """Beginnings of lines that hold no readings: comments such as `#`, footers such as `Total`."""
    section_pattern: str | None = None
    """Regular expression with a group `tag`, matched against a whole line: such a line starts a section, as
    `\\[(?P<tag>.+)\\]` does. long without tag_column: the rows of the section have that tag."""
    skip_sections: tuple[str, ...] = ()
    """Sections whose lines are not read, as globs."""

    time_column: str = "time"
    """Header of the column with the time."""
    date_column: str | None = None
    """Header of the column with the date, where date and time have two; time_format is then that of both with a blank between."""
    time_format: str = "%Y-%m-%dT%H:%M:%S"
    """strptime format of the times, or `ISO8601`, `epoch_s`, `epoch_ms` (since 1970 in UTC), or `excel` (serial days)."""
    other_time_formats: tuple[str, ...] = ()
    """Formats that are tried, in this order, for times that do not have time_format."""
    time_zone: str = "UTC"
    """Zone of the times without offset: an IANA name, or a fixed offset such as `+01:00` for SCADA without summer time."""

    tag_column: str | None = None
    """long: header of the column with the tag."""
    value_column: str = "value"
    """long, one_file_a_tag: header of the column with the reading."""
    other_columns: tuple[str, ...] = ()
    """wide: columns that hold no readings, as globs: `Record`, `Comment*`."""
    missing: tuple[Word, ...] = ("", "NaN", "Bad Input", "NO DATA", "null")
    """Words that mean that there is no reading, in any case."""
    states: dict[Word, float] = Field(default_factory=dict)
    """Words that stand for a number, in any case: `{RUN: 1, STOP: 0}`."""

    quality_column: str | None = None
    """long, one_file_a_tag: header of the column with the quality; absent: every reading is good."""
    quality_suffix: str | None = Field(default=None, min_length=1)
    """wide: what the quality column of a tag has after the tag: `.Q` where `FT1.Q` is the quality of `FT1`."""
    good_quality: tuple[Word, ...] = ("Good", "OK", "192-219")
    """Words (in any case), codes or spans of codes that mean a good reading. A word or code goes before a span."""
    uncertain_quality: tuple[Word, ...] = ("Uncertain", "64-191")
    """The same for a reading that the export calls uncertain: it gets the flag `uncertain`."""
    bad_quality: tuple[Word, ...] = ("Bad", "0-63")
    """The same for a bad one; it gets the flag `scada_bad`, and so does every word that stands nowhere here."""

    unit_column: str | None = None
    """long, one_file_a_tag: header of the column with the unit, which is checked as that of a header row is."""
    unit_words: dict[Word, str] = Field(default_factory=dict)
    """What the export's words for units mean: `{mca: mH2O}`; only for words that wss does not know."""
    duplicates: Literal["last", "first", "quarantine"] = "last"
    """Which row counts where a file has a tag and time twice: the last, the first, or, if their values differ, none: all are
    quarantined. The others count as duplicates, or as corrected where their values differ."""

    @property
    def delimiter_character(self) -> str:
        """The delimiter itself."""
        return DELIMITERS.get(self.delimiter, self.delimiter)

    @property
    def time_formats(self) -> tuple[str, ...]:
        """Every format of the times, in the order in which they are tried."""
        return (self.time_format, *self.other_time_formats)

    @model_validator(mode="after")
    def _consistent(self):
        faults = [*_layout_faults(self), *_text_faults(self), *_time_faults(self), *_word_faults(self)]
        if faults:
            raise ValueError("; and ".join(faults))
        return self


def _layout_faults(profile: ImportProfile) -> Iterator[str]:
    """Keys that the layout needs or cannot have."""
    layout = profile.layout
    tagged = "(?P<tag>" in (profile.section_pattern or "")
    if layout == "long" and not profile.tag_column and not tagged:
        yield (
            "layout long needs tag_column, the header of the column with the tag (or section_pattern, where a line before "
            "the rows names it)"
        )
    if layout == "one_file_a_tag" and "(?P<tag>" not in (profile.tag_pattern or ""):
        yield "layout one_file_a_tag needs tag_pattern with a group (?P<tag>...), such as (?P<tag>.+)_\\d+\\.csv"
    if profile.section_pattern and not tagged:
        yield "section_pattern needs a group (?P<tag>...), such as \\[(?P<tag>.+)\\]"
    if profile.skip_sections and not profile.section_pattern:
        yield "skip_sections needs section_pattern, which says what a section line looks like"
    for_wide = {"quality_suffix": profile.quality_suffix, "other_columns": profile.other_columns}
    for_others = {"tag_column": profile.tag_column, "quality_column": profile.quality_column, "unit_column": profile.unit_column}
    for key, value in (for_others if layout == "wide" else for_wide).items():
        if value:
            yield f"{key} means nothing in layout {layout}; take it out"
    if profile.header.count("names") != 1:
        yield "one row of the header must hold the names; write header: [names], or [names, units]"
    if len(set(profile.columns)) < len(profile.columns):
        yield "columns has a name twice; give each column its own"
    named = [
        profile.time_column,
        profile.date_column,
        profile.tag_column,
        profile.quality_column,
        profile.unit_column,
        None if layout == "wide" else profile.value_column,
    ]
    lacking = [name for name in named if name is not None and name not in profile.columns]
    if profile.columns and lacking:
        yield f"columns lacks {', '.join(lacking)}; list every column of the file in its order"


def _text_faults(profile: ImportProfile) -> Iterator[str]:
    """Delimiter, quote, decimal and thousands against each other."""
    delimiter, word = profile.delimiter_character, profile.delimiter
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in "\n\r\"'\0.+-":
        yield f"{word!r} is no delimiter; write one character such as ; or the words tab or spaces"
    if word == " ":
        yield "a blank is written as the word spaces; write delimiter: spaces"
    if delimiter == profile.decimal:
        yield f"delimiter and decimal are both {profile.decimal!r}; correct one of them"
    if profile.thousands == profile.decimal:
        yield f"thousands and decimal are both {profile.decimal!r}; correct one of them"
    if profile.thousands == delimiter and (profile.quote == "none" or word == "spaces"):
        yield f"thousands and delimiter are both {delimiter!r}; correct one of them"


def _time_faults(profile: ImportProfile) -> Iterator[str]:
    """Formats without a date, unknown ones, and two that read one time differently."""
    formats = [form for form in profile.time_formats if form not in TIME_WORDS]
    right = []
    for form in formats:
        try:
            again = datetime.strptime(EXAMPLE.strftime(form), form)
        except ValueError:
            yield f"{form!r} is no strptime format; write one such as %d/%m/%Y %H:%M:%S, or one of {', '.join(TIME_WORDS)}"
            continue
        if again.date() != EXAMPLE.date():
            yield f"the time format {form!r} has no whole date; write one such as %d/%m/%Y %H:%M:%S"
        right.append(form)
    for n, form in enumerate(right):
        for other in right[n + 1 :]:
            if _parsed(EXAMPLE.strftime(other), form) not in (None, _parsed(EXAMPLE.strftime(other), other)):
                yield f"{form!r} reads times of the format {other!r} too, but differently; keep one of them"
    if sum(form.startswith("epoch") or form == "excel" for form in profile.time_formats) > 1:
        yield "a number can be only one of epoch_s, epoch_ms and excel; keep one of them"
    if re.fullmatch(r"[+-]\d\d:?\d\d", profile.time_zone) and not FIXED_OFFSET.fullmatch(profile.time_zone):
        yield f"there is no time zone {profile.time_zone!r}; offsets are written +01:00 and go to 14 hours"


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _word_faults(profile: ImportProfile) -> Iterator[str]:
    """Words that mean two things, spans of codes that overlap, unit words that mean nothing."""
    lists = {
        "good_quality": profile.good_quality,
        "uncertain_quality": profile.uncertain_quality,
        "bad_quality": profile.bad_quality,
    }
    seen: dict[str, str] = {}
    spans: list[tuple[int, int, str]] = []
    for key, words in lists.items():
        for word in words:
            if seen.setdefault(word.casefold(), key) != key:
                yield f"{word} stands in {seen[word.casefold()]} and in {key}; keep it in one of them"
            elif span := CODES.fullmatch(word):
                spans.append((int(span[1]), int(span[2]), key))
    spans.sort()
    for (_, end, key), (start, _, other) in zip(spans, spans[1:], strict=False):
        if start <= end and key != other:
            yield f"a span of {key} and one of {other} overlap at code {start}; correct them"
    absent = {word.casefold() for word in profile.missing}
    for word in profile.states:
        if word.casefold() in absent:
            yield f"{word!r} stands in missing and in states; keep it in one of them"
    for word, meaning in profile.unit_words.items():
        if not units.known(meaning):
            yield f"unit_words says that {word} means {meaning!r}, which is no unit; write one such as m3/h, L/s, mH2O, bar, kW"
