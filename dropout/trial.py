"""A dry run of a source: sample files through land, read, check and load of a deployment that is thrown away."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dropout.contracts.check import check
from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import quoted
from dropout.contracts.rules import find_rule
from dropout.country import Country
from dropout.deploy import init
from dropout.errors import ContractError, ExtractError
from dropout.extracts.drift import UNMAPPED_CODES as UNMAPPED_SHAPE
from dropout.extracts.land import land
from dropout.extracts.load import load
from dropout.extracts.read import read
from dropout.extracts.source import folded, load_source
from dropout.extracts.stopped import settle
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run

Shown = tuple[str, list[str], list[tuple[Any, ...]]]
FILES = """
select file, source_file as becomes, attendance_mode as mode, encoding, line_count as lines, row_count as rows,
    reject_count as rejects, aside_count as aside, if(status = 'stopped', 'stopped: ' || why, status) as status
from ops.file order by file, source_file
"""
REJECTS = """
select f.file, r.column_name as "column", r.reason, count(*) as lines,
    array_to_string(list(r.line order by r.line)[:3], ', ') as examples
from ops.reject as r inner join ops.file as f using (file_id) group by all order by f.file, lines desc, r.reason
"""
# so that they can be mapped: frequent short codes and words that codes are known to be written in; of the rest, the shape
UNMAPPED_CODES = """
select file, column_name as "column", code, row_count as rows, lines as "lines, the first" from unmapped
order by file, column_name, rows desc, code
"""
# what is written in a rejected line, without what it says: every letter is a letter, every digit a digit
MASKED = r"""
select f.file, r.line, left(regexp_replace(regexp_replace(r.raw, '\pL', 'a', 'g'), '\pN', '9', 'g'), 100) as looks_like
from identity.reject_line as r inner join ops.file as f using (file_id)
qualify row_number() over (partition by f.file order by r.line) <= 3 order by f.file, r.line
"""
COUNTS = """
select coalesce(sum(line_count), 0)::bigint, coalesce(sum(reject_count), 0)::bigint, (select count(*) from ops.quarantine),
    count(*) filter (where status = 'stopped')
