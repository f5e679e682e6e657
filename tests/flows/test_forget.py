"""Invariant 9: after `forget` no byte of the pupil is in any file of the deployment; a kill is finished by the next command."""

import datetime as dt
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dropout.cli import app
from dropout.erasure import journal
from dropout.errors import UnknownStudentError
from dropout.model.season import is_due
from dropout.privacy.audit_verify import entries
from dropout.publish.manifest import verify
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import running
from tests.flows.conftest import NIGHT, District, run_night
from tests.places import ask

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Pupil:
    number: str
    key: int
    phone: str | None
    name: str

    @property
    def needles(self) -> set[bytes]:
        """The pupil's number and pseudonym in every form in which a file could hold them."""
        texts = [self.number, str(self.key), f"{self.key:015x}"]
        found = {text.encode(e) for text in texts for e in ("utf-8", "utf-16-le", "utf-16-be", "cp1256")}
        return found | {self.key.to_bytes(8, "little"), self.key.to_bytes(8, "big")}


def listed(place: Deployment, count: int = 1) -> list[Pupil]:
    with connect(place) as con:
        con.execute(f"attach '{place.identity}' as identity (read_only)")
        rows = con.execute(
            "select distinct student_id, student_key, guardian_phone, given_name || ' ' || family_name from identity.student "
            "inner join night.score using (student_key) where is_listed order by student_id limit ?",
            [count],
        ).fetchall()
    return [Pupil(*row) for row in rows]


def traces(place: Deployment, pupil: Pupil) -> list[str]:
    """Files of the deployment with a byte of the pupil, and tables of its databases with a row; DuckDB packs its columns."""
    found = [
        str(path.relative_to(place.root))
        for path in place.root.rglob("*")
        if path.is_file() and not path.is_symlink() and any(needle in path.read_bytes() for needle in pupil.needles)
    ]
    with connect(place) as con:
        databases = [p for p in place.root.rglob("*.duckdb") if p != place.warehouse and not p.is_symlink()]
        for number, path in enumerate(databases):
            con.execute(f"attach '{path}' as d{number} (read_only)")
        tables = con.execute(
            "select database_name, schema_name, table_name, column_name, data_type from duckdb_columns() "
            "where not internal and data_type in ('BIGINT', 'VARCHAR', 'VARCHAR[]') and database_name <> 'temp'"
        ).fetchall()
        for catalog, schema, table, column, kind in tables:
            words = [str(pupil.key)] if kind == "BIGINT" else [pupil.number, str(pupil.key), f"{pupil.key:015x}"]
            where = " or ".join(f"contains(\"{column}\"::varchar, '{word}')" for word in words)
            [(count,)] = con.execute(f'select count(*) from "{catalog}"."{schema}"."{table}" where {where}').fetchall()
            found += [f"{catalog}.{schema}.{table}.{column}"] * bool(count)
    return found


def run(place: Deployment, *words: str) -> Result:
    done = CliRunner().invoke(app, [*words, "--dir", str(place.root)])
    assert done.exception is None or isinstance(done.exception, SystemExit | UnknownStudentError), done.exception
    return done


def test_no_byte_of_a_pupil_is_left_and_others_lose_nothing(district: District) -> None:
    place = district.place
    [pupil, other] = listed(place, 2)
    assert run(place, "access", pupil.number).exit_code == 0  # a copy in work/handed_out, a mark in the log
    before = {t: n for t, n in ask(place, "select table_name, estimated_size from duckdb_tables() where schema_name = 'core'")}
    of_pupil = ask(place, f"select count(*) from core.attendance where student_key = {pupil.key}")[0][0]
    current = (place.published / "current").resolve().name
    assert len(traces(place, pupil)) > 20  # the search finds what is there

    done = run(place, "forget", pupil.number, "--why", "request")
    assert done.exit_code == 0, done.output
    assert pupil.number not in done.output
    assert "none is named in [privacy] backups" in done.output

    assert traces(place, pupil) == []
    assert not (place.work / "handed_out").exists()
    assert journal.read(place) is None
    after = {t: n for t, n in ask(place, "select table_name, estimated_size from duckdb_tables() where schema_name = 'core'")}
    assert before["attendance"] - after["attendance"] == of_pupil > 0
    assert before["student"] - after["student"] == 1
    assert len(traces(place, other)) > 20
    # the one publication there is was made anew for the same night, without the pupil
    [generation] = (place.published / "generations").iterdir()
    assert generation == (place.published / "current").resolve()
    assert generation.name != current
    assert generation.name[:10] == str(NIGHT)
    verify(generation)
    entry = entries(place)[-1]
    assert (entry.what, entry.subject, entry.facts["pupils"], entry.facts["why"]) == ("forgotten", "", 1, "request")
    assert run(place, "audit", "verify").exit_code == 0
    # a second time there is only the tombstone, which is no reason to fail; a number of nobody is
    assert run(place, "forget", pupil.number, "--why", "request").exit_code == 0
    assert isinstance(run(place, "forget", "Z99", "--why", "request").exception, UnknownStudentError)


