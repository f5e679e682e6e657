"""Answers in marts, on the next list, in the report and in the operator's command: small tables, numbers by hand."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.monitor.night import tonight
from dropout.privacy import disclosure
from dropout.privacy.anonymity import required
from dropout.privacy.disclosure import LEAST
from dropout.publish import marts
from dropout.publish.answers.last import in_words, last_answers
from dropout.publish.answers.mend import to_mend
from dropout.publish.answers.words import load_told
from dropout.publish.marts import SEVERAL_ROWS
from dropout.publish.publish import publish
from dropout.publish.words import words_of
from dropout.resources import sql
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, TARGET, begun, district, protecting, scored
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
        protecting(con, deployment, root)
        marts.build(con, root / "analytics.duckdb")
        yield con


def key(number: int) -> str:
    return f"{number:015x}"


def test_the_answers_that_stand_with_the_first_day_they_came(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select student_key, list_date, school_id, is_listed, decision, action, outcome, first_known_at, known_at "
        "from exact.marts.followup"
    ).fetchall()
    third, sixth = dt.date(2025, 3, 3), dt.date(2025, 3, 6)
    assert found == [
        (key(1), third, "S1", True, "will_act", "call", "improved", dt.date(2025, 3, 5), dt.date(2025, 3, 8)),
        (key(1), sixth, "S1", True, "not_at_this_school", None, None, dt.date(2025, 3, 9), dt.date(2025, 3, 9)),
        (key(2), third, "S1", True, "disagree", "none", None, dt.date(2025, 3, 7), dt.date(2025, 3, 7)),
        (key(20), sixth, "S2", False, "will_act", "home_visit", None, dt.date(2025, 3, 10), dt.date(2025, 3, 10)),
    ]


def test_how_lists_were_answered(con: duckdb.DuckDBPyConnection) -> None:
    cursor = con.execute("from exact.marts.list_response")
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
    # of four students, too few to be told: that somebody answered so is all that is said
    assert found == [
        (9, "list_answers", "followup", "disagree", "warn", None, None),
        (9, "list_answers", "followup", "not_at_this_school", "warn", None, None),
    ]


def test_analysts_see_no_small_count_of_a_list(con: duckdb.DuckDBPyConnection) -> None:
    columns = [name for name, *_ in con.execute("describe analytics.marts.list_response").fetchall()]
    found = con.execute("select * exclude (target) from analytics.marts.list_response").fetchall()
    assert columns[:4] == ["school_id", "list_date", "target", "listed_count"]
    third, sixth, none = dt.date(2025, 3, 3), dt.date(2025, 3, 6), (None,) * 7
    # 3, 2 and 1 students listed are few; that nobody was answered is said
    assert found == [
        ("S1", third, None, None, None, *none),
        ("S1", sixth, None, None, None, *none),
        ("S2", sixth, None, 0, None, *none),
    ]
    assert con.execute("from analytics.marts.followup").fetchall() == []  # three students are nobody's ten


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
        # 14 of the 16 pupils of S3 are said not to be there, on two lists each: 28 answers, but all but two of the pupils
        con.execute(
            "insert into core.followup (student_key, list_date, decision, known_at, delivery_no, file_id, line) "
            "select k, date '2025-03-06' - d::integer, "
            "if(k < 47, 'not_at_this_school', 'will_act'), date '2025-03-08', 9, 9, 100 * d + k "
            "from range(33, 49) as r(k), range(2) as s(d)"
        )
        publish(con, begun(con, deployment))
    html = (deployment.published / "current" / "report.html").read_text(encoding="utf-8")
    assert "Lists that came back tonight: 1. Lines that could not be taken: 2. Lists that could not be read: 0." in html
    assert "Karim" not in html
    table = re.search(r"<table>\n<tr><th>[^\n]*Not at this school</th></tr>(.*?)</table>", html, flags=re.S)
    assert table is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", re.sub(r"</?(code|span)[^>]*>", "", table[1]))
    # S1 has 2 pupils answered, below ten; S3 has 16, shown as 15 or 20
    hidden = words_of("en").report.hidden
    assert cells[:5] == ["S1", hidden, hidden, hidden, "S3"] and cells[5] in ("15", "20") and cells[6:] == [hidden, hidden]


# answers to 72 students in February and March; student 1 has ten more, of a kind that nobody else has
MANY = """
insert into exact.marts.followup by name
select
    printf('%015x', k) as student_key,
    if(k <= 32 or k > 66, date '2025-02-03', date '2025-03-03') as list_date, 'S1' as school_id,
    true as is_listed,
    case when k <= 44 then 'will_act' when k <= 60 then 'disagree' else 'not_at_this_school' end as decision,
    if(k <= 20, 'call', if(k <= 26, 'letter', null)) as action,
    if(k <= 12, 'improved', if(k <= 20, 'not_reached', null)) as outcome,
    list_date + (k % 2)::integer as first_known_at
