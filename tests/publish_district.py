"""A small district for the tests of gate and publish: four schools, 64 students, names that a spreadsheet would misread."""

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb

from dropout.contracts.ddl import create_core
from dropout.features.catalogue import load_catalogue
from dropout.monitor.night import EXACT
from dropout.privacy import disclosure
from dropout.privacy.keys import read_key
from dropout.publish import exact
from dropout.resources import sql
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run, open_run
from tests.tables import FILES

NIGHT = dt.date(2025, 3, 10)
TARGET = "leaves_by_next_year"
LISTED = 4  # per school; school S4 lists nobody
ODD_NAMES = {  # student_key → (student_id, family_name, given_name)
    1: ("00123", '=HYPERLINK("http://x";"y")', "محمد"),
    2: ("J100000002", 'O\'Brien; "Q"', "Zoë"),
    3: ("-5", "  +212 600", "\u200f=1+1"),
    4: ("G4", "＝1", "deux\nlignes"),
    17: ("@17", "بنعلي", "فاطمة الزهراء"),
}


def district(root: Path, **sections: object) -> Deployment:
    """A Moroccan deployment whose school S2 reads Arabic and S3 English."""
    given = {
        "deployment": {"name": "Essai", "country": "morocco"},
        "school_languages": {"S2": "ar", "S3": "en"},
        **sections,
    }
    deployment = Deployment(root, Settings(**given))  # type: ignore[arg-type]
    root.mkdir(parents=True, exist_ok=True)
    deployment.work.mkdir(exist_ok=True)
    for name in ("warehouse.duckdb", "identity.duckdb"):
        shutil.copyfile(_template() / name, root / name)
    deployment.secrets.mkdir(mode=0o700, exist_ok=True)
    for name in ("hmac.key", "disclosure.key"):
        key = deployment.secrets / name
        key.write_text("07" * 32 + "\n", encoding="ascii")  # one key for all: what is published is drawn by it
        key.chmod(0o600)
    return deployment


