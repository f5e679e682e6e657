"""Contracts are read strictly, and say the same everywhere."""

import shutil
from pathlib import Path

import pytest

from dropout.contracts import contract as contracts
from dropout.contracts.contract import load_contracts
from dropout.contracts.dictionary import dictionary
from dropout.contracts.rules import dataset_rules, find_rule, row_rules
from dropout.errors import SettingsError
from dropout.resources import resource

# the core tables of the design, with the columns the warehouse holds
CORE = {
    "school": "school_id school_name region locality level capacity",
    "student": "student_key birth_year sex disability scholarship home_locality mother_tongue",
    "enrolment": "student_key school_id school_year grade_level class_id entry_date exit_date exit_reason",
    "calendar": "school_id date is_school_day",
    "attendance": "student_key date session status minutes_missed",
    "attendance_total": "student_key period_start period_end school_days absent_days absent_excused_days "
    "absent_unexcused_days late_count",
    "register": "class_id date session taken",
    "grade": "student_key school_year term subject assessment_id assessment_date due_date mark max_mark coefficient state",
    "activity": "student_key date kind amount",
    "conduct": "student_key date kind",
    "followup": "student_key list_date decision action action_date outcome note_code",
}


def test_the_warehouse_holds_the_core_tables_and_nobody_s_identity() -> None:
    assert {name: " ".join(c.warehouse_columns) for name, c in load_contracts().items()} == CORE
    identity = {"student_id", "given_name", "family_name", "birth_date", "guardian_phone"}
    assert set(load_contracts()["student"].identity_columns) == identity
    assert not identity & {name for c in load_contracts().values() for name in c.warehouse_columns}


def test_every_column_that_stands_for_or_tells_of_a_student_says_so() -> None:
    for contract in load_contracts().values():
        for name, column in contract.warehouse_columns.items():
            assert (column.pii == "pseudonym") == (name == "student_key")
    assert {c.pii for n, c in load_contracts()["student"].warehouse_columns.items() if n != "student_key"} == {"sensitive"}


def test_the_canonical_extract_has_the_real_number_and_each_column_once() -> None:
    student = {c.name: (c.type, c.is_required) for c in load_contracts()["student"].canonical_columns}
    assert student["student_id"] == ("VARCHAR", True)
    assert student["birth_date"] == ("DATE", False)
    assert "student_key" not in student
    assert "birth_year" not in student
    attendance = {c.name: (c.type, c.is_required) for c in load_contracts()["attendance"].canonical_columns}
    assert attendance == {
        "student_id": ("VARCHAR", True),
        "date": ("DATE", True),
        "session": ("VARCHAR", True),
        "status": ("VARCHAR", True),
        "minutes_missed": ("INTEGER", False),
    }


def test_only_what_is_needed_is_required() -> None:
    assert {name for name, c in load_contracts().items() if c.is_required} == {"student", "enrolment"}


def test_parents_come_before_the_tables_that_refer_to_them() -> None:
    order = list(load_contracts())
    for contract in load_contracts().values():
        assert all(order.index(r.to) < order.index(contract.table) for r in contract.references)


def test_every_rule_has_words_for_what_is_wrong_and_what_to_do() -> None:
    for contract in load_contracts().values():
        rules = (*row_rules(contract), *dataset_rules(contract))
        assert len({r.name for r in rules}) == len(rules)
        for rule in rules:
            assert find_rule(contract.table, rule.name).says.endswith(".")
            assert rule.remedy.endswith(".")


def test_the_dictionary_in_docs_is_the_one_the_contracts_give() -> None:
    written = resource("docs/dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary(), "write docs/dictionary.md anew from dropout.contracts.dictionary.dictionary()"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the contracts that a test may spoil."""
    shutil.copytree(resource(contracts.FOLDER), tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(contracts, "resource", lambda _: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("nullabel: true", "nullable: true", "unknown key 'columns.minutes_missed.nullabel'"),
        ("evnt_date: date", "event_date: date", "unknown key 'evnt_date'"),
    ],
)
def test_an_unknown_key_is_an_error_with_the_nearest_key(folder: Path, wrong: str, right: str, says: str) -> None:
    path = folder / "attendance.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(SettingsError) as caught:
        load_contracts.__wrapped__()
    assert caught.value.what == says
    assert caught.value.where.endswith("attendance.yaml")
    assert caught.value.remedy == f"Did you mean '{right.strip().split(':')[0]}'?"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("key: [student_key, date, session]", "key: [student_key, day]", "no such warehouse column: day"),
        ("key: [student_key, date, session]", "key: [minutes_missed]", "must not be nullable: minutes_missed"),
        ("event_date: date", "event_date: datum", "no such warehouse column: datum"),
        ("name: minutes_while_present", "name: date_in_future", "two rules have the same name"),
        ("severity: warn", "severity: shrug", "severity"),
        ("type: INTEGER", "type: NUMBER", "type"),
        ("    to: student", "    to: pupil", "pupil has no student_key"),
        ("table: attendance", "table: absence", "holds the contract of 'absence'"),
        ("    to: student", "    to: followup", "followup"),
    ],
)
def test_a_contract_that_does_not_fit_together_is_refused(folder: Path, old: str, new: str, says: str) -> None:
    path = folder / "attendance.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    if "followup" in new:  # the contracts now refer to each other in a circle
        other = folder / "followup.yaml"
        other.write_text(other.read_text().replace("    to: student", "    to: attendance"))
        says = "in a circle"
    with pytest.raises(SettingsError, match=says):
        load_contracts.__wrapped__()
