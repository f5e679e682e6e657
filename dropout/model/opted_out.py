"""Who opted out of prediction: the one place that says whose snapshots are not scored, and teach and judge no model.

Their records are kept and their registers counted like those of others: a class's mean is what it is.
"""

from string import Template
from typing import Literal

import duckdb
import numpy as np

from dropout.model.frame import Bools, Frame
from dropout.resources import sql

OPTED_OUT = "opted out"


def build(con: duckdb.DuckDBPyConnection, snapshot: Literal["snapshot", "night.snapshot"]) -> None:
    """Creates temp table `opted_out` (student_key, as_of_date): the rows of `snapshot` of whom nothing is predicted."""
    con.execute(f"create or replace temp table opted_out as {Template(sql('model/opted_out')).substitute(snapshot=snapshot)}")


def mask(con: duckdb.DuckDBPyConnection, rows: Frame) -> Bools:
    """Which rows of tonight's frame are of pupils who opted out."""
    build(con, "night.snapshot")
    keys = np.array([key for (key,) in con.execute("select student_key from opted_out").fetchall()], dtype=np.int64)
    return np.isin(rows.student_key, keys)
