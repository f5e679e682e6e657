"""Words of lists and report: complete in each language, and chances and numbers as people write them."""

import copy
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import polars as pl
import pytest
import yaml

from dropout.country import Target
from dropout.errors import SettingsError
from dropout.features.catalogue import Unit, load_catalogue
from dropout.model.rankings import BASELINES, RIVALS
from dropout.monitor.gate import Why
from dropout.publish.numbers import chance_in_words, decimal, percent, written
from dropout.publish.words import (
    FILE,
    LANGUAGES,
    LIST_COLUMNS,
    RankingWords,
    SkipWords,
    TargetWords,
    WordsFile,
    load_words,
    words_of,
)
from dropout.strict import validate


def leaves(data: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(data, dict):
        return {k: v for key, value in data.items() for k, v in leaves(value, (*path, key)).items()}
    return {path: data}


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def test_every_language_has_every_word_with_the_same_placeholders() -> None:
    given = {language: leaves(words) for language, words in yaml.safe_load(FILE.read_text(encoding="utf-8")).items()}
    assert tuple(given) == LANGUAGES == ("en", "fr", "ar")
    for language, words in given.items():
        assert words.keys() == given["en"].keys(), language
        assert all(text.strip() for text in words.values())
        for path, text in words.items():
            assert placeholders(text) == placeholders(given["en"][path]), (language, path)


def test_a_missing_word_is_an_error() -> None:
    whole = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for path in leaves(whole):
        words = copy.deepcopy(whole)
        inner = words
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        with pytest.raises(SettingsError, match=f"{path[-1]}'.*[Mm]issing|{path[-1]}'.*required"):
            validate(words, WordsFile, where="words.yaml")


def test_the_file_is_read_strictly(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8").replace("  direction: ltr", "  direction: ltr\n  colour: red", 1)
    (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="colour"):
        load_words(tmp_path / "words.yaml")


def test_what_other_rooms_name_has_words() -> None:
    assert set(SkipWords.model_fields) == set(get_args(Why))
    assert set(RankingWords.model_fields) == {"model", *BASELINES, *RIVALS}
    assert set(TargetWords.model_fields) == set(get_args(Target))


def test_an_unknown_language_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'es'(?s:.)*en, fr, ar"):
        words_of("es")


def test_every_template_of_the_catalogue_can_be_filled() -> None:
    catalogue = load_catalogue()
    for feature in catalogue.features:
        for text in (*feature.words.values(), *feature.praise.values()):
            assert placeholders(text) <= {"value", "class_mean", *catalogue.by_name}, feature.name


def test_columns_stand_in_their_fixed_order() -> None:
    assert ",".join(LIST_COLUMNS) == (
        "list_date,school,class_name,grade,student_id,family_name,given_name,chance,chance_percent,chance_low_percent,"
        "chance_high_percent,reason_1,reason_2,reason_3,reason_4,going_well_1,going_well_2,change,numbers_since,last_answer,note,"
        "decision,action,action_date,outcome,note_code,remark"
    )


def test_no_list_word_stamps_or_colours_a_pupil() -> None:
    for language in LANGUAGES:
        words = words_of(language)
        texts = [*words.columns.model_dump().values(), *words.chance.model_dump().values(), *words.changes.model_dump().values()]
        for stamp in ("dropout", "décroch", "risk", "risque", "red", "rouge", "score", "الهدر", "خطر", "أحمر"):
            assert not any(stamp in text.lower().split() for text in texts), (language, stamp)


CHANCES = [  # chance → what it says in English: a tenth is named up to half a tenth on either side
    (0.0, "fewer than 1 in 20 pupils in this situation left"),
    (0.0499, "fewer than 1 in 20 pupils in this situation left"),
    (0.05, "about 1 in 20 pupils in this situation left"),
    (0.0749, "about 1 in 20 pupils in this situation left"),
    (0.075, "about 1 in 10 pupils in this situation left"),
    (0.149, "about 1 in 10 pupils in this situation left"),
    (0.15, "about 2 in 10 pupils in this situation left"),
    (0.31, "about 3 in 10 pupils in this situation left"),
    (0.949, "about 9 in 10 pupils in this situation left"),
    (0.95, "more than 9 in 10 pupils in this situation left"),
    (1.0, "more than 9 in 10 pupils in this situation left"),
    (None, None),
    (float("nan"), None),
]


def said(chance: float | None, low: float | None, high: float | None, language: str) -> str | None:
    columns = {"chance": [chance], "chance_low": [low], "chance_high": [high]}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))
    text: str | None = frame.select(chance_in_words(words_of(language).chance).alias("said"))["said"][0]
    return text


