"""What a source's own statement makes of raw files: every raw line is a row, set aside, or a reject with its reason.

A raw kind says by `feeds` which table its lines become. The statement of that table, `sql/staging/<source>/<table>.sql`,
gives for each row the line it stands on, or `lines` where several became one; and for a line that becomes no row
`left_out`, the reason, with `left_out_column`, the column to look at. A reason without a column sets the line aside:
nothing is wrong with it. A line that the statement does not account for at all is a reject too.
"""

import duckdb

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import quoted
from dropout.errors import SettingsError
from dropout.extracts.rejected import KEPT_CHARACTERS
from dropout.extracts.source import Source, SourceFile, load_source, school_years
from dropout.resources import sql

STATEMENT = "select * from derived"  # the rows of a statement, as `read` hands them to staging
UNUSED = "the source's statement makes no row of this line"


def make_school_years(con: duckdb.DuckDBPyConnection) -> None:
    """Temp table `school_year` (school_year, start_date, end_date): the country's years, for files that name none."""
    con.execute("create or replace temp table school_year (school_year varchar, start_date date, end_date date)")
    con.executemany(
        "insert into school_year values (?, ?, ?)", [(y.school_year, y.start_date, y.end_date) for y in school_years()]
    )


def accounted(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_no: int) -> str:
    """Query of the rows of temp table `derived` that are rows; its other lines go to the ledger, and are counted there.

    Raises SettingsError when a statement leaves lines out without the columns that tell the reason.
    """
    given = {str(c[0]) for c in con.execute("describe derived").fetchall()}
    has_reasons = {"left_out", "left_out_column"} & given
    if len(has_reasons) == 1:
        raise SettingsError(
            f"the statement for {contract.table} gives {has_reasons.pop()} alone", remedy="Give left_out and left_out_column."
        )
    reason, column = ("left_out", "left_out_column") if has_reasons else ("null", "null")
    con.execute(
        f"create or replace temp table line_used as select file_id, line, {reason}::varchar as left_out, "
        f"{column}::varchar as left_out_column from derived"
    )
    if "lines" in given:
        con.execute("insert into line_used (file_id, line) select file_id, unnest(lines) from derived where lines is not null")
    for source, kind in _feeding(con, contract, delivery_no):
        con.execute(
            f"create or replace temp table line_left_out as {sql('core/line_left_out').replace('$raw', f'raw_{kind.raw}')}",
            {"source": source, "delivery": delivery_no, "label": kind.label, "unused": UNUSED},
        )
        _keep(con, kind)
    kept = " where left_out is null" if has_reasons else ""
    told = ", ".join(sorted({"lines", "left_out", "left_out_column"} & given))
    return f"select * {f'exclude ({told})' if told else ''} from derived{kept}"


def _feeding(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_no: int) -> list[tuple[str, SourceFile]]:
    """The raw kinds whose lines the statement had to account for.

    They are of the source whose lines it names; a statement that names none had every such source of the delivery to do.
    """
    names = con.execute(
        "select distinct source from ops.file where delivery_no = $delivery and source is not null "
        "and (file_id in (select file_id from derived) or not exists (from derived)) order by 1",
        {"delivery": delivery_no},
    ).fetchall()
    sources: list[Source] = [load_source(name) for (name,) in names]
    return [(s.source, k) for s in sources if contract.table in s.derive for k in s.files if k.feeds == contract.table]


def _keep(con: duckdb.DuckDBPyConnection, kind: SourceFile) -> None:
    """Writes temp table `line_left_out` (file_id, line, column_name, reason; no column: set aside) into the ledger."""
    rejected = "from line_left_out where column_name is not null"
    con.execute(f"insert into ops.reject select file_id, line, column_name, reason {rejected} order by file_id, line")
    cells = ", ".join(quoted(name) for name in kind.fields)
    con.execute(
        f"insert into identity.reject_line select file_id, line, left(concat_ws(chr(9), {cells}), {KEPT_CHARACTERS}) "
        f"from raw_{kind.raw} semi join (select file_id, line {rejected}) using (file_id, line)"
    )
    con.execute(
        "update ops.file as f set row_count = f.row_count - n.lines, reject_count = f.reject_count + n.rejects, "
        "aside_count = f.aside_count + n.lines - n.rejects from (select file_id, count(*) as lines, "
        "count(column_name) as rejects from line_left_out group by file_id) as n where f.file_id = n.file_id"
    )
