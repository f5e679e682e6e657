"""Schema drift: a file that is not what its source sent before is stopped with the difference in words."""

import datetime as dt
from collections.abc import Sequence

import duckdb

from dropout.contracts.ddl import literal, quoted
from dropout.contracts.rules import FEW
from dropout.errors import ExtractError
from dropout.extracts.header import wide_places
from dropout.extracts.masked import kept_header, learnable_code, shown_code, shown_header
from dropout.extracts.source import Source, SourceFile, folded, many
from dropout.extracts.typed import AMBIGUOUS, UNMAPPED

NEW_CODE_SHARE = 0.01  # an unknown code on fewer lines than this is a slip of one hand; its lines are rejects
SHOWN = 5
LINES_NAMED = 3
UNMAPPED_CODES = "file varchar, column_name varchar, code varchar, row_count bigint, lines varchar"
LEARNABLE = 40  # codes of a column that a dry run shows, so that they can be mapped


def verify_headers(
    con: duckdb.DuckDBPyConnection, source: Source, kind: SourceFile, header: Sequence[str], name: str, *, is_attended: bool
) -> None:
    """Raises ExtractError when the headers differ from all that were accepted of this kind of file.

    The first file of a kind is taken as it is; so is one that only brings columns which the source maps or ignores,
    and all of an attended load. What is refused is remembered, to be accepted by `dropout source accept`.
    """
    if kind.unneeded:
        return
    known, own = _known(kind), [source.source, kind.pattern]
    # one file can feed several tables: what any of them reads is remembered as it is
    sharing = [f for f in source.files if f.pattern == kind.pattern]
    declared = {h for f in sharing for h in (_known(f) | {folded(ignored) for ignored in f.ignored})}
    now = [kept_header(h, declared) for h in shape(header, kind)]
    accepted = _accepted(con, own, declared)
    if any(set(headers) == set(now) for headers in accepted):
        return
    last = max(accepted, key=lambda h: len(set(h) & set(now)), default=now)
    gone, added = [h for h in last if h not in now], [h for h in now if h not in last]
    is_fine = is_attended or not (set(gone) & known or set(added) - known)
    con.execute("delete from ops.file_shape where source = ? and pattern = ? and headers = ?", [*own, now])
    con.execute("insert into ops.file_shape values (?, ?, ?, ?, ?)", [*own, now, name, is_fine])
    if not is_fine:
        raise ExtractError(
            "the columns are not those of earlier files",
            where=name,
            cause="; ".join(_words(last, now, gone, added, declared)),
            remedy="Ask for the old export, or map the change in the source; if neither is needed: dropout source accept.",
        )


def _accepted(con: duckdb.DuckDBPyConnection, own: list[str], declared: set[str]) -> list[list[str]]:
    """The sets of headers accepted of source and pattern `own`; one written in full by an earlier version is cut."""
    rows = con.execute(
        "select headers, is_accepted from ops.file_shape where source = ? and pattern = ? order by rowid", own
    ).fetchall()
    accepted = []
    for headers, is_accepted in rows:
        kept = [kept_header(h, declared) for h in headers]
        if kept != headers:
            con.execute(
                "update ops.file_shape set headers = ? where source = ? and pattern = ? and headers = ?", [kept, *own, headers]
            )
        accepted += [kept] if is_accepted else []
    return accepted


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


def _words(last: list[str], now: list[str], gone: list[str], added: list[str], known: set[str]) -> list[str]:
    """The difference: renamed where a new header stands in the place of one that is gone.

    A header that the source does not know, and that no header we know is written like, could be a person: a file whose
    header line is missing has people there. Its place among the columns and its shape are said.
    """
    renamed = [(h, now[last.index(h)]) for h in gone if last.index(h) < len(now) and now[last.index(h)] in added]
    gone = [h for h in gone if h not in {old for old, _ in renamed}]
    added = [h for h in added if h not in {new for _, new in renamed}]

    def said(headers: list[str], places: list[str]) -> str:
        return ", ".join(shown_header(h, places.index(h) + 1, known) for h in headers)

    words = [f"renamed: {said([old], last)} → {said([new], now)}" for old, new in renamed]
    words += [f"gone: {said(gone, last)}"] if gone else []
    return words + ([f"added: {said(added, now)}"] if added else [])