@pytest.mark.parametrize(("chance", "text"), CHANCES)
def test_a_chance_in_words(chance: float | None, text: str | None) -> None:
    assert said(chance, None, None, "en") == text


@pytest.mark.parametrize(
    ("low", "high", "between"),
    [
        (0.241, 0.369, "24 and 37"),
        (0.29, 0.37, "29 and 37"),
        (0.3, 0.3, "30 and 31"),
        (-0.02, 0.004, "0 and 1"),
        (0.97, 1.2, "97 and 100"),
        (1, 1, "99 and 100"),
    ],
)
def test_the_interval_is_widened_to_whole_hundredths(low: float, high: float, between: str) -> None:
    assert said(0.3, low, high, "en") == f"about 3 in 10 pupils in this situation left (between {between} in 100)"


def test_a_chance_in_french_and_arabic() -> None:
    assert said(0.31, 0.24, 0.37, "fr") == "environ 3 élèves sur 10 dans cette situation sont partis (entre 24 et 37 sur 100)"
    assert said(0.1, None, None, "fr") == "environ 1 élève sur 10 dans cette situation est parti"
    assert said(0.31, 0.24, 0.37, "ar") == "غادر حوالي 3 من كل 10 تلاميذ في هذه الوضعية (بين 24 و 37 من كل 100)"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "about 3 in 10 pupils in this situation left within 60 days (between 24 and 37 in 100)"),
        ("fr", "environ 3 élèves sur 10 dans cette situation sont partis dans les 60 jours (entre 24 et 37 sur 100)"),
        ("ar", "غادر حوالي 3 من كل 10 تلاميذ في هذه الوضعية خلال 60 يوما (بين 24 و 37 من كل 100)"),
    ],
)
def test_a_short_horizon_is_named(language: str, expected: str) -> None:
    frame = pl.DataFrame({"chance": [0.31, None], "chance_low": [0.24, None], "chance_high": [0.37, None]})
    words = words_of(language).chance
    assert frame.select(chance_in_words(words, "leaves_within_60_days").alias("said"))["said"].to_list() == [expected, None]


VALUES: list[tuple[Unit, str, float | None, str]] = [
    ("share", "en", 0.314, "31%"),
    ("share", "fr", 0.314, "31\u00a0%"),
    ("share", "ar", 0.314, "31%"),
    ("share", "fr", 0.0041, "0,4\u00a0%"),
    ("share", "en", 0.0, "0%"),
    ("share", "en", 0.0004, "0%"),
    ("share", "en", None, "not known"),
    ("share", "en", float("nan"), "not known"),
    ("days", "fr", 1.25, "1,2"),
    ("days", "en", 9.0, "9"),
    ("count", "ar", 1.26, "1,3"),
    ("years", "fr", 2.0, "2"),
    ("flag", "fr", 1.0, "oui"),
    ("flag", "ar", 0.0, "لا"),
    ("difference", "en", 0.12, "12 percentage points"),
    ("difference", "fr", -0.034, "-3 points de pourcentage"),
    ("difference", "en", -0.001, "0 percentage points"),
]


@pytest.mark.parametrize(("unit", "language", "value", "text"), VALUES)
def test_a_value_in_its_unit(unit: Unit, language: str, value: float | None, text: str) -> None:
    assert written(pl.Series([value], dtype=pl.Float32), unit, words_of(language)).to_list() == [text]


def test_a_column_keeps_its_order_and_length() -> None:
    values = pl.Series([3.0, None, 1.0, 3.0], dtype=pl.Float64)
    assert written(values, "count", words_of("en")).to_list() == ["3", "not known", "1", "3"]


def test_large_numbers_are_grouped_as_in_the_language() -> None:
    assert decimal(12345.6, "en") == "12,345.6"
    assert decimal(12345.6, "fr") == "12\u202f345,6"
    assert decimal(12345.6, "ar_MA") == "12.345,6"
    assert percent(0.5, "fr") == "50\u00a0%"