from range(1, 73) as r(k)
union all
select
    printf('%015x', 1), date '2025-03-03' + d::integer, 'S1', true, 'already_known', 'home_visit', null, date '2025-03-09'
from range(10) as r(d)
"""


def test_an_answer_is_told_as_far_as_ten_students_share_it() -> None:
    with duckdb.connect() as c:
        c.execute("attach ':memory:' as exact")
        c.execute("create schema exact.marts")
        c.execute(
            "create table exact.marts.followup (student_key varchar, list_date date, school_id varchar, is_listed boolean, "
            "decision varchar, action varchar, outcome varchar, first_known_at date)"
        )
        c.execute(MANY)
        c.execute(f"create temp table answer_class as {sql('analysts/answer_class')}", {"k": LEAST})
        found = c.execute(
            f"select * exclude (is_listed), count(*) as n from ({sql('analysts/followup')}) group by all"
        ).fetchall()
        counts = c.execute(sql("analysts/answer_class_counts")).fetchall()
        k = required(c, SEVERAL_ROWS["followup"], ["decision", "coarsened"], table="followup", person="student_key")
    february, march = dt.date(2025, 2, 1), dt.date(2025, 3, 1)
    assert sorted(found, key=str) == sorted(
        [
            # 12 called and improved; 8 not reached, 6 with a letter and 6 of whom nothing is said are 20 without their action
            (february, "will_act", "call", "improved", 0.5, None, 12),
            (february, "will_act", None, None, 0.5, "action and outcome", 20),
            (march, "will_act", None, None, 0.5, None, 12),
            (march, "disagree", None, None, 0.5, None, 16),
            # 6 of each month: 12 without it
            (None, "not_at_this_school", None, None, 0.5, "month, action and outcome", 12),
        ],
        key=str,
    )
    # 72 of 82 rows: ten answers of one student are not ten students, and are left out
    assert counts == [(72, 32, 10)]
    assert k == 12


def test_how_a_large_list_was_answered_is_told_in_fives() -> None:
    """40 listed of 300 and 30 answered: 15 will act. Another night all 40 were answered, and all disagree."""
    with duckdb.connect() as c:
        disclosure.install(c, b"\7" * 32)
        c.execute("attach ':memory:' as exact; create schema exact.marts")
        c.execute("create table exact.marts.school_night as select 'S1' as school_id, 300 as enrolled_count")
        c.execute(
            "create table exact.marts.list_response as select 'S1' as school_id, date '2025-03-03' + d::integer as list_date, "
            "'leaves_by_next_year' as target, 40 as listed_count, if(d = 0, 30, 40) as answered_count, 0.0 as answered_share, "
            "if(d = 0, 15, 0) as will_act_count, 0 as already_known_count, if(d = 0, 15, 40) as disagree_count, "
            "0 as not_at_this_school_count, 3 as acted_count, 0 as outcome_count, 3.0 as days_to_answer_median "
            "from range(2) as r(d)"
        )
        first, second = c.execute(
            f"select listed_count, answered_count, answered_share, will_act_count, already_known_count, disagree_count, "
            f"acted_count, days_to_answer_median from ({sql('analysts/list_response')})"
        ).fetchall()
        (drawn,) = c.execute("select shown_count('school_night/listed/S1', 40)").fetchall()
    listed, answered, share, will_act, already, disagree, acted, days = first
    # multiples of five next to the truth, one draw for one number, and the share is that of what is shown
    assert (listed,) == drawn and listed == second[0] and listed in (40, 45) and answered in (30, 35)
    assert share == round(answered / listed, 1)
    assert will_act in (15, 20) and disagree in (15, 20)
    assert (already, acted, days) == (None, None, 3.0)
    # that all were answered is told, what all of them were answered is not
    assert second[1] in (40, 45) and second[2] in (0.9, 1.0) and second[3:6] == (None, None, None)