from ops.file
"""
BROKEN = """
select table_name, rule, severity, row_count as rows, violation_count as broken from ops.rule_result
where violation_count > 0 and rule not in ('too_many_broken', 'too_many_rejects') order by table_name, broken desc
"""


@dataclass(frozen=True)
class Trial:
    """What a dry run found: tables to show, and how much of the samples would not load.

    `lines` are those of all files, `rejects` those of them that are no rows, `broken` the rows that a contract keeps out;
    `stopped` counts files, `refusal` says why the delivery as a whole would not go in.
    """

    tables: list[Shown]
    lines: int
    rejects: int
    broken: int
    stopped: int
    refusal: str

    @property
    def is_good(self) -> bool:
        """Whether all of it would load."""
        return not (self.rejects or self.broken or self.stopped or self.refusal)

    @property
    def verdict(self) -> str:
        """One sentence: all of it, or how much would not load."""
        if self.is_good:
            return "Every file was read, and all of it would load."
        said = [f"{self.stopped} files were stopped"] if self.stopped else []
        said += ["the delivery would be refused"] if self.refusal else []
        said += (
            [f"{self.rejects:,} of {self.lines:,} lines ({self.rejects / self.lines:.1%}) are rejects"] if self.rejects else []
        )
        said += [f"{self.broken:,} rows break a contract and would go to quarantine"] if self.broken else []
        return f"Not all of it would load: {'; '.join(said)}. See above."


def trial(country: Country, files: Sequence[Path]) -> Trial:
    """Takes sample `files` in as one delivery, with the sources of `country`; leaves nothing behind.

    The tables name files, columns, counts, line numbers and the shape of rejected lines; no value of a row.
    Raises ExtractError when the samples cannot be landed at all.
    """
    with _scratch(country) as (deployment, inbox):
        for path in files:
            if not path.exists():
                raise ExtractError("no such file", where=str(path), remedy="Check the path.")
            (shutil.copytree if path.is_dir() else shutil.copy)(path, inbox / path.name)
        run = Run(deployment, "trial", dt.date.today())
        with connect(deployment) as con:
            land(con, run, [inbox])
        refusal: str = ""
        with connect(deployment, attach=("identity", "staging")) as con:
            con.execute(f"create temp table unmapped ({UNMAPPED_SHAPE})")
            read(con, run)
            settle(con, run)
            shown = [
                _ask(con, "Files", FILES),
                _headers(con, country),
                _columns(con),
                _ask(con, "Rejects", REJECTS),
                _ask(con, "Codes that are not mapped", UNMAPPED_CODES),
                _ask(con, "They look like", MASKED),
            ]
        try:
            with connect(deployment, attach=("staging",)) as con:
                check(con, run, is_trial=True)
        except ContractError as error:
            refusal = error.what
        with connect(deployment, attach=("staging",)) as con:
            load(con, run)
            shown += [_broken(con), *_night(con, refusal)]
            [(lines, rejects, broken, stopped)] = con.execute(COUNTS).fetchall()
    return Trial([table for table in shown if table[2]], lines, rejects, broken, stopped, refusal)


@contextmanager
def _scratch(country: Country) -> Iterator[tuple[Deployment, Path]]:
    with tempfile.TemporaryDirectory(prefix="dropout-") as folder:
        deployment = init(Path(folder) / "deployment", "generic")
        deployment.__dict__["country"] = country  # the pack with the source on trial, in place of the one it names
        samples = Path(folder) / "samples"
        samples.mkdir()
        yield deployment, samples


def _ask(con: duckdb.DuckDBPyConnection, title: str, question: str) -> Shown:
    found = con.execute(question)
    return title, [str(d[0]) for d in found.description or []], found.fetchall()


def _headers(con: duckdb.DuckDBPyConnection, country: Country) -> Shown:
    """What each header of each file became; those of a wide layout, which may be hundreds, are left out."""
    rows = []
    for source, pattern, headers, file in con.execute(
        "select * exclude (is_accepted) from ops.file_shape order by file"
    ).fetchall():
        described = load_source(next(s for s in country.sources if load_source(s).source == source))
        for kind in (k for k in described.files if k.pattern == pattern):
            ours = {folded(spelling): column for column, spellings in kind.headers().items() for spelling in spellings}
            known = {h: f"{kind.label}.{ours[h]}" for h in headers if h in ours}
            rows += [(file, h, known.get(h, "not used")) for h in headers]
    return "Headers", ["file", "header", "becomes"], rows


def _columns(con: duckdb.DuckDBPyConnection) -> Shown:
    """How much of every column of every table is filled."""
    rows = []
    for name, contract in load_contracts().items():
        places = dict.fromkeys(contract.warehouse_columns, f"staging.read.{name}")
        counted = ", ".join(f"count({quoted(column)})" for column in places)
        parts = [f"select {', '.join(map(quoted, places))} from {place}" for place in _places(con, name)]
        [(total, *filled)] = con.execute(f"select count(*), {counted} from ({' union all '.join(parts)})").fetchall()
        for column, count in zip(places, filled, strict=True):
            if total:
                need = "" if contract.columns[column].nullable else "required"
                rows.append((name, contract.columns[column].source or column, need, f"{count:,} of {total:,}"))
    return "Columns", ["table", "column", "", "filled"], rows


def _places(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Where the rows of a table were staged."""
    whole = con.execute("select view_name from duckdb_views() where schema_name = 'whole' order by 1").fetchall()
    mine = [n for (n,) in whole if n.removesuffix("_rows").rpartition("_")[0] == table]
    return [f"staging.read.{table}", *(f"staging.whole.{quoted(n)}" for n in mine)]


def _broken(con: duckdb.DuckDBPyConnection) -> Shown:
    title, columns, rows = _ask(con, "Rows that break a contract", BROKEN)
    return title, [*columns, "says"], [(*row, find_rule(row[0], row[1]).says) for row in rows]


def _night(con: duckdb.DuckDBPyConnection, refusal: str) -> list[Shown]:
    """What the first night would find in the warehouse."""
    rows: list[tuple[Any, ...]] = []
    for name, contract in load_contracts().items():
        event = quoted(contract.event_date) if contract.event_date else "null::date"
        [(count, first, last)] = con.execute(f"select count(*), min({event}), max({event}) from core.{name}").fetchall()
        said = f"{first} to {last}" if first else ""
        if not count and contract.is_required:
            said = "not among the samples: a night needs it, from this or another source, and holds rows against it"
        if count or said:
            rows.append((name, count, said))
    if refusal:
        rows.append(("refused", "", refusal))
    return [("The first night would load", ["table", "rows", ""], rows)]
