"""Changes in words: golden texts of every state, reason and number, in three languages."""

import datetime as dt

import polars as pl
import pytest

from dropout.publish.changes.in_words import LEAST, NUMBERS, in_words
from dropout.publish.changes.words import WhyWords, changes_of

FIRST, LAST, WEEK = dt.date(2025, 3, 3), dt.date(2025, 3, 7), dt.date(2025, 3, 5)
COLUMNS = {name: pl.Float64 for number in (*NUMBERS, "registers_taken_28d_count") for name in (number, f"{number}_then")}
NBSP = "\u00a0"


def said(language: str, *rows: dict[str, object]) -> list[tuple[str, str]]:
    """`change` and `numbers_since` of each row; what a row does not give is unknown."""
    schema = {
        "school_id": pl.String, "student_key": pl.Int64, "state": pl.String, "why": pl.String, "first_date": pl.Date,
        "last_date": pl.Date, "compared_date": pl.Date, "chance_then": pl.Float64, "chance_now": pl.Float64,
        "is_said_elsewhere": pl.Boolean, **COLUMNS,
    }  # fmt: skip
    given = [{"school_id": "S1", "student_key": i, "is_said_elsewhere": False, **row} for i, row in enumerate(rows)]
    table = pl.DataFrame([{name: row.get(name) for name in schema} for row in given], schema=schema)
    told = in_words(table, language)
    assert told["student_key"].to_list() == list(range(len(rows)))
    return list(zip(told["change"], told["numbers_since"], strict=True))


STAY: dict[str, object] = {
    "first_date": FIRST, "last_date": LAST, "compared_date": WEEK, "chance_then": 0.43, "chance_now": 0.21,
}  # fmt: skip
STATES: list[dict[str, object]] = [
    {"state": "first"},
    {"state": "added", "chance_now": 0.3},
    {"state": "kept", **STAY},
    {"state": "kept", **STAY, "chance_then": None},
    {"state": "back", **STAY},
    {"state": "back", **STAY, "chance_then": None},
]
GOLDEN = {
    "en": [
        "first list of this school year",
        "new on the list",
        "still on the list, since March 3, 2025 (chance then: 43%)",
        "still on the list, since March 3, 2025",
        "back on the list (last on it on March 7, 2025, chance then: 43%)",
        "back on the list (last on it on March 7, 2025)",
    ],
    "fr": [
        "première liste de cette année scolaire",
        "nouveau sur la liste",
        f"toujours sur la liste, depuis le 3 mars 2025 (probabilité alors\u00a0: 43{NBSP}%)",
        "toujours sur la liste, depuis le 3 mars 2025",
        f"de retour sur la liste (la dernière fois le 7 mars 2025, probabilité alors\u00a0: 43{NBSP}%)",
        "de retour sur la liste (la dernière fois le 7 mars 2025)",
    ],
    "ar": [
        "أول لائحة في هذه السنة الدراسية",
        "جديد في اللائحة",
        "ما زال في اللائحة، منذ 3 مارس 2025 (الاحتمال آنذاك: 43%)",
        "ما زال في اللائحة، منذ 3 مارس 2025",
        "عاد إلى اللائحة (كان فيها آخر مرة يوم 7 مارس 2025، والاحتمال آنذاك: 43%)",
        "عاد إلى اللائحة (كان فيها آخر مرة يوم 7 مارس 2025)",
    ],
}
FELL = {
    "en": "left the list: the chance fell from 43% to 21%",
    "fr": f"sorti de la liste\u00a0: la probabilité est passée de 43{NBSP}% à 21{NBSP}%",
    "ar": "خرج من اللائحة: انخفض الاحتمال من 43% إلى 21%",
}


@pytest.mark.parametrize("language", GOLDEN)
def test_states(language: str) -> None:
    assert said(language, *STATES) == [(text, "") for text in GOLDEN[language]]


