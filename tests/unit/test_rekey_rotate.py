"""A new key: every pseudonym is another one and says the same of the same pupil, and no file has an old one."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest

from dropout.access.access import acts
from dropout.access.student import pseudonym_of
from dropout.errors import DeploymentError, ModelError, PublishError
from dropout.model.seal import verify as verify_seal
from dropout.monitor.night import current
from dropout.privacy import audit, pseudonym
from dropout.privacy.audit_verify import entries, verify
from dropout.privacy.keys import read_key, write_key
from dropout.publish import manifest
from dropout.rekey.rotate import Rotated, rotate
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.key_id import FILE, id_of
from tests.keyed_district import ASIDE, KEY, MODEL, NAMELESS, SPOILT, keyed_district

NUMBER = "J100000020"
HEX = re.compile(r"(?<![0-9a-z])[0-9a-f]{15}(?![0-9a-z])")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    place = keyed_district(tmp_path_factory.mktemp("keyed") / "place")
    with connect(place) as con:
        for number in (NUMBER, "J100000021", NUMBER):
            audit.record(con, place, "sheet_written", student_key=pseudonym_of(con, place, number).student_key)
    return place


@pytest.fixture(scope="module")
def rotated(before: Deployment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Rotated]:
    root = tmp_path_factory.mktemp("rotated") / "place"
    shutil.copytree(before.root, root, symlinks=True)
    place = Deployment(root, before.settings)
    return place, rotate(place)


def all_rows(place: Deployment) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the three databases, in order, with the student number where the row has a pseudonym."""
    found = {}
    con = duckdb.connect()
    now = current(place)
    assert now
    for name, path in (("w", place.warehouse), ("i", place.identity), ("a", now.folder / "analytics.duckdb")):
        con.execute(f"attach '{path}' as {name} (read_only)")
    con.execute(
        "create temp table known as select student_key, student_id from i.student union all "
        f"select student_key, '{NAMELESS}' from w.core.enrolment anti join i.student using (student_key)"
    )
    tables = con.execute(
        "select database_name, schema_name, table_name, list_contains(list(column_name), 'student_key'), "
        "list(data_type) filter (column_name = 'student_key')[1] from duckdb_columns() "
        "where database_name in ('w', 'i', 'a') group by all"
    ).fetchall()
    for database, schema, table, has_key, kind in tables:
        name = f"{database}.{schema}.{table}"
        if name in ("w.ops.key", "w.ops.audit_head", "w.ops.audit_subject", "w.ops.quarantine"):
            continue
        spelt = "k.student_key" if kind == "BIGINT" else "printf('%015x', k.student_key)"
        query = (
            f"select k.student_id, r.* exclude (student_key) from {name} as r left join known as k on r.student_key = {spelt}"
            if has_key
            else f"from {name}"
        )
        found[name] = con.execute(query).fetchall()
    con.close()
    return found


def old_keys(before: Deployment) -> list[int]:
    with connect(before) as con:
        pseudonym.install(con, KEY)
        keys = con.execute("select distinct student_key from core.enrolment").fetchall()
    assert len(keys) == 64
    return [key for (key,) in keys] + [ASIDE]