def test_a_redelivery_brings_nothing_back_and_the_next_night_trains_anew(district: District) -> None:
    place = district.place
    [pupil] = listed(place)
    run(place, "forget", pupil.number, "--why", "request")
    with connect(place) as con:
        assert is_due(con, Run(place, "test", NIGHT))
        taught = {v for (v,) in con.execute("select version from ops.tainted").fetchall()}
    last = [d for d in district.deliveries if d.name <= str(NIGHT)][-1]
    again = place.inbox / "again"
    shutil.copytree(last, again)
    (again / "absences.csv").open("a", encoding="utf-8").write("\n")  # other bytes: another delivery
    assert any(pupil.number.encode() in p.read_bytes() for p in again.rglob("*") if p.is_file())
    run_night(place, NIGHT + dt.timedelta(days=1))
    assert traces(place, pupil) == []
    [counts] = [
        json.loads(c) for (c,) in ask(place, "select counts from ops.step where step = 'read' order by started_at desc limit 1")
    ]
    assert counts["suppressed"] > 0
    assert counts["lines"] == counts["rows"] + counts["rejects"] + counts["aside"] + counts["suppressed"]
    with connect(place) as con:
        assert not is_due(con, Run(place, "test", NIGHT + dt.timedelta(days=1)))
        in_force = {v for (v,) in con.execute("select version from ops.model where status = 'promoted'").fetchall()}
    assert taught and not taught & in_force
    assert [e.facts for e in entries(place) if e.what == "purged"][-1] == {"files_cut": 2}  # roll and absences


POINTS = {
    "with half of the received files": ("dropout.erasure.cut", "_blank", 20),
    "before the warehouse takes its place": ("dropout.erasure.databases", "_sync", 1),
    "with rows deleted and not gone": ("dropout.erasure.databases", "rebuild", 2),
    "before the work is cleared": ("dropout.erasure.forget", "_remove", 1),
    "published anew, the old one there": ("dropout.publish.generation", "discard", 1),
    "before it is said": ("dropout.privacy.audit", "record", 1),
}
WORKER = """
import importlib, os, signal, sys
from pathlib import Path
module, name, call = sys.argv[3], sys.argv[4], int(sys.argv[5])
home, calls = importlib.import_module(module), [0]
real = getattr(home, name)
def stopped(*args, **kwargs):
    calls[0] += 1
    if calls[0] == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(home, name, stopped)
from dropout.settings import open_deployment
from flows.forget import forget
forget(open_deployment(Path(sys.argv[1])), [sys.argv[2]], "order")
"""


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_is_finished_by_the_next_command(point: str, district: District) -> None:
    place, (module, name, call) = district.place, POINTS[point]
    [pupil] = listed(place)
    words = [sys.executable, "-c", WORKER, str(place.root), pupil.number, module, name, str(call)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    verify((place.published / "current").resolve())  # whole, the old or the new one
    assert journal.read(place) is not None
    with running(place, "test", NIGHT):
        pass
    assert journal.read(place) is None
    assert traces(place, pupil) == []
    assert [e.what for e in entries(place)].count("forgotten") == 1
    assert [p for p in place.root.rglob("*.next*")] == []


def test_a_school_and_a_pupil_opt_out(district: District) -> None:
    place = district.place
    [pupil] = listed(place)
    [(school,)] = ask(
        place, f"select school_id from night.score where student_key <> {pupil.key} and is_listed order by 1 desc limit 1"
    )
    for words in ([pupil.number], ["--school", school]):
        assert run(place, "opt-out", *words).exit_code == 0
    run_night(place, NIGHT + dt.timedelta(days=1))
    scores = "select count(*), count(chance), count(*) filter (is_listed), any_value(abstain_reason) from night.score "
    where = f"where as_of_date = date '{NIGHT + dt.timedelta(days=1)}' and "
    [(count, chances, named, why)] = ask(place, f"{scores} {where} (school_id = '{school}' or student_key = {pupil.key})")
    assert (chances, named, why) == (0, 0, "opted out")
    assert count > 20
    assert ask(place, f"select count(*) from night.reason {where} student_key = {pupil.key}") == [(0,)]
    lists = (place.published / "current" / "lists").rglob("*.csv")
    assert not any(pupil.number.encode() in path.read_bytes() for path in lists)
    assert [(e.what, bool(e.subject)) for e in entries(place) if e.what == "opted_out"] == [
        ("opted_out", True),
        ("opted_out", False),
    ]
    assert run(place, "opt-in", pupil.number).output.startswith("In again")
    assert run(place, "opt-in", pupil.number).output.startswith("Was not out")
    assert isinstance(run(place, "opt-out", "--school", "nowhere").exception, UnknownStudentError)
