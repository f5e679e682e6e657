"""Golden samples: every source reads its own samples into exactly the rows and rejects that were worked out by hand."""

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import quoted
from dropout.country import load_country
from dropout.privacy import pseudonym
from dropout.privacy.keys import read_key
from dropout.resources import resource
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import perform
from tests.places import deployment

SOURCES = sorted(p.parent for p in resource("data_contracts/sources").glob("*/samples"))
NIGHT = dt.date(2025, 12, 1)


def read_samples(tmp_path: Path, folder: Path) -> Deployment:
    """Every delivery in `samples`, read by this source alone."""
    place = deployment(tmp_path)
    place.__dict__["country"] = load_country("generic").model_copy(update={"sources": [folder.name]})
    run = Run(place, "test", NIGHT)
    perform(run, "land", paths=sorted((folder / "samples").iterdir()))
    perform(run, "read")
    return place


def golden(path: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, sorted(tuple(row) for row in rows)


def found(con: Any, table: str, columns: list[str]) -> list[tuple[str, ...]]:
    """Staged rows with the number of the student in place of the pseudonym, all as text."""
    contract = load_contracts()[table]
    names = {c.source or n: n for n, c in contract.warehouse_columns.items()}
    cells = [
        "n.student_id"
        if c == "student_id"
        else f"i.{c}"
        if c in ("given_name", "family_name", "birth_date", "guardian_phone")
        else f"r.{quoted(names[c])}"
        for c in columns
    ]
    joined = " left join named as n using (student_key) left join identity.student as i using (student_key)"
    joined = joined if "student_id" in columns else ""
    texts = ", ".join(f"coalesce({cell}::varchar, '')" for cell in cells)
    return sorted(con.execute(f"select {texts} from staging.read.{table} as r{joined}").fetchall())


def deleted(con: Any, students: list[str]) -> set[tuple[str, str]]:
    """Table and key of every row that a file deletes by name."""
    names = {
        key: n for key, n in con.execute("select pseudonym(n), n from (select unnest(?::varchar[]) as n)", [students]).fetchall()
    }
    gone = set()
    for table, contract in load_contracts().items():
        key = ", ".join(map(quoted, contract.key))
        for row in con.execute(f"select {key} from staging.gone.{table}").fetchall():
            gone.add((table, ";".join(names.get(cell, str(cell)) for cell in row)))
    return gone


@pytest.mark.parametrize("folder", SOURCES, ids=lambda p: p.name)
def test_samples_become_what_was_worked_out(tmp_path: Path, folder: Path) -> None:
    place = read_samples(tmp_path, folder)
    with connect(place, attach=("identity", "staging")) as con:
        pseudonym.install(con, read_key(place))
        con.execute("create temp table named (student_key bigint, student_id varchar)")
        tables = {p.stem for p in (folder / "expected").glob("*.csv")} - {"rejects", "deleted"}
        for table in sorted(tables):
            header, rows = golden(folder / "expected" / f"{table}.csv")
            if "student_id" in header:  # not every source brings the students that its numbers belong to
                numbers = sorted({row[header.index("student_id")] for row in rows})
                con.execute("delete from named")
                con.execute("insert into named select pseudonym(n), n from (select unnest(?) as n)", [numbers])
            assert found(con, table, header) == rows, table
        staged = {t for t in load_contracts() if con.execute(f"select 1 from staging.read.{t} limit 1").fetchall()}
        assert staged == tables
        rejects = con.execute(
            "select f.file, r.line::varchar, r.column_name, r.reason from ops.reject as r join ops.file as f using (file_id)"
        ).fetchall()
        path = folder / "expected" / "rejects.csv"
        assert sorted(rejects) == (golden(path)[1] if path.exists() else [])
        path = folder / "expected" / "deleted.csv"
        said = {tuple(row) for row in (golden(path)[1] if path.exists() else [])}
        assert deleted(con, [key.split(";")[0] for _, key in said]) == said
        files = con.execute("select line_count, row_count, reject_count, aside_count, status from ops.file").fetchall()
    assert all(lines == rows + rejected + aside and status == "read" for lines, rows, rejected, aside, status in files)
