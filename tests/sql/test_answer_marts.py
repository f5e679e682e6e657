"""Answers in marts, on the next list, in the report and in the operator's command: small tables, numbers by hand."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.monitor.night import tonight
from dropout.publish import marts
from dropout.publish.answers.last import in_words, last_answers
from dropout.publish.answers.mend import to_mend
from dropout.publish.answers.words import load_told
from dropout.publish.publish import publish
from dropout.publish.words import words_of
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, TARGET, begun, district, scored
from tests.tables import rows

# two lists of S1 (students 1 to 3, then 1 and 2) and one of S2 (17); the first night was published twice, the second time
# with student 3 and without 4; tonight's own list is no list to answer yet
LISTED = """
generation_id   | as_of_date | school_id | student_key
2025-03-03-r0   | 2025-03-03 | S1        | 1
2025-03-03-r0   | 2025-03-03 | S1        | 4
2025-03-03-r1   | 2025-03-03 | S1        | 1
2025-03-03-r1   | 2025-03-03 | S1        | 2
2025-03-03-r1   | 2025-03-03 | S1        | 3
2025-03-06-r2   | 2025-03-06 | S1        | 1
2025-03-06-r2   | 2025-03-06 | S1        | 2
2025-03-06-r2   | 2025-03-06 | S2        | 17
2025-03-10-r3   | 2025-03-10 | S1        | 1
"""
# student 1 was answered two days after the list, and again after five; 2 after four; 17 comes only after tonight.
# Student 20 stood on no list: the counselor of S2 wrote it in.
ANSWERED = """
student_key | list_date  | decision           | action     | action_date | outcome  | note_code | known_at   | known_until
1           | 2025-03-03 | will_act           |            |             |          |           | 2025-03-05 | 2025-03-08
1           | 2025-03-03 | will_act           | call       | 2025-03-06  | improved | N4        | 2025-03-08 |
2           | 2025-03-03 | disagree           | none       |             |          |           | 2025-03-07 |
1           | 2025-03-06 | not_at_this_school |            |             |          |           | 2025-03-09 |
17          | 2025-03-06 | disagree           |            |             |          |           | 2025-03-11 |
20          | 2025-03-06 | will_act           | home_visit |             |          |           | 2025-03-10 |
"""


def fill(con: duckdb.DuckDBPyConnection) -> None:
    for row in rows(LISTED):
        con.execute(
            "insert into ops.list_entry by name select $generation_id as generation_id, $as_of_date::date as as_of_date, "
            "$school_id as school_id, $student_key::bigint as student_key, $target as target, 'model' as method, "
            "'model-1' as model_version, 1 as school_rank",
            {**row, "target": TARGET},
        )
    for line, row in enumerate(rows(ANSWERED), start=2):
        con.execute(
            f"insert into core.followup ({', '.join(row)}, delivery_no, file_id, line) "
            f"values ({', '.join('?' * len(row))}, 9, 9, ?)",
            [*row.values(), line],
        )
    con.execute(
        "insert into ops.delivery values "
        "('x', 9, '2025-03-08 list 00001', 'list_answers', null, '2025-03-08', false, 'loaded', 1, 1, 0)"
    )


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    root = tmp_path_factory.mktemp("answers")
    deployment = district(root)
    with connect(deployment) as con:
        scored(con)
        fill(con)
        tonight(con, begun(con, deployment))
        marts.build(con, root / "analytics.duckdb")
        yield con


def key(number: int) -> str:
    return f"{number:015x}"


def test_the_answers_that_stand_with_the_first_day_they_came(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select student_key, list_date, school_id, is_listed, decision, action, outcome, first_known_at, known_at "
        "from analytics.marts.followup"
    ).fetchall()
    third, sixth = dt.date(2025, 3, 3), dt.date(2025, 3, 6)
    assert found == [
        (key(1), third, "S1", True, "will_act", "call", "improved", dt.date(2025, 3, 5), dt.date(2025, 3, 8)),
        (key(1), sixth, "S1", True, "not_at_this_school", None, None, dt.date(2025, 3, 9), dt.date(2025, 3, 9)),
        (key(2), third, "S1", True, "disagree", "none", None, dt.date(2025, 3, 7), dt.date(2025, 3, 7)),
        (key(20), sixth, "S2", False, "will_act", "home_visit", None, dt.date(2025, 3, 10), dt.date(2025, 3, 10)),
    ]


def test_how_lists_were_answered(con: duckdb.DuckDBPyConnection) -> None:
    cursor = con.execute("from analytics.marts.list_response")
    names = [d[0] for d in cursor.description or []]
    found = {(r["school_id"], str(r["list_date"])): r for r in (dict(zip(names, row, strict=True)) for row in cursor.fetchall())}
    assert set(found) == {("S1", "2025-03-03"), ("S1", "2025-03-06"), ("S2", "2025-03-06")}
    first = found["S1", "2025-03-03"]
    # 2 of the 3 that the last publication of that night named; after 2 and 4 days, so 3 at the median
    assert (first["listed_count"], first["answered_count"], first["days_to_answer_median"]) == (3, 2, 3.0)
    assert first["answered_share"] == pytest.approx(2 / 3)
    assert (first["will_act_count"], first["disagree_count"], first["acted_count"], first["outcome_count"]) == (1, 1, 1, 1)
    second = found["S1", "2025-03-06"]
    assert (second["listed_count"], second["answered_count"], second["not_at_this_school_count"]) == (2, 1, 1)
    # what comes tomorrow is not known tonight, and whom nobody listed answers no list
    third = found["S2", "2025-03-06"]
    assert (third["answered_count"], third["answered_share"], third["days_to_answer_median"]) == (0, 0.0, None)


def test_decisions_that_a_list_was_wrong_are_data_quality(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select delivery_no, source, table_name, rule, severity, row_count, violation_count from analytics.marts.data_quality "
        "where stage = 'answer'"
    ).fetchall()
    assert found == [
        (9, "list_answers", "followup", "disagree", "warn", 6, 2),
        (9, "list_answers", "followup", "not_at_this_school", "warn", 6, 1),
    ]


def test_the_operator_sees_whom_it_is_about(con: duckdb.DuckDBPyConnection) -> None:
    columns, found = to_mend(con, NIGHT, 30)
    assert columns == ["school_id", "pseudonym", "list_date", "decision", "came_on"]
    assert found == [
        ("S1", key(1), dt.date(2025, 3, 6), "not_at_this_school", dt.date(2025, 3, 9)),
        ("S1", key(2), dt.date(2025, 3, 3), "disagree", dt.date(2025, 3, 7)),
    ]
    assert [row[1] for row in to_mend(con, NIGHT, 2)[1]] == [key(1)]  # 8 and 9 March alone
    assert len(to_mend(con, dt.date(2025, 3, 11), 30)[1]) == 3
    con.execute("create or replace temp table this_night as select ?::date as as_of_date", [NIGHT])


def test_the_newest_answer_and_remark_of_each_student(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("attach ':memory:' as identity")
    try:
        assert last_answers(con)["remark"].to_list() == [None, None, None]  # an identity store of before holds none
        con.execute("create table identity.remark (student_key bigint, list_date date, remark varchar, known_at date)")
        con.execute(
            "insert into identity.remark values (2, '2025-03-03', 'ill', '2025-03-07'), "
            "(3, '2025-03-06', 'moved', '2025-03-09'), (1, '2025-03-03', 'old', '2025-03-08'), "
            "(4, '2025-03-06', 'tomorrow', '2025-03-11')"
        )
        assert last_answers(con)["reviewer"].to_list() == [None] * 4  # nor did one of before hold who answered
        con.execute("alter table identity.remark add column reviewer varchar")
        con.execute("update identity.remark set reviewer = 'A.B.' where student_key = 2")
        # initials under a remark that is not there stand with their answer (1), and are none by themselves (5)
        con.execute(
            "insert into identity.remark values (1, '2025-03-06', null, '2025-03-09', 'the head'), "
            "(5, '2025-03-06', null, '2025-03-09', 'C.D.')"
        )
        found = last_answers(con).select("student_key", "list_date", "decision", "remark", "reviewer").rows()
    finally:
        con.execute("detach identity")
    assert found == [
        (1, dt.date(2025, 3, 6), "not_at_this_school", None, "the head"),
        (2, dt.date(2025, 3, 3), "disagree", "ill", "A.B."),
        (3, dt.date(2025, 3, 6), None, "moved", None),
        (20, dt.date(2025, 3, 6), "will_act", None, None),
    ]


SCHEMA = {
    "student_key": pl.Int64, "list_date": pl.Date, "decision": pl.String, "action": pl.String, "action_date": pl.Date,
    "outcome": pl.String, "note_code": pl.String, "remark": pl.String, "reviewer": pl.String,
}  # fmt: skip
TOLD = [
    (1, dt.date(2025, 3, 12), "will_act", "call", dt.date(2025, 3, 14), "improved", None, None, "A.B."),
    (2, dt.date(2024, 12, 1), "disagree", None, None, None, "N4", "he is ill", None),
    (3, dt.date(2025, 3, 12), "already_known", "none", None, None, None, None, None),
    (4, dt.date(2025, 3, 12), None, None, None, None, None, "moved", "م.ب."),
    (5, dt.date(2025, 3, 12), None, None, None, "left", None, None, None),
]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "12 March (A.B.): will act – call to the guardian on 14 March, outcome: improved",
                "1 December 2024: disagree, note N4. “he is ill”",
                "12 March: already known – no action",
                "12 March (م.ب.): “moved”",
                "12 March: outcome: left school",
            ],
        ),
        (
            "fr",
            [
                "12 mars (A.B.)\u00a0: donnera suite – appel au tuteur le 14 mars, résultat\u00a0: amélioration",
                "1 décembre 2024\u00a0: pas d'accord, note N4. «\u00a0he is ill\u00a0»",
                "12 mars\u00a0: déjà connu – aucune action",
                "12 mars (م.ب.)\u00a0: «\u00a0moved\u00a0»",
                "12 mars\u00a0: résultat\u00a0: a quitté l'école",
            ],
        ),
        (
            "ar",
            [
                "12 مارس (\u2068A.B.\u2069): سنتدخل – مكالمة مع ولي الأمر في 14 مارس، النتيجة: تحسن",
                "1 دجنبر 2024: غير موافق، ملاحظة N4. «he is ill»",
                "12 مارس: معروف من قبل – بدون إجراء",
                "12 مارس (\u2068م.ب.\u2069): «moved»",
                "12 مارس: النتيجة: غادر المدرسة",
            ],
        ),
    ],
)
def test_answers_in_words(language: str, said: list[str]) -> None:
    table = pl.DataFrame(TOLD, schema=SCHEMA, orient="row")
    found = in_words(table, language, NIGHT)
    assert found["student_key"].to_list() == [1, 2, 3, 4, 5]
    assert found["last_answer"].to_list() == said
    assert in_words(table.clear(), language, NIGHT).height == 0


def test_every_language_has_the_same_placeholders() -> None:
    told = load_told()
    for name in type(told.en).model_fields:
        found = {frozenset(re.findall(r"\{(\w+)\}", getattr(words, name))) for words in (told.en, told.fr, told.ar)}
        assert len(found) == 1, name


def test_the_report_counts_and_names_nobody(tmp_path: Path) -> None:
    deployment = district(tmp_path, deployment={"name": "Essai", "country": "morocco", "language": "en"})
    with connect(deployment) as con:
        scored(con)
        fill(con)
        con.execute("update ops.delivery set arrived_on = ? where delivery_no = 9", [NIGHT])
        con.execute(
            "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count) "
            "values (9, 9, 'returned-en~Karim.csv', 'list_en', 8, 5, 2)"
        )
        # of 16 pupils of S3, 12 are said not to be there: enough to be shown, in fives; with S1's three the rest is hidden
        con.execute(
            "insert into core.followup (student_key, list_date, decision, known_at, delivery_no, file_id, line) "
            "select k, date '2025-03-06', "
            "if(k < 45, 'not_at_this_school', 'will_act'), date '2025-03-08', 9, 9, k from range(33, 49) as r(k)"
        )
        publish(con, begun(con, deployment))
    html = (deployment.published / "current" / "report.html").read_text(encoding="utf-8")
    assert "Lists that came back tonight: 1. Lines that could not be taken: 2. Lists that could not be read: 0." in html
    assert "Karim" not in html
    table = re.search(r"<table>\n<tr><th>[^\n]*Not at this school</th></tr>(.*?)</table>", html, flags=re.S)
    assert table is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", re.sub(r"</?(code|span)[^>]*>", "", table[1]))
    # S1 has 3 answers, below ten; hidden alone, it could be told from a total, so that S3's are hidden as well
    hidden = words_of("en").report.hidden
    assert cells == ["S1", hidden, hidden, hidden, "S3", hidden, hidden, hidden]