@cache
def _template() -> Path:
    """The two databases, made once for all tests of a process."""
    root = Path(tempfile.mkdtemp(prefix="district-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    with connect(Deployment(root, Settings())) as con:
        _core(con)
    _identity(root / "identity.duckdb")
    return root


def _core(con: duckdb.DuckDBPyConnection) -> None:
    """64 students with key k = 1…64 in school S1…S4, 16 each, two classes a school, one absence and one mark each."""
    create_core(con)
    con.execute(
        "create temp table pupil as select k, 'S' || ((k - 1) // 16 + 1) as school_id, "
        "'S' || ((k - 1) // 16 + 1) || '-' || (k % 2) as class_id from range(1, 65) as r(k)"
    )
    meta = "date '2024-09-10' as known_at, null::date as known_until, 1 as delivery_no, 1 as file_id, 2 as line"
    statements = {
        "school": "select distinct school_id, if(school_id = 'S1', null, 'École ' || school_id) as school_name, "
        "'Nord' as region, 'urban' as locality, 'lower_secondary' as level, 4 as capacity",
        "enrolment": "select k as student_key, school_id, '2024-2025' as school_year, 7 as grade_level, class_id, "
        "date '2024-09-05' as entry_date, null::date as exit_date, null as exit_reason",
        "attendance": "select k as student_key, date '2025-03-07' as date, 'day' as session, 'absent_unexcused' as status, "
        "null::double as minutes_missed",
        "register": "select distinct class_id, date '2025-03-08' as date, 'day' as session, k % 2 = 0 as taken",
        "grade": "select k as student_key, '2024-2025' as school_year, 'S1' as term, 'maths' as subject, 'a' as assessment_id, "
        "date '2025-02-01' as assessment_date, 8.5 as mark, 20.0 as max_mark, 1.0 as coefficient, 'marked' as state",
    }
    for table, statement in statements.items():
        known = meta.replace("2024-09-10", "2025-03-09") if table in ("attendance", "register", "grade") else meta
        con.execute(f"insert into core.{table} by name {statement}, {known} from pupil")


def _identity(path: Path) -> None:
    con = duckdb.connect(str(path))
    con.execute(
        "create table student (student_key bigint primary key, student_id varchar not null, given_name varchar, "
        "family_name varchar, birth_date date, guardian_phone varchar, known_at date not null)"
    )
    con.execute(
        "insert into student select k, 'J' || (100000000 + k), 'Prénom' || k, 'Nom' || k, date '2011-05-06', "
        "'+2126000000' || k, date '2024-09-10' from range(1, 65) as r(k)"
    )
    for key, (student_id, family, given) in ODD_NAMES.items():
        con.execute(
            "update student set student_id = ?, family_name = ?, given_name = ? where student_key = ?",
            [student_id, family, given, key],
        )
    con.close()


def scored(
    con: duckdb.DuckDBPyConnection, as_of: dt.date = NIGHT, *, shift: int = 0, method: str = "model", target: str = TARGET
) -> None:
    """Tonight's snapshot, scores and reasons. In each school the LISTED students from the one `shift` places on are listed.

    A student's place in the school is p = 0…15 and the chance 0.9 - p/20, so place 0 leads; in S1 place 15 abstains.
    """
    features = ", ".join(f"{f.name} float" for f in load_catalogue().features)
    con.execute(
        "create or replace table night.snapshot (student_key bigint, as_of_date date, school_year varchar, school_id varchar, "
        f"class_id varchar, grade_level integer, {features})"
    )
    con.execute(
        "insert into night.snapshot by name select e.student_key, $as_of::date as as_of_date, e.school_year, e.school_id, "
        "e.class_id, e.grade_level, 20 as registers_taken_28d_count, 2.0 as absences_unexcused_28d_before_count, "
        "if(e.class_id like '%-0', 0.9, 0.5) as register_coverage_share_28d from core.enrolment as e",
        {"as_of": as_of},
    )
    con.execute(f"create or replace table night.school_newest as {sql('model/school_newest')}", {"as_of": as_of})
    con.execute(
        "create or replace table night.class_day as select distinct as_of_date, school_id, class_id, as_of_date as date, "
        "class_id like '%-0' as is_register_taken, false as is_register_derived, 4 as pupil_count, "
        "if(class_id like '%-0', 1, null) as absent_count, if(class_id like '%-0', 0, null) as late_count from night.snapshot"
    )
    con.execute("delete from night.score where as_of_date = ?", [as_of])
    con.execute("delete from night.reason where as_of_date = ?", [as_of])
    con.execute(
        "insert into night.score by name "
        "with place as (select *, ((student_key - 1) % 16 - $shift + 16) % 16 as p from night.snapshot) "
        "select student_key, as_of_date, $target as target, $method || '-1' as model_version, $method as method, "
        "if(chance is null, null, -1.0) as raw, chance, chance - 0.075 as chance_low, chance + 0.062 as chance_high, "
        "chance is null as is_abstained, if(chance is null, 'too_few_registers', null) as abstain_reason, school_id, "
        "if(chance is null, null, p + 1) as school_rank, p < $listed and school_id <> 'S4' as is_listed "
        "from (select *, if(p = 15 and school_id = 'S1', null, 0.9 - p / 20) as chance from place)",
        {"target": target, "method": method, "shift": shift, "listed": LISTED},
    )
    con.execute(
        "insert into night.reason by name select s.student_key, s.as_of_date, s.target, r.* from night.score as s, (values "
        "('raises', 1, 'attendance_now', 'absences_unexcused_28d_count', 0.8, 9.0, 1.25), "
        "('raises', 2, 'marks', 'mark_mean_year_share', 0.4, 0.314, 0.5251), "
        "('raises', 3, 'mobility', 'is_late_entry', 0.1, 1.0, null), "
        "('lowers', 1, 'missing_work', 'assessments_missing_share', -0.2, 0.004, 0.1)"
        ") as r(direction, reason_rank, concept, feature, log_odds, value, class_mean) where s.as_of_date = $as_of",
        {"as_of": as_of},
    )


def begun(con: duckdb.DuckDBPyConnection, deployment: Deployment, as_of: dt.date = NIGHT, run_id: str = "r1") -> Run:
    """A nightly run in the ledger."""
    run = Run(deployment, "nightly", as_of, run_id)
    open_run(con, run)
    return run


def protecting(con: duckdb.DuckDBPyConnection, deployment: Deployment, root: Path) -> None:
    """What the analysts' file is built from: the macros of disclosure control, and the exact scores in a file below `root`."""
    disclosure.install(con, read_key(deployment))
    exact.build(con, root / EXACT)


def evaluated(con: duckdb.DuckDBPyConnection) -> None:
    """An evaluation beside the three baselines, and a delivery of which some lines and rows were left out."""
    con.execute(
        "insert or ignore into ops.model values ('model-1', $target, 'model', 'promoted', date '2024-09-05', "
        "timestamp '2024-09-05 03:00:00', 'beats all three', '{}')",
        {"target": TARGET},
    )
    for place, ranking in enumerate(("model", "absence_rule", "abc_flags", "school_rate")):
        for metric, value in (
            ("auc", 0.81),
            ("recall_at_capacity", 0.62),
            ("recall_at_capacity_unknown_as_stayed", 0.6),
            ("precision_at_capacity", 0.34),
            ("calibration_error", 0.012),
        ):
            value -= place * value / 8
            con.execute(
                "insert into ops.evaluation values ('model-1', ?, '2023-2024', 'all', ?, ?, 0.25, ?, ?, ?, 12000, 700, 'all')",
                [TARGET, ranking, metric, value, value - 0.03, value + 0.03],
            )
    for tenth in range(1, 11):
        for metric, value in (("reliability_chance", tenth * 0.04), ("reliability_left", tenth * 0.038 + 0.01 * (tenth % 2))):
            con.execute(
                "insert into ops.evaluation "
                "values ('model-1', ?, '2023-2024', 'all', 'model', ?, ?, ?, null, null, 1200, 70, 'all')",
                [TARGET, metric, tenth / 10, value],
            )
    con.execute(
        "insert into ops.delivery values ('ab12', 1, '2025-03-09', 'morocco_csv', date '2025-03-09', date '2025-03-09', false, "
        "'loaded', 2, 4096, 0)"
    )
    con.execute(f"{FILES} values (1, 1, 'absences.csv', 'absences.csv', 500, 497, 3)")
    con.execute(
        "insert into ops.reject values "
        "(1, 7, 'date', 'not_a_date'), (1, 9, 'date', 'not_a_date'), (1, 9, 'statut', 'unknown_code')"
    )
    con.execute(
        "insert into ops.rule_result values (1, 'attendance', 'student_is_known', 'quarantine', 497, 12), "
        "(1, 'grade', 'mark_within_maximum', 'quarantine', 900, 0), (1, 'grade', 'too_many_broken', 'refuse', 900, 4)"
    )
