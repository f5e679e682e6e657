"""Schema drift: a file that is not what its source sent before is stopped with the difference in words."""

import datetime as dt
from collections.abc import Sequence

import duckdb

from dropout.contracts.ddl import literal, quoted
from dropout.contracts.rules import FEW
from dropout.errors import ExtractError
from dropout.extracts.header import wide_places
from dropout.extracts.source import SourceFile, folded, many
from dropout.extracts.typed import AMBIGUOUS, UNMAPPED

NEW_CODE_SHARE = 0.01  # an unknown code on fewer lines than this is a slip of one hand; its lines are rejects
SHOWN = 5
CODE_LENGTH = 24  # what is longer is no code, and is not shown


def verify_headers(
    con: duckdb.DuckDBPyConnection, source: str, kind: SourceFile, header: Sequence[str], name: str, *, is_attended: bool
) -> None:
    """Raises ExtractError when the headers differ from all that were accepted of this kind of file.

    The first file of a kind is taken as it is; so is one that only brings columns which the source maps or ignores,
    and all of an attended load. What is refused is remembered, to be accepted by `dropout source accept`.
    """
    now = shape(header, kind)
    rows = con.execute(
        "select headers, is_accepted from ops.file_shape where source = ? and pattern = ? order by rowid", [source, kind.pattern]
    ).fetchall()
    accepted = [headers for headers, is_accepted in rows if is_accepted]
    if any(set(headers) == set(now) for headers in accepted):
        return
    last = max(accepted, key=lambda h: len(set(h) & set(now)), default=now)
    gone, added = [h for h in last if h not in now], [h for h in now if h not in last]
    known = _known(kind)
    is_fine = is_attended or not (set(gone) & known or set(added) - known)
    con.execute("delete from ops.file_shape where source = ? and pattern = ? and headers = ?", [source, kind.pattern, now])
    con.execute("insert into ops.file_shape values (?, ?, ?, ?, ?)", [source, kind.pattern, now, name, is_fine])
    if not is_fine:
        raise ExtractError(
            "the columns are not those of earlier files",
            where=name,
            cause="; ".join(_words(last, now, gone, added)),
            remedy="Ask for the old export, or map the change in the source; if neither is needed: dropout source accept.",
        )


def shape(header: Sequence[str], kind: SourceFile) -> list[str]:
    """Headers as they are compared: one spelling of each column, without those ignored and those a wide layout repeats."""
    wide = wide_places(list(header), kind)
    ignored = {folded(h) for h in kind.ignored}
    first = {folded(s): folded(names[0]) for names in kind.headers().values() for s in reversed(names)}
    own = [folded(h) for i, h in enumerate(header) if i not in wide]
    return [first.get(h, h) for h in own if h and h not in ignored]


def _known(kind: SourceFile) -> set[str]:
    spellings = [s for names in kind.headers().values() for s in names]
    return {folded(s) for s in [*spellings, *many(kind.known_at), *kind.only, *kind.deleted]}


def _words(last: list[str], now: list[str], gone: list[str], added: list[str]) -> list[str]:
    """The difference: renamed where a new header stands in the place of one that is gone."""
    renamed = [(h, now[last.index(h)]) for h in gone if last.index(h) < len(now) and now[last.index(h)] in added]
    gone = [h for h in gone if h not in {old for old, _ in renamed}]
    added = [h for h in added if h not in {new for _, new in renamed}]
    words = [f"renamed: {old} → {new}" for old, new in renamed]
    words += [f"gone: {', '.join(gone)}"] if gone else []
    return words + ([f"added: {', '.join(added)}"] if added else [])


def verify_values(con: duckdb.DuckDBPyConnection, kind: SourceFile, table: str, name: str, broken_at_most: float) -> None:
    """Raises ExtractError when a column is not what it was: most of its text no values, or a code that nobody mapped.

    Reads the typed rows of the file in `table`, and temp tables `failure` and `mended`.
    """
    found = con.execute("select column_name, reason, count(*) from failure group by all order by 1, 2").fetchall()
    words = []
    for column, reason, count in found:
        row = con.execute(f"select count({quoted(column)}) from {table}").fetchone()
        filled = count + (row[0] if row else 0)
        if reason == UNMAPPED:
            words += _new_codes(con, column, filled, kind)
        if count >= FEW and count > broken_at_most * filled:
            words.append(f"{column}: {count:,} of {filled:,} values are {_not_what(reason)}")
    if words:
        raise ExtractError(
            "the values are not those the source describes",
            where=name,
            cause="; ".join(dict.fromkeys(words)),
            remedy="Correct the export, or say in the source what these values mean, and send the file again.",
        )


def _not_what(reason: str) -> str:
    return {UNMAPPED: "codes the source does not map", AMBIGUOUS: "dates that two formats read differently"}.get(reason, reason)


def _new_codes(con: duckdb.DuckDBPyConnection, column: str, filled: int, kind: SourceFile) -> list[str]:
    """Codes that stand on too many lines to be slips."""
    at = list(kind.types()).index(column)
    rows = con.execute(
        f"select {quoted(column + '!')}, count(*) from mended where bad = {at} group by 1 having count(*) >= ? "
        "order by 2 desc, 1 limit ?",
        [max(FEW, NEW_CODE_SHARE * filled), SHOWN + 1],
    ).fetchall()
    shown = [f"{literal(code)} on {count:,} lines" for code, count in rows if len(code) <= CODE_LENGTH]
    if not rows:
        return []
    if len(rows) > SHOWN or not shown:  # so many values, or such long ones, are no codes: perhaps names
        return [f"{column}: values that are no codes"]
    return [f"{column}: new codes {', '.join(shown)}"]


def accept(con: duckdb.DuckDBPyConnection, today: dt.date) -> list[str]:
    """Accepts the headers of every file that was stopped for them; their deliveries are read again the next night.

    Returns the files' names.
    """
    files = [
        name for (name,) in con.execute("select distinct file from ops.file_shape where not is_accepted order by 1").fetchall()
    ]
    waiting = "select file from ops.file_shape where not is_accepted"
    con.execute(
        "update ops.delivery set status = 'landed', arrived_on = ? where delivery_no in "
        f"(select delivery_no from ops.file where status = 'stopped' and file in ({waiting}))",
        [today],
    )
    con.execute("update ops.file_shape set is_accepted = true")
    return files