def test_every_row_says_the_same_of_the_same_pupil(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    was, now = all_rows(before), all_rows(rotated[0])
    assert len(was["w.core.enrolment"]) == 64
    assert {row[0] for row in was["w.core.enrolment"]} > {NUMBER, NAMELESS}
    assert {name: sorted(map(str, rows)) for name, rows in now.items()} == {n: sorted(map(str, r)) for n, r in was.items()}
    assert now["w.core.grade"] == was["w.core.grade"]  # in the order in which they lay


def test_the_schema_keeps_keys_comments_and_sequences(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    def schema(place: Deployment) -> list[object]:
        with connect(place) as con:
            return [
                con.execute(query).fetchall()
                for query in (
                    "select schema_name, table_name, column_name, data_type, comment, column_default, is_nullable "
                    "from duckdb_columns() where not internal order by all",
                    "select schema_name, table_name, constraint_text from duckdb_constraints() order by all",
                    "select schema_name, table_name, comment from duckdb_tables() order by all",
                    "select nextval('ops.file_number')",
                )
            ]

    assert schema(rotated[0]) == schema(before)


def test_no_file_has_an_old_pseudonym(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    """As bytes, in each way of writing one; a workbook's parts are looked into. The same search finds all of them before."""
    olds = old_keys(before)
    spelt = {
        word for k in olds for word in (str(k).encode(), f"{k:015x}".encode(), k.to_bytes(8, "little"), k.to_bytes(8, "big"))
    }

    def holds(path: Path) -> bool:
        contents = [path.read_bytes()]
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(contents[0])) as packed:
                contents += [packed.read(name) for name in packed.namelist()]
        return any(word in content for content in contents for word in spelt)

    def holding(place: Deployment) -> set[str]:
        return {str(p.relative_to(place.root)) for p in place.root.rglob("*") if p.is_file() and not p.is_symlink() and holds(p)}

    assert {"warehouse.duckdb", "identity.duckdb"} < holding(before)
    assert any(name.endswith("S2_2025-03-10.csv") for name in holding(before))
    assert any(name.endswith("S2_2025-03-10.xlsx") for name in holding(before))
    assert holding(rotated[0]) == set()


def test_no_table_has_an_old_pseudonym_in_any_column(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    """DuckDB packs numbers so that their bytes cannot be found; so each value is compared, of every kind of column."""
    place, _ = rotated
    olds = old_keys(before)
    with connect(place, attach=("identity",)) as con:
        con.execute("create temp table old as select unnest(?) as k", [olds])
        con.execute("create temp table word as select k::varchar as w from old union all select printf('%015x', k) from old")
        columns = con.execute(
            "select database_name || '.' || schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
            "where database_name in ('warehouse', 'identity') and not internal"
        ).fetchall()
        for table, column, kind in columns:
            if "VARCHAR" in kind:
                query = f'select count(*) from {table}, word where contains("{column}"::varchar, w)'
            elif "INT" in kind:
                query = f'select count(*) from {table} where "{column}" in (from old)'
            else:
                continue
            assert con.execute(query).fetchall() == [(0,)], f"{table}.{column}"


def test_lists_differ_by_the_pseudonym_of_the_nameless_alone(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    place, _ = rotated
    was, now = current(before), current(place)
    assert was
    assert now
    assert was.generation_id == now.generation_id
    with connect(place, attach=("identity",)) as con:
        query = "select printf('%015x', student_key) from core.enrolment anti join identity.student using (student_key)"
        [(new,)] = con.execute(query).fetchall()
    for name in ("S2_2025-03-10.csv", "S2_2025-03-10.html"):
        old_text, new_text = ((p.folder / "lists" / "S2" / name).read_text("utf-8") for p in (was, now))
        old_words = set(HEX.findall(old_text))
        assert len(old_words) == 1
        assert new_text == old_text.replace(old_words.pop(), new)
    with zipfile.ZipFile(now.folder / "lists" / "S2" / "S2_2025-03-10.xlsx") as packed:
        assert packed.testzip() is None
        assert any(new.encode() in packed.read(name) for name in packed.namelist())


def test_the_publication_is_whole_and_the_only_one(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    place, _ = rotated
    now, was = current(place), current(before)
    assert now
    assert was
    new, old = manifest.verify(now.folder), manifest.verify(was.folder)
    assert {k: v for k, v in new.items() if k != "files"} == {k: v for k, v in old.items() if k != "files"}
    assert set(new["files"]) == set(old["files"])
    assert [p.name for p in (place.published / "generations").iterdir()] == [now.generation_id]
    assert {oct(p.stat().st_mode & 0o777) for p in now.folder.iterdir() if p.is_file()} == {"0o640"}
    assert (now.folder / "lists" / "S2" / "S2_2025-03-10.csv").stat().st_mode & 0o777 == 0o600


def test_a_delivery_after_it_meets_the_same_pupil(rotated: tuple[Deployment, Rotated]) -> None:
    place, _ = rotated
    with connect(place, attach=("identity",)) as con:
        student = pseudonym_of(con, place, NUMBER)
        assert con.execute("select student_key from identity.student where student_id = ?", [NUMBER]).fetchall() == [
            (student.student_key,)
        ]
        assert con.execute("select count(*) from core.grade where student_key = ?", [student.student_key]).fetchall() == [(1,)]
        aside = con.execute("select line, row_data from ops.quarantine order by line").fetchall()
    assert aside[0] == (9, f'{{"student_key":{student.student_key},"mark":21}}')
    assert aside[1] == (10, "{}")  # nobody could find it by the number any more, neither to show nor to forget it
    assert aside[2] == (11, '{"school_id":"S9"}')


def test_whole_models_are_sealed_again_and_an_altered_one_stays_refused(rotated: tuple[Deployment, Rotated]) -> None:
    place, done = rotated
    verify_seal(place.models / MODEL, read_key(place), "")
    with pytest.raises(ModelError):
        verify_seal(place.models / SPOILT, read_key(place), "")
    assert (done.models, done.unsealed) == (1, (SPOILT,))
    assert sorted(p.name for p in place.models.iterdir()) == [SPOILT, MODEL]  # the candidate's rows had old pseudonyms
    assert not place.staging.exists()


def test_the_log_says_so_and_still_knows_whom_it_was_about(before: Deployment, rotated: tuple[Deployment, Rotated]) -> None:
    place, done = rotated
    with connect(place) as con:
        assert verify(con, place).faults == ()
        assert [a["what"] for a in acts(con, place, pseudonym_of(con, place, NUMBER))] == ["sheet_written"] * 2
        assert [a["what"] for a in acts(con, place, pseudonym_of(con, place, "J100000021"))] == ["sheet_written"]
        assert acts(con, place, pseudonym_of(con, place, "J100000022")) == []
    last = entries(place)[-1]
    # 64 pupils and the row in quarantine; the nameless pupil's and that row's numbers are not known
    facts = {"key_id": done.key_id, "before": id_of(KEY), "students": 65, "unnumbered": 2}
    assert last.what == "key_rotated"
    assert {name: value for name, value in last.facts.items() if name != "since"} == facts
    old = audit.log_path(before).read_bytes()
    assert audit.log_path(place).read_bytes().startswith(old)  # nothing of it was rewritten


def test_rotated_twice(rotated: tuple[Deployment, Rotated], tmp_path: Path) -> None:
    shutil.copytree(rotated[0].root, tmp_path / "place", symlinks=True)
    place = Deployment(tmp_path / "place", rotated[0].settings)
    second = rotate(place)
    assert second.before == rotated[1].key_id
    with connect(place) as con:
        assert len(acts(con, place, pseudonym_of(con, place, NUMBER))) == 2
        assert con.execute("select ordinal, is_told from ops.key order by ordinal").fetchall() == [
            (1, True),
            (2, True),
            (3, True),
        ]
        assert verify(con, place).faults == ()


def test_another_key_opens_nothing(rotated: tuple[Deployment, Rotated], tmp_path: Path) -> None:
    shutil.copytree(rotated[0].root, tmp_path / "place", symlinks=True)
    place = Deployment(tmp_path / "place", rotated[0].settings)
    write_key(place.secrets / FILE, KEY)  # the old one, from a copy
    says = f"belongs to key {rotated[1].key_id}, and the key here is {id_of(KEY)}"
    with pytest.raises(DeploymentError, match=says), connect(place):
        pass


def test_an_altered_publication_gets_no_new_manifest_and_nothing_changes(before: Deployment, tmp_path: Path) -> None:
    shutil.copytree(before.root, tmp_path / "place", symlinks=True)
    place = Deployment(tmp_path / "place", before.settings)
    now = current(place)
    assert now
    (now.folder / "report.html").write_text("altered", encoding="utf-8")
    with pytest.raises(PublishError):
        rotate(place)
    assert read_key(place) == KEY
    assert not list(place.root.rglob("*.next"))
    with connect(place) as con:
        assert con.execute("select key_id from ops.key").fetchall() == [(id_of(KEY),)]


def test_an_identity_store_of_another_key_is_not_taken_for_this_ones(before: Deployment, tmp_path: Path) -> None:
    shutil.copytree(before.root, tmp_path / "place", symlinks=True)
    place = Deployment(tmp_path / "place", before.settings)
    with connect(place, attach=("identity",)) as con:
        con.execute("update identity.student set student_key = 5 where student_id = 'J100000020'")
    with pytest.raises(DeploymentError, match="1 pseudonyms of the identity store were made with another key"):
        rotate(place)
    assert read_key(place) == KEY
