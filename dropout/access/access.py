"""access: all that is held on one pupil, as JSON for machines and as a page to read, with what each column means."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dropout.access import found, hand_out, held, meaning
from dropout.access.student import Student, pseudonym_of, unknown
from dropout.privacy import audit
from dropout.privacy.audit_verify import entries
from dropout.privacy.keys import read_key
from dropout.resources import sql
from dropout.settings import Deployment

JSON, PAGE = "held.json", "held.html"
Row = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """The folder that was written, and how many rows of which table are in it; no value of the pupil."""

    folder: Path
    counts: list[tuple[str, str, int]]
    file_count: int
    unreadable: tuple[str, ...]


def export(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str, wanted: Path | None = None) -> Exported:
    """Writes everything held under student number `number` to a new folder (0700), and an entry to the audit log before it.

    The number is looked for in every table that has pupils, among rows set aside, lines that could not be read and
    the bytes of received files and lists. Raises UnknownStudentError when nothing is held, DeploymentError when the
    place to write to is taken or is one that others read.
    """
    folder = hand_out.place(deployment, wanted, "access")
    student = pseudonym_of(con, deployment, number)
    everything = held.gather(con, deployment, student)
    files = found.find(deployment, student.student_id)
    if not everything.tables and not files:
        raise unknown()
    document = _document(con, deployment, student, everything, files)
    counts = [(table.place, table.name, table.rows.height) for table in everything.tables]
    facts: audit.Facts = {"tables": len(counts), "rows": sum(n for *_, n in counts), "files": len(files)}
    audit.record(con, deployment, "access_exported", student_key=student.student_key, facts=facts)
    page = _template().render(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str, allow_nan=False)
    hand_out.write_folder(folder, {JSON: text + "\n", PAGE: page})
    return Exported(folder, counts, len(files), everything.unreadable)


def _document(
    con: duckdb.DuckDBPyConnection, deployment: Deployment, student: Student, everything: held.Held, files: list[found.Found]
) -> Row:
    received = con.sql(sql("access/received_file"), params={"file_ids": everything.file_ids}).pl().to_dicts()
    return {
        "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "deployment": deployment.settings.deployment.name,
        "student_id": student.student_id,
        "student_key": student.hexadecimal,
        "tables": [_table(table) for table in everything.tables],
        "received_files": received,
        "found_in_files": [{"file": f.path, "lines": list(f.lines)} for f in files],
        "acts": acts(con, deployment, student),
        "could_not_be_opened": list(everything.unreadable),
    }


def _table(table: held.Table) -> Row:
    columns = [
        {"name": c, "meaning": meaning.of_column(table.name, c), "personal": meaning.personal(table.name, c)}
        for c in table.rows.columns
    ]
    rows = table.rows.fill_nan(None).to_dicts()
    return {"place": table.place, "table": table.name, "meaning": meaning.of_table(table.name), "columns": columns, "rows": rows}


def acts(con: duckdb.DuckDBPyConnection, deployment: Deployment, student: Student) -> list[Row]:
    """Entries of the audit log on this pupil: exports and sheets, by whom and when."""
    key, again = read_key(deployment), audit.subjects(con)
    mine = [entry for entry in entries(deployment) if audit.is_about(entry, key, student.student_key, again)]
    return [{"time": entry.time, "who": entry.who, "what": entry.what, **entry.facts} for entry in mine]


def _template() -> Any:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("held.html.j2")
