"""Files that stopped, in the ledger: how many lines they hold, of which none went in."""

import duckdb

from dropout.extracts.counted import data_lines
from dropout.extracts.source import load_source
from dropout.warehouse.ledger import Run

WHOLE = "Files that it needs were stopped"


def settle(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Counts the lines of stopped files, where lines can be counted, and stops on record what stopped with them.

    The raw files of a source that derives its tables are read together: when one was stopped, none of the others went
    in, however well they could be read.
    """
    _stop_siblings(con)
    rows = con.execute(
        "select f.file_id, d.delivery_id, f.file, f.source from ops.file as f inner join ops.delivery as d "
        "on f.delivery_no = d.delivery_no where f.status = 'stopped' and f.line_count = 0 order by f.file_id"
    ).fetchall()
    for file_id, folder, file, source in rows:
        path = run.deployment.raw / folder / file
        if not path.is_file():  # raw/ was cleared by hand
            continue
        kind = load_source(source).file_for(file) if source else None
        if counts := data_lines(path, kind):
            con.execute("update ops.file set line_count = ? where file_id = ?", [counts[0], file_id])


def _stop_siblings(con: duckdb.DuckDBPyConnection) -> None:
    halted = con.execute("select distinct delivery_no, source from ops.file where status = 'stopped' and source is not null")
    for delivery_no, source in halted.fetchall():
        described = load_source(source)
        raws = [kind.raw for kind in described.files if kind.raw and not kind.unneeded] if described.derive else []
        con.execute(
            "update ops.file set status = 'stopped', why = $why, row_count = 0 "
            "where delivery_no = $delivery and source = $source and status = 'read' and list_contains($raws, source_file) "
            "and exists (from ops.file where delivery_no = $delivery and source = $source and status = 'stopped' "
            "and list_contains($raws, source_file))",
            {"why": WHOLE, "delivery": delivery_no, "source": source, "raws": raws},
        )
