"""Golden texts: every concept and every reason in three languages for one pupil, so that a change of words is seen in review.

The texts stand in tests/golden/words.yaml. After a change of words, write them anew and read the difference:
`python -m tests.unit.test_golden_words`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from dropout.features.catalogue import load_catalogue
from dropout.features.words import LANGUAGES, feature_words
from dropout.publish.chance_words import chance_in_words, no_chance
from dropout.publish.numbers import counted
from dropout.publish.precision_words import last_list_in_words, measured_in_words
from dropout.publish.reasons import in_words
from dropout.publish.words import words_of

FILE = Path(__file__).parents[1] / "golden" / "words.yaml"
CATALOGUE = load_catalogue()
EDGES = (0, 1, 1.5, 2, 3, 11, 100)  # each of Arabic's six forms, and a half

# One pupil: 40 registers this year, 9 of the last 28 days missed and 10 of all 40, so 1 of the 12 before.
SNAPSHOT = {
    "registers_taken_7d_count": 7,
    "registers_taken_28d_count": 28,
    "registers_taken_56d_count": 40,
    "absence_share_7d": 3 / 7,
    "absence_share_28d": 9 / 28,
    "absence_share_56d": 10 / 40,
    "absences_unexcused_7d_count": 2,
    "absences_unexcused_28d_count": 7,
    "absences_unexcused_28d_before_count": 1,
    "lateness_share_28d": 4 / 28,
    "absence_streak_current_days": 2,
    "absence_share_last_period": 0.18,
    "absence_share_year": 10 / 40,
    "absence_unexcused_share_year": 8 / 40,
    "lateness_share_year": 5 / 40,
    "absence_streak_longest_days": 4,
    "absence_week_edge_share": 0.6,
    "absence_trend_difference": 9 / 28 - 1 / 12,
    "absence_own_past_difference": 9 / 28 - 1 / 12,
    "mark_mean_year_share": 0.314,
    "mark_mean_term_share": 0.28,
    "mark_weakest_subject_share": 0.15,
    "marks_failing_count": 3,
    "mark_earned_year_share": 0.22,
    "assessments_marked_count": 6,
    "assessments_missing_count": 2,
    "assessments_missing_share": 0.25,
    "assessments_missing_recent_share": 2 / 3,
    "activity_28_calendar_days_rank_class_share": 0.12,
    "incidents_40_calendar_days_count": 2,
    "incidents_year_count": 11,
    "schools_changed_count": 1,
    "classes_changed_year_count": 2,
    "entry_late_days": 35,
    "is_late_entry": 1,
}
# The same pupil in a better month: what the praise speaks of.
GOOD = {
    **SNAPSHOT,
    "absence_share_28d": 1 / 28,
    "absences_unexcused_28d_count": 0,
    "absence_share_last_period": 0.02,
    "absence_share_year": 0.03,
    "absence_unexcused_share_year": 0.004,
    "mark_mean_year_share": 0.71,
    "mark_mean_term_share": 0.75,
    "marks_failing_count": 0,
    "assessments_missing_count": 0,
    "assessments_missing_share": 0.0,
    "activity_28_calendar_days_rank_class_share": 0.9,
}
MEANS = {"share": 0.0825, "count": 1.25, "days": 1.25}  # of the class, by unit; 53 % where it is of marks


def mean_of(feature: str) -> float | None:
    entry = CATALOGUE.by_name[feature]
    return 0.53 if (entry.concept, entry.unit) == ("marks", "share") else MEANS.get(entry.unit)


def spoken(feature: str, direction: str, language: str, *, is_alone: bool = False, **snapshot: float | None) -> str | None:
    """What is said of the pupil; `is_alone`: without a class to compare with."""
    row: dict[str, Any] = {**dict.fromkeys(CATALOGUE.by_name), **(SNAPSHOT if direction == "raises" else GOOD), **snapshot}
    frame = pl.DataFrame({name: pl.Series([value], dtype=pl.Float32) for name, value in row.items()}).with_columns(
        pl.lit(1).alias("student_key"),
        pl.lit(direction).alias("direction"),
        pl.lit(1).alias("reason_rank"),
        pl.lit(language).alias("language"),
        pl.lit(feature).alias("feature"),
        pl.lit(row[feature], dtype=pl.Float64).alias("value"),
        pl.lit(None if is_alone else mean_of(feature), dtype=pl.Float64).alias("class_mean"),
    )
    text: str | None = in_words(frame)["reason_1" if direction == "raises" else "going_well_1"][0]
    return text


@cache
def texts() -> dict[str, Any]:
    """Everything there is to compare, as words.yaml holds it."""
    reasons = [f for f in CATALOGUE.features if f.is_reason]
    praised = [f for f in reasons if f.has_praise]
    return {
        "concepts": {name: {lang: feature_words(lang).concepts[name] for lang in LANGUAGES} for name in CATALOGUE.concepts},
        "raises": {f.name: {lang: spoken(f.name, "raises", lang) for lang in LANGUAGES} for f in reasons},
        "goes_well": {f.name: {lang: spoken(f.name, "lowers", lang) for lang in LANGUAGES} for f in praised},
        "titles": {f.name: {lang: feature_words(lang).features[f.name].title for lang in LANGUAGES} for f in CATALOGUE.features},
        "counted": {lang: {noun: edges(noun, lang) for noun in feature_words(lang).nouns} for lang in LANGUAGES},
    }


def edges(noun: str, language: str) -> list[str]:
    forms = feature_words(language).nouns[noun]
    return [counted(number, forms=forms, locale=words_of(language).locale) for number in EDGES]


@pytest.mark.parametrize("kind", ["concepts", "raises", "goes_well", "titles", "counted"])
def test_the_words_are_those_that_were_read(kind: str) -> None:
    golden = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert texts()[kind] == golden[kind]


def test_what_is_not_known_is_left_out() -> None:
    said = spoken("absences_unexcused_28d_count", "raises", "en", is_alone=True, registers_taken_56d_count=28)
    assert said == "Absent without excuse on 7 of the last 28 school days."
    assert spoken("is_late_entry", "raises", "fr", entry_late_days=None) == "Arrivée tardive dans l'année."
    # a number outside of brackets is needed: without it, the feature is named, and no sentence is broken
    assert spoken("absence_share_28d", "raises", "en", absence_share_28d=None) == "Days missed in the last 28 school days"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_praise_that_lacks_its_numbers_is_not_said(language: str) -> None:
    """Its title alone, "Share of assessments missed this year", would stand under what goes well and read as blame."""
    known = spoken("assessments_missing_share", "lowers", language)
    assert known == texts()["goes_well"]["assessments_missing_share"][language]
    assert spoken("assessments_missing_share", "lowers", language, assessments_missing_count=None) is None
    # nor is what has no praise at all, though it lower the chance
    assert spoken("is_late_entry", "lowers", language) is None


ARABIC = [  # days missed without excuse, registers taken → the counted words
    (0, 28, "ولا يوم من آخر 28 يوما دراسيا"),
    (1, 1, "يوم واحد من آخر يوم دراسي"),
    (2, 2, "يومان من آخر يومين دراسيين"),
    (3, 10, "3 أيام من آخر 10 أيام دراسية"),
    (11, 20, "11 يوما من آخر 20 يوما دراسيا"),
    (1.5, 28, "1,5 يوم من آخر 28 يوما دراسيا"),
    (100, 100, "100 يوم من آخر 100 يوم دراسي"),
]


@pytest.mark.parametrize(("days", "registers", "counts"), ARABIC)
def test_a_sentence_in_each_arabic_plural(days: float, registers: int, counts: str) -> None:
    said = spoken(
        "absences_unexcused_28d_count", "raises", "ar",
        absences_unexcused_28d_count=days, registers_taken_28d_count=registers, registers_taken_56d_count=None,
    )  # fmt: skip
    assert said == f"الغياب غير المبرر: {counts} (معدل القسم: 1,2)."


# What no counselor, parent or pupil should read: jargon, stamps, and words that find fault with a child.
FORBIDDEN = {
    "en": ("dropout", "drop out", "risk", "score", "model", "probabilit", "feature", "shap", "fail", "lazy", "bad", "poor"),
    "fr": ("décroch", "abandon", "risque", "score", "modèle", "probabilit", "échec", "échou", "paress", "mauvais", "faible"),
    "ar": ("هدر", "تسرب", "انقطاع", "خطر", "نموذج", "احتمال", "فشل", "كسول", "كسل", "رسوب", "سيئ", "ضعيف"),
}
AT_MOST = 25  # words of a sentence


def sentences(language: str) -> list[str]:
    found = texts()
    said = [text[language] for kind in ("raises", "goes_well", "titles", "concepts") for text in found[kind].values()]
    chance = pl.DataFrame({"chance": [0.86], "chance_low": [0.76], "chance_high": [0.88]})
    said += chance.select(chance_in_words(words_of(language), "leaves_within_60_days").alias("said"))["said"].to_list()
    said += [last_list_in_words(20, 9, 2, "2023-2024", language), measured_in_words(0.34, "2023-2024", language)]
    return [sentence for text in said for sentence in re.split(r"(?<=\.)\s", text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: str) -> None:
    said = [*sentences(language), *no_chance(language).thin.values(), no_chance(language).silent]
    longest = max(said, key=lambda sentence: len(sentence.split()))
    assert len(longest.split()) <= AT_MOST, longest


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_jargon_no_stamp_no_blame(language: str) -> None:
    starts = "" if language == "ar" else r"\b"  # an Arabic word begins with its article or a conjunction
    wrong = [(word, s) for s in sentences(language) for word in FORBIDDEN[language] if re.search(rf"{starts}{word}", s.lower())]
    assert wrong == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_no_sentence_gives_the_pupil_a_gender(language: str) -> None:
    gendered = {
        "fr": r"\b(il|elle|absente?|présente?|assidue?|actif|active)\b",
        "ar": r"\b(هو|هي|تغيب|تغيبت|تأخر|حضرت|نشيط)\b",
    }[language]
    reasons = [text[language] for kind in ("raises", "goes_well") for text in texts()[kind].values()]
    assert [text for text in reasons if re.search(gendered, text.lower())] == []


if __name__ == "__main__":
    FILE.write_text(yaml.safe_dump(texts(), allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