@pytest.mark.parametrize("language", FELL)
def test_why_a_student_left(language: str) -> None:
    whys = [name for name in WhyWords.model_fields if name != "others_first_chance"]
    texts = dict(zip(whys, said(language, *({"state": "left", "why": why, **STAY} for why in whys)), strict=True))
    assert texts["risk_fell"] == (FELL[language], "")
    words = changes_of(language)
    plain = {why: getattr(words.why, why) for why in ("transferred", "left_school", "finished", "no_data", "ranked_anew")}
    assert {why: texts[why][0] for why in plain} == {why: words.change.left.format(why=text) for why, text in plain.items()}
    assert len({text for text, _ in texts.values()}) == len(whys)
    assert not any("{" in text for text, _ in texts.values())


def test_others_first_names_chances_only_where_both_are_known() -> None:
    left: dict[str, object] = {"state": "left", "why": "others_first", **STAY}
    both, one = said("en", left, {**left, "chance_then": None})
    assert both[0] == "left the list: others come first now (chance then: 43%, now: 21%)"
    assert one[0] == "left the list: others come first now"


def test_an_answer_that_contradicts_the_data_is_said_of_who_is_listed() -> None:
    kept, left = said(
        "en",
        {"state": "kept", **STAY, "is_said_elsewhere": True},
        {"state": "left", "why": "transferred", "is_said_elsewhere": True},
    )
    assert kept[0] == (
        "still on the list, since March 3, 2025 (chance then: 43%). The school answered that this pupil is not there; "
        "by the data it still is. Ask the operator to correct the enrolment."
    )
    assert left[0] == "left the list: enrolled in another school"


MOVED: dict[str, object] = {
    "state": "kept", **STAY,
    "absences_unexcused_28d_count_then": 3, "absences_unexcused_28d_count": 7,
    "registers_taken_28d_count_then": 18, "registers_taken_28d_count": 20,
    "absence_share_year_then": 0.08, "absence_share_year": 0.11,
    "mark_mean_year_share_then": 0.41, "mark_mean_year_share": 0.38,
    "assessments_missing_count_then": 1, "assessments_missing_count": 2,
    "incidents_year_count_then": 0, "incidents_year_count": 1,
}  # fmt: skip


def test_numbers_that_moved() -> None:
    [(_, english)], [(_, french)], [(_, arabic)] = (said(language, MOVED) for language in ("en", "fr", "ar"))
    assert english == (
        "Since March 5, 2025: Days absent without excuse, of the last days with a register: 3 of 18 → 7 of 20. "
        "Days missed this year: 8% → 11%. Average mark this year: 41% → 38% of the maximum. "
        "Assessments missed this year: 1 → 2. Incidents of conduct this year: 0 → 1."
    )
    assert french == (
        "Depuis le 5 mars 2025\u00a0: Jours d'absence non justifiée, sur les derniers jours d'appel\u00a0: 3 sur 18 → 7 sur 20. "
        f"Jours manqués cette année\u00a0: 8{NBSP}% → 11{NBSP}%. "
        f"Moyenne des notes de cette année\u00a0: 41{NBSP}% → 38{NBSP}% du maximum. "
        "Contrôles manqués cette année\u00a0: 1 → 2. Incidents de conduite cette année\u00a0: 0 → 1."
    )
    assert arabic == (
        "منذ 5 مارس 2025: أيام الغياب غير المبرر من آخر أيام المناداة: 3 من 18 ← 7 من 20. "
        "الأيام المتغيب عنها هذه السنة: 8% ← 11%. معدل نقط هذه السنة: 41% ← 38% من النقطة القصوى. "
        "الفروض غير المنجزة هذه السنة: 1 ← 2. حوادث السلوك هذه السنة: 0 ← 1."
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_hardly_moved_is_not_told(name: str) -> None:
    """Half of the least move is none; a whole one is told, up or down; what is not known on one side is not compared."""
    least = LEAST.get(name, 1.0)
    of = {"registers_taken_28d_count_then": 20, "registers_taken_28d_count": 20}
    row: dict[str, object] = {"state": "kept", **STAY, **of, f"{name}_then": 0.5}
    texts = said(
        "en", {**row, name: 0.5 + least / 2}, {**row, name: 0.5 + least}, {**row, name: 0.5 - least}, {**row, name: None}, row
    )
    assert [bool(text) for _, text in texts] == [False, True, True, False, False]


def test_nobody_is_no_error() -> None:
    assert said("fr") == []
