"""The sheet of all pupils: made only where settings ask for it, sorted by class and name, blind to chances."""

from pathlib import Path

import duckdb
import openpyxl
import polars as pl

from dropout.monitor.night import tonight
from dropout.publish.lists.workbook.pupil_sheet import pupils_by_school
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import begun, district, scored


def of_tonight(deployment: Deployment, *statements: str) -> dict[str, pl.DataFrame]:
    with connect(deployment) as con:
        scored(con)
        for statement in statements:
            con.execute(statement)
        run = begun(con, deployment)
        tonight(con, run)
        return pupils_by_school(con, run)


def test_every_enrolled_pupil_stands_with_its_school_by_class_and_name(tmp_path: Path) -> None:
    found = of_tonight(district(tmp_path))
    assert {school: table.height for school, table in found.items()} == {"S1": 16, "S2": 16, "S3": 16, "S4": 16}
    # S3 has pupils 33…48: class S3-0 holds the even ones, S3-1 the odd ones; their names are Nom33…Nom48
    assert found["S3"]["class_name"].to_list() == ["S3-0"] * 8 + ["S3-1"] * 8
    assert found["S3"]["family_name"].to_list() == [f"Nom{k}" for k in [*range(34, 49, 2), *range(33, 49, 2)]]
    assert not {"chance", "school_rank"} & set(found["S3"].columns)


def test_names_are_sorted_without_regard_to_case_and_accents(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    con = duckdb.connect(str(deployment.identity))
    for key, name in ((34, "éa"), (36, "Eb"), (38, "ec"), (40, "Za")):
        con.execute("update student set family_name = ? where student_key = ?", [name, key])
    con.close()
    assert of_tonight(deployment)["S3"]["family_name"].to_list()[:3] == ["éa", "Eb", "ec"]


def test_numbers_by_hand(tmp_path: Path) -> None:
    # 0.11 of 20 registers taken are 2.2 days missed; what is not known stays NULL, also where the other factor is known
    found = of_tonight(
        district(tmp_path),
        "update night.snapshot set absence_share_28d = 0.11, absences_unexcused_28d_count = 1.5, mark_mean_year_share = 0.25, "
        "assessments_missing_count = 3, incidents_year_count = 0 where student_key = 34",
    )
    first, second = found["S3"].head(2).iter_rows(named=True)
    numbers = ("registers_taken", "days_missed", "days_unexcused", "mark_mean", "assessments_missing", "incidents")
    assert [first[n] for n in numbers] == [20, 2.2, 1.5, 0.25, 3, 0]
    assert [second[n] for n in numbers] == [20, None, None, None, None, None]


def test_too_little_data_for_a_chance_is_told(tmp_path: Path) -> None:
    # place 15 of S1, pupil 16, abstains
    found = of_tonight(district(tmp_path))["S1"]
    assert found.filter("is_abstained")["student_id"].to_list() == ["J100000016"]


def sheets(deployment: Deployment) -> list[str]:
    with connect(deployment) as con:
        scored(con)
        publish(con, begun(con, deployment))
    return openpyxl.load_workbook(deployment.published / "current" / "lists" / "S3" / "S3_2025-03-10.xlsx").sheetnames


def test_the_sheet_is_there_only_where_settings_ask_for_it(tmp_path: Path) -> None:
    assert sheets(district(tmp_path / "a")) == ["List", "How to read this"]
    assert sheets(district(tmp_path / "b", lists={"all_pupils": True})) == ["List", "How to read this", "All pupils"]
