"""publish: one whole generation, verified, swapped in; errors name no value and leave what was there."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from dropout.errors import PublishError, SettingsError
from dropout.publish import charts, generation, manifest, report
from dropout.publish.lists import csv_file, write
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook import book
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Counts, settings_sha256
from tests.publish_district import NIGHT, TARGET, begun, district, scored
from tests.school_lists import LEFT, table


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "svg", lambda *chart, **size: "<svg></svg>")


def night(deployment: Deployment, days: int = 0, run_id: str = "r1") -> Counts:
    as_of = NIGHT + dt.timedelta(days=days)
    with connect(deployment) as con:
        scored(con, as_of)
        return publish(con, begun(con, deployment, as_of, run_id))


def test_a_generation_is_whole(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    counts = night(deployment)
    assert counts == {
        "generation_id": "2025-03-10-r1", "schools": 4, "students": 64, "listed": 12, "without_name": 0,
        "files": 16, "bytes": counts["bytes"], "pruned": 0,
    }  # fmt: skip
    current = deployment.published / "current"
    assert current.is_symlink() and current.readlink() == Path("generations/2025-03-10-r1")  # relative: the folder can be moved
    assert sorted(p.name for p in current.iterdir()) == ["MANIFEST.json", "analytics.duckdb", "lists", "operator", "report.html"]
    found = manifest.verify(current)
    assert {name: found[name] for name in list(found)[:6]} == {
        "generation_id": "2025-03-10-r1",
        "as_of_date": "2025-03-10",
        "run_id": "r1",
        "model_versions": {TARGET: "model-1"},
        "code_version": found["code_version"],
        "settings_sha256": settings_sha256(deployment),
    }
    assert set(found["files"]) == {
        "analytics.duckdb",
        "operator/counts.json",
        "operator/night.duckdb",
        "report.html",
        *(f"lists/{s}/{s}_2025-03-10.{kind}" for s in ("S1", "S2", "S3", "S4") for kind in ("csv", "html", "xlsx")),
    }
    with connect(deployment) as con:
        rows = con.execute("select generation_id, run_id, as_of_date, student_count, listed_count from ops.generation").fetchall()
    assert rows == [("2025-03-10-r1", "r1", NIGHT, 64, 12)]


def test_called_again_for_the_same_run_it_only_verifies(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    first = night(deployment)
    before = (deployment.published / "current" / "MANIFEST.json").stat().st_mtime_ns
    assert night(deployment) == first
    assert (deployment.published / "current" / "MANIFEST.json").stat().st_mtime_ns == before


def test_old_generations_go_and_the_newest_stay(tmp_path: Path) -> None:
    deployment = district(tmp_path, night={"keep_generations": 2})
    pruned = [night(deployment, days, f"r{days}")["pruned"] for days in range(4)]
    assert pruned == [0, 0, 1, 1]
    kept = sorted(p.name for p in (deployment.published / "generations").iterdir())
    assert kept == ["2025-03-12-r2", "2025-03-13-r3"]


def test_the_current_generation_is_never_pruned(tmp_path: Path) -> None:
    deployment = district(tmp_path, night={"keep_generations": 2})
    for days in range(3):
        night(deployment, days, f"r{days}")
    link = deployment.published / "current"  # an operator has gone back to an older night
    link.unlink()
    link.symlink_to("generations/2025-03-11-r1")
    assert generation.prune(deployment, 0) == 1
    assert [p.name for p in (deployment.published / "generations").iterdir()] == ["2025-03-11-r1"]


def test_the_lists_are_held_against_the_marts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = district(tmp_path)
    real = csv_file.content
    # the header and the first pupil only
    monkeypatch.setattr(csv_file, "content", lambda school: b"".join(real(school).splitlines(keepends=True)[:2]))
    with pytest.raises(PublishError, match=r"lists/S1: a list holds 1 students where the scores list 4"):
        night(deployment)
    assert not (deployment.published / "current").exists()
    assert list((deployment.published / "generations").iterdir()) == []


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        (lambda made: b"PK" + made[2:-30], 0),  # the end of the file is missing: no program opens it
        (lambda made: flipped(made, made.index(b"sheet1.xml") + 200), 0),
        (lambda made: _one_pupil_less(made), 3),
    ],
)
def test_workbooks_are_held_against_the_marts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: Callable[[bytes], bytes], found: int
) -> None:
    deployment = district(tmp_path)
    real = book.content
    monkeypatch.setattr(book, "content", lambda *given: spoilt(real(*given)))
    with pytest.raises(PublishError, match=f"lists/S1: a workbook holds {found} students where the scores list 4"):
        night(deployment)
    assert list((deployment.published / "generations").iterdir()) == []


def flipped(content: bytes, place: int) -> bytes:
    """One byte of a packed part is another: its checksum does not hold."""
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _one_pupil_less(content: bytes) -> bytes:
    file = io.BytesIO(content)
    made = openpyxl.load_workbook(file)
    made.worksheets[0].delete_rows(3)
    made.save(changed := io.BytesIO())
    return changed.getvalue()


def test_a_school_without_its_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write._store
    monkeypatch.setattr(write, "_store", lambda path, content: None if path.name == "S2_2025-03-10.xlsx" else real(path, content))
    with pytest.raises(PublishError, match="lists/S2: a workbook holds 0 students"):
        night(district(tmp_path))


def test_who_left_a_list_is_no_pupil_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write.gather

    def with_left(*given: object) -> Iterator[SchoolList]:
        for school in real(*given):  # type: ignore[arg-type]
            yield replace(school, left=table(LEFT))

    monkeypatch.setattr(write, "gather", with_left)
    deployment = district(tmp_path)
    assert night(deployment)["listed"] == 12
    lines = (deployment.published / "current" / "lists" / "S3" / "S3_2025-03-10.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + 4 + 1
    assert lines[-1].startswith(",,7-1,,007,Amrani,Aya,")


def test_a_file_that_changes_before_the_swap_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = district(tmp_path)
    night(deployment)
    monkeypatch.setattr(generation, "seal", lambda partial: (partial / "report.html").write_text("other"))
    with pytest.raises(PublishError, match=r"report\.html: a file differs"):
        night(deployment, 1, "r2")
    assert (deployment.published / "current").resolve().name == "2025-03-10-r1"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (OSError(28, "No space left on device", "J100000002"), "OSError: No space left on device"),
        (pl.exceptions.ComputeError("cannot parse 'بنعلي'"), "ComputeError"),
    ],
)
def test_an_error_names_its_kind_and_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, cause: str
) -> None:
    deployment = district(tmp_path)
    night(deployment)

    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr(report, "write", broken)
    with pytest.raises(PublishError) as caught:
        night(deployment, 1, "r2")
    text = str(caught.value)
    assert f"Cause: {cause}\n" in text and "the last publication stays" in text and "Remedy: " in text
    assert "J1000" not in text and "بنعلي" not in text
    assert caught.value.__suppress_context__
    assert caught.value.exit_code == 41
    manifest.verify(deployment.published / "current")
    assert [p.name for p in (deployment.published / "generations").iterdir()] == ["2025-03-10-r1"]
    monkeypatch.undo()
    assert night(deployment, 1, "r2")["listed"] == 12  # the same run, tried again


def test_an_unknown_language_of_a_school_is_refused(tmp_path: Path) -> None:
    deployment = district(tmp_path, school_languages={"S1": "es"})
    with pytest.raises(SettingsError, match="'es'"):
        night(deployment)


def test_no_identity_file_is_an_error(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    deployment.identity.unlink()
    with pytest.raises(PublishError, match="Cause: "):
        night(deployment)


def test_a_reader_keeps_the_night_it_opened(tmp_path: Path) -> None:
    deployment = district(tmp_path, night={"keep_generations": 2})
    night(deployment)
    with (deployment.published / "current" / "report.html").open(encoding="utf-8") as open_page:
        for days in range(1, 4):
            night(deployment, days, f"r{days + 1}")
        assert "2025-03-10-r1" in open_page.read()
