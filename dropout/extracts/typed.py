"""Text cells → typed values; a cell that does not fit makes its row a reject.

First every cell is read the plain way, a whole file in one scan. Only rows in which that failed are read again
with patience: what `normal.py` says of unseen marks, blanks and digits, codes in another case or without their accents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from dropout.contracts.contract import Type
from dropout.contracts.ddl import literal, quoted
from dropout.extracts.normal import normal_sql
from dropout.extracts.source import folded

ASIDE = 255  # in place of the place of a bad column: the row is set aside
CODES_AT_MOST = 1000  # more spellings than this are no code list; the rest count as unmapped
AMBIGUOUS = "a date that two formats read differently"
UNMAPPED = "a code the source does not map"
_FROM, _TO = "٫\u00a0", "."  # the Arabic decimal sign; a blank that parts thousands
_YEARS = r"^(\d{4})\s*[-/–]\s*(?:\d{2})?(\d{2})$"  # 2024/2025, 2024-25: both are 2024-2025


@dataclass(frozen=True)
class Column:
    """One column of ours: `cell` is SQL for its text in the relation, `default` the value of an empty cell."""

    name: str
    type: Type
    cell: str
    codes: Mapping[str, str] | None = None
    date_formats: Sequence[str] = ("%Y-%m-%d",)
    decimal_comma: bool = False
    default: str = ""
    is_trimmed: bool = True
    is_name: bool = False  # text that names a thing, as a key does: compared letter by letter, and made `normal`
    words: Sequence[str] = ()  # where given, its codes become one of these, stored as an ENUM: a word as a small number

    @property
    def stored(self) -> str:
        """SQL type of its values."""
        return f"enum({', '.join(map(literal, self.words))})" if self.words else self.type

    @property
    def is_judged(self) -> bool:
        """Whether there is text that does not fit it."""
        return self.type != "VARCHAR" or self.codes is not None


def type_cells(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], flags: Mapping[str, str]) -> int:
    """Fills temp table `typed` from `relation`: one typed column per entry of `columns`, in the order of the relation.

    `flags` are boolean columns by name, as SQL over the relation (`is_aside`, `is_deleted`); a row that is set
    aside is not judged. Empty text is NULL. Dates lie in 1900–2100, and two formats may not read one
    differently; a fraction is no INTEGER. Column `bad` is the place of the first column that did not fit.

    Fills temp table `failure` (row_no: rowid in `typed`, column_name, reason) and returns its number of rows.
    """
    return make_typed(con, "typed", "from ({})", relation, columns, flags)


def make_typed(
    con: duckdb.DuckDBPyConnection, target: str, shape: str, relation: str, columns: Sequence[Column], flags: Mapping[str, str]
) -> int:
    """`type_cells` into table `target`, temporary if it names no schema; `shape` is a query around the rows, in place of {}.

    `shape` must keep the order of the rows.
    """
    kind = "table" if "." in target else "temp table"
    con.execute(f"create or replace {kind} {target} as {shape.format(_statement(relation, columns, flags))}")
    con.execute("create or replace temp table failure (row_no bigint, column_name varchar, reason varchar)")
    if _one(con, f"select count(*) from {target} where bad < {ASIDE}"):
        _read_again(con, target, relation, columns, flags)
    return _one(con, "select count(*) from failure")


def _statement(relation: str, columns: Sequence[Column], flags: Mapping[str, str], *, has_text: bool = False) -> str:
    """Every cell the plain way, and `bad`; the text of judged cells too, when asked for."""
    given = ", ".join(f"{c.cell} as {_text(c)}" for c in columns)
    flagged = "".join(f", {expression} as {name}" for name, expression in flags.items())
    values = ", ".join(f"{_plain(c)} as {quoted(c.name)}" for c in columns)
    kept = "".join(f", {name}" for name in flags) + "".join(f", {_text(c)}" for c in columns if has_text and c.is_judged)
    names = ", ".join(quoted(c.name) for c in columns)
    return (
        f"with sheet as ({relation}), given as (select {given}{flagged} from sheet), read as (select *, {values} from given) "
        f"select {names}{kept}, ({_verdict(columns, flags)})::utinyint as bad from read"
    )


def _text(column: Column) -> str:
    return quoted(column.name + "!")


def _verdict(columns: Sequence[Column], flags: Mapping[str, str]) -> str:
    """Place of the first judged column whose text did not become a value; NULL where all did, or the row is set aside."""
    aside = "when is_aside then null " if "is_aside" in flags else ""
    whens = [
        f"when {quoted(c.name)} is null and {_text(c)} is not null then {place}" for place, c in enumerate(columns) if c.is_judged
    ]
    return f"case {aside}{' '.join(whens)} end" if whens else "null"


def _plain(column: Column) -> str:
    cell = _text(column)
    if column.codes is not None:
        return _filled(_code(cell, column), column)
    if column.type == "VARCHAR":
        is_year = column.name == "school_year"
        bare = normal_sql(cell) if column.is_name or is_year else f"trim({cell})"
        text = f"nullif({bare}, '')" if column.is_trimmed else cell
        if is_year:
            text = rf"regexp_replace({text}, '{_YEARS}', '\1-' || left({text}, 2) || '\2')"
        return _filled(text, column)
    return _filled(_value(cell, column), column)


def _filled(value: str, column: Column) -> str:
    if not column.default:
        return value
    cell = _text(column)
    return f"if(coalesce({normal_sql(cell)}, '') = '', {literal(column.default)}::{column.stored}, {value})"


def _code(cell: str, column: Column) -> str:
    """Codes as they are usually written; other spellings are compared by Python, each once."""
    assert column.codes is not None
    spellings: dict[str, str] = {}
    for spell in (str, str.lower, str.upper, str.capitalize):  # as the source writes them first: most rows end there
        for written, ours in column.codes.items():
            spellings.setdefault(spell(written), ours)
    if not spellings:
        return f"null::{column.stored}"
    word = f"::{column.stored}" if column.words else ""  # each word by itself: a cast of the whole column costs a second
    whens = " ".join(f"when {literal(spelling)} then {literal(ours)}{word}" for spelling, ours in spellings.items())
    return f"case {cell} {whens} end" if word else f"try_cast(case {cell} {whens} end as {column.type})"


def _value(cell: str, column: Column) -> str:
    """A date, number or truth value; NULL where the text is none."""
    if column.type == "DATE":
        every = _dates(cell, column)
        return every[0] if len(every) == 1 else f"case when {_least(every)} = {_greatest(every)} then {_least(every)} end"
    if column.type == "BOOLEAN":
        return f"try_cast({cell} as boolean)"
    number = f"replace({cell}, '_', '?')"  # 1_000 is a number to a program, and a slip of the key here
    number = f"replace({number}, ',', '.')" if column.decimal_comma else number
    if column.type == "DOUBLE":
        return f"case when isfinite(try_cast({number} as double)) then try_cast({number} as double) end"
    # the cast alone would round 7.5 to 8 in silence
    return f"case when try_cast({number} as double) = try_cast({number} as bigint) then try_cast({number} as {column.type}) end"


def _dates(cell: str, column: Column) -> list[str]:
    """What each format reads, NULL where it reads nothing of our time."""
    read = [f"try_strptime({cell}, {literal(f)})::date" for f in column.date_formats]
    return [f"case when {date} between date '1900-01-01' and date '2100-12-31' then {date} end" for date in read]


def _least(dates: Sequence[str]) -> str:
    return f"least({', '.join(dates)})"


def _greatest(dates: Sequence[str]) -> str:
    return f"greatest({', '.join(dates)})"


def _patient(column: Column) -> str:
    cell = _text(column)
    if column.codes is None:
        return _value(_latin(cell), column)
    ours = f"select any_value(s.ours) from spelling as s where s.column_name = {literal(column.name)} and s.written = {cell}"
    return f"try_cast(({ours}) as {column.stored})"


def _latin(cell: str) -> str:
    """A number's or date's text; blanks within it may have stood at an edge of it before."""
    return f"trim(translate({normal_sql(cell)}, {literal(_FROM)}, {literal(_TO)}))"


def _read_again(
    con: duckdb.DuckDBPyConnection, target: str, relation: str, columns: Sequence[Column], flags: Mapping[str, str]
) -> None:
    """Reads the rows with a bad cell once more, with patience; corrects them in `target`, or says why in `failure`."""
    statement = _statement(relation, columns, flags, has_text=True)
    # in the order of the file both times: the nth bad row here is the nth bad row of `target`
    con.execute(f"create or replace temp table again as select * from ({statement}) where bad is not null")
    _spell(con, columns)
    judged = [c for c in columns if c.is_judged]
    mended = ", ".join(f"coalesce({quoted(c.name)}, {_patient(c)}) as {quoted(c.name)}, {_text(c)}" for c in judged)
    blank = ", ".join(f"nullif({_latin(_text(c))}, '') as {_text(c)}" for c in judged)
    con.execute(
        "create or replace temp table mended as with place as ("
        f"select rowid as row_no, row_number() over (order by rowid) - 1 as n from {target} where bad < {ASIDE}), "
        f"value as (select p.row_no, {mended} from again as a inner join place as p on a.rowid = p.n), "
        f"given as (select * replace ({blank}) from value) "
        f"select *, ({_verdict(columns, {})})::utinyint as bad from given"
    )
    values = ", ".join(f"{quoted(c.name)} = m.{quoted(c.name)}" for c in judged)
    con.execute(f"update {target} as t set {values}, bad = m.bad from mended as m where t.rowid = m.row_no")
    why = " ".join(f"when {place} then {_reason(c)}" for place, c in enumerate(columns) if c.is_judged)
    names = " ".join(f"when {place} then {literal(c.name)}" for place, c in enumerate(columns) if c.is_judged)
    con.execute(f"insert into failure select row_no, case bad {names} end, case bad {why} end from mended where bad is not null")


def _spell(con: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """Temp table `spelling`: our word for every other spelling of a code that was found."""
    con.execute("create or replace temp table spelling (column_name varchar, written varchar, ours varchar)")
    for column in columns:
        if column.codes is None:
            continue
        ours = {folded(written): word for written, word in column.codes.items()}
        found = con.execute(f"select distinct {_text(column)} from again where {_text(column)} is not null").fetchmany(
            CODES_AT_MOST
        )
        rows = [(column.name, written, ours[folded(written)]) for (written,) in found if folded(written) in ours]
        if rows:
            con.executemany("insert into spelling values (?, ?, ?)", rows)


def _reason(column: Column) -> str:
    """SQL for why a cell of `column` is no value."""
    if column.codes is not None:
        return literal(UNMAPPED)
    if column.type == "DATE":
        if len(column.date_formats) == 1:
            return literal("not a date")
        every = _dates(_text(column), column)
        return f"if({_least(every)} <> {_greatest(every)}, {literal(AMBIGUOUS)}, 'not a date')"
    return literal("neither true nor false" if column.type == "BOOLEAN" else "not a number")


def _one(con: duckdb.DuckDBPyConnection, question: str) -> int:
    row = con.execute(question).fetchone()
    return int(row[0]) if row else 0
