"""The district of the publish tests under real pseudonyms, published twice, with all that a key has a part in."""

import datetime as dt
from pathlib import Path

import duckdb

from dropout.model.seal import seal
from dropout.privacy import pseudonym
from dropout.privacy.keys import read_key, write_key
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.key_id import FILE
from tests.publish_district import NIGHT, begun, district, scored

KEY = bytes(range(32))  # a fixed one, so that the same pupils are listed in every run
NAMELESS = "J100000018"  # key 18: the second of school S2, listed; nobody delivered who that is
ASIDE = 555_000_111_222_333  # pseudonym of a row in quarantine whose number no register has
MODEL, SPOILT = "model-1", "model-0"


def keyed_district(root: Path) -> Deployment:
    """64 pupils; generations of the night before and of NIGHT; a model that is whole and one that was altered."""
    place = district(root)
    place.secrets.mkdir(mode=0o700)
    write_key(place.secrets / FILE, KEY)
    with connect(place, attach=("identity",)) as con:
        pseudonym.install(con, read_key(place))
        con.execute("create temp table new_key as select student_key, pseudonym(student_id) as new from identity.student")
        _under_real_pseudonyms(con)
        con.execute("delete from identity.student where student_id = ?", [NAMELESS])
        con.execute("create table identity.reject_line (file_id integer, line bigint, raw varchar)")
        con.execute(
            "insert into ops.quarantine select 1, 'grade', 1, 9, ['mark_above_max'], "
            "'{\"student_key\":' || new || ',\"mark\":21}' from new_key where student_key = 20"
        )
        con.execute(
            f"insert into ops.quarantine values (1, 'grade', 1, 10, ['unknown'], '{{\"student_key\":{ASIDE},\"mark\":3}}')"
        )
        con.execute("insert into ops.quarantine values (1, 'school', 1, 11, ['no_name'], '{\"school_id\":\"S9\"}')")
    with connect(place) as con:
        for day, run_id in ((NIGHT - dt.timedelta(days=1), "r0"), (NIGHT, "r1")):
            scored(con, day)
            publish(con, begun(con, place, day, run_id))
    for name in (MODEL, SPOILT, f"candidate-{MODEL}"):
        folder = place.models / name
        folder.mkdir(parents=True)
        (folder / "model.txt").write_text(name, encoding="utf-8")
        seal(folder, read_key(place))
    (place.models / SPOILT / "model.txt").write_text("altered", encoding="utf-8")
    staging = duckdb.connect(str(place.staging))
    staging.execute("create schema read; create table read.grade (student_key bigint)")
    staging.close()
    place.staging.chmod(0o600)
    return place


def _under_real_pseudonyms(con: duckdb.DuckDBPyConnection) -> None:
    tables = con.execute(
        "select schema_name || '.' || table_name from duckdb_columns() "
        "where column_name = 'student_key' and database_name = 'warehouse' and schema_name = 'core'"
    ).fetchall()
    for (table,) in tables:
        con.execute(f"update {table} as t set student_key = n.new from new_key as n where t.student_key = n.student_key")
    con.execute(
        "create or replace table identity.student as select new as student_key, s.* exclude (student_key) "
        "from identity.student as s inner join new_key using (student_key)"
    )
