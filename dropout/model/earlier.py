"""Earlier lists as schools hold them: also the one that a killed run swapped in and did not record."""

import duckdb
import numpy as np

from dropout.country import Target
from dropout.model.frame import Bools, Frame
from dropout.resources import sql
from dropout.warehouse.ledger import Run


def earlier_lists(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Creates temp table `earlier_entry`: the rows of `ops.list_entry` of this school year and dates before `run.as_of`.

    `list_age` is 1 on a school's last list that named anybody, 2 on the one before, and so on. Later dates, and other
    publications of tonight's own date, are not looked at: the same night says the same again. Needs `night.snapshot`.
    """
    link = run.deployment.published / "current"
    con.execute(
        f"create or replace temp table earlier_entry as {sql('model/earlier_entry')}",
        {"as_of": run.as_of, "current": link.resolve().name if link.is_dir() else None},
    )


def on_last_list(con: duckdb.DuckDBPyConnection, run: Run, rows: Frame, target: Target) -> Bools:
    """Whether the school's last list named each of tonight's `rows`; a list of another target or school year does not count."""
    earlier_lists(con, run)
    found = con.execute(sql("model/stays"), {"as_of": run.as_of, "target": target}).fetchnumpy()["student_key"]
    return np.isin(rows.student_key, np.asarray(found, dtype=np.int64))