def verify_values(con: duckdb.DuckDBPyConnection, kind: SourceFile, table: str, name: str, broken_at_most: float) -> None:
    """Raises ExtractError when a column is not what it was: most of its text no values, or a code that nobody mapped.

    Reads the typed rows of the file in `table`, and temp tables `failure`, `mended` and `reject`. Says a value only where
    it is a word that codes are known to be written in, and the shape of any other: it could be a person's. Adds to temp
    table `unmapped` (file, column_name, code, row_count, lines) what a dry run may show.
    """
    found = con.execute("select column_name, reason, count(*) from failure group by all order by 1, 2").fetchall()
    con.execute(f"create temp table if not exists unmapped ({UNMAPPED_CODES})")
    words = []
    for column, reason, count in found:
        is_ours = column in kind.types()
        row = con.execute(f"select count({quoted(column) if is_ours else '*'}) from {table}").fetchone()
        filled = (count if is_ours else 0) + (row[0] if row else 0)
        if reason == UNMAPPED:
            codes = _codes(con, table, column, kind)
            words += _new_codes(con, column, filled, codes)
            _keep_for_dry_run(con, name, column, filled, codes)
        if count >= FEW and count > broken_at_most * filled:
            words.append(f"{column}: {count:,} of {filled:,} values are {_not_what(reason)}")
    if words:
        raise ExtractError(
            "the values are not those the source describes",
            where=name,
            cause="; ".join(dict.fromkeys(words)),
            remedy="Correct the export, or say in the source what these values mean, and send the file again. "
            "dropout source check shows more of what is there.",
        )


def _not_what(reason: str) -> str:
    return {UNMAPPED: "codes the source does not map", AMBIGUOUS: "dates that two formats read differently"}.get(reason, reason)


def _codes(con: duckdb.DuckDBPyConnection, table: str, column: str, kind: SourceFile) -> list[tuple[str, int]]:
    """The commonest codes of a column that nobody mapped, with their rows."""
    if column in kind.types():
        at = list(kind.types()).index(column)
        rows = f"select {quoted(column + '!')} as code from mended where bad = {at}"
    else:  # a column of `only` or `deleted`
        rows = f"select odd_value as code from {table} where odd_column = {literal(column)}"
    question = f"select code, count(*) from ({rows}) where code is not null group by 1 order by 2 desc, 1 limit {LEARNABLE}"
    return con.execute(question).fetchall()


def _new_codes(con: duckdb.DuckDBPyConnection, column: str, filled: int, codes: list[tuple[str, int]]) -> list[str]:
    """Codes that stand on too many lines to be slips."""
    often = [(code, count) for code, count in codes if count >= max(FEW, NEW_CODE_SHARE * filled)]
    if not often:
        return []
    look = ", ".join(map(str, _lines(con, column)))
    if len(often) > SHOWN:  # so many values are no codes: perhaps names
        return [f"{column}: values that are no codes (lines {look} …)"]
    shown = ", ".join(f"{shown_code(code)} on {count:,} lines" for code, count in often)
    return [f"{column}: new codes {shown} (lines {look} …)"]


def _lines(con: duckdb.DuckDBPyConnection, column: str) -> list[int]:
    """The first lines on which a code of the column is not mapped."""
    rows = con.execute(
        "select distinct line from reject where column_name = ? and reason = ? order by 1 limit ?",
        [column, UNMAPPED, LINES_NAMED],
    ).fetchall()
    return [line for (line,) in rows]


def _keep_for_dry_run(con: duckdb.DuckDBPyConnection, name: str, column: str, filled: int, codes: list[tuple[str, int]]) -> None:
    if not codes:
        return
    look = ", ".join(map(str, _lines(con, column)))
    con.executemany(
        "insert into unmapped values (?, ?, ?, ?, ?)",
        [(name, column, learnable_code(code, count, filled), count, look) for code, count in codes],
    )


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
