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
from dropout.features.catalogue import Unit
from dropout.features.plurals import wrong_forms
from dropout.model.rankings import BASELINES, RIVALS
from dropout.monitor.gate import Why
from dropout.publish.numbers import decimal, percent, written
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
    for words in given.values():  # plural forms differ from language to language: the one that all have stands for them
        for path in [path for path in words if path[-2:-1] == ("near",) and path[-1] != "other"]:
            assert placeholders(words[path]) >= {"of"}
            del words[path]
    assert tuple(given) == LANGUAGES == ("en", "fr", "ar")
    for language, words in given.items():
        assert words.keys() == given["en"].keys(), language
        assert all(text.strip() for text in words.values())
        for path, text in words.items():
            assert placeholders(text) == placeholders(given["en"][path]), (language, path)


def test_a_missing_word_is_an_error() -> None:
    whole = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for path in leaves(whole):
        if path[-2] == "near":
            continue
        words = copy.deepcopy(whole)
        inner = words
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        with pytest.raises(SettingsError, match=f"{path[-1]}'.*[Mm]issing|{path[-1]}'.*required"):
            validate(words, WordsFile, where="words.yaml")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chance_has_every_plural_form_of_the_language(language: str) -> None:
    assert wrong_forms(words_of(language).chance.near, language) == []


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


def test_columns_stand_in_their_fixed_order() -> None:
    assert ",".join(LIST_COLUMNS) == (
        "list_date,school,class_name,grade,student_id,family_name,given_name,chance,chance_percent,chance_low_percent,"
        "chance_high_percent,reason_1,reason_2,reason_3,reason_4,going_well_1,going_well_2,change,numbers_since,last_answer,note,"
        "decision,action,action_date,outcome,note_code,remark,reviewer"
    )


def test_no_list_word_stamps_or_colours_a_pupil() -> None:
    for language in LANGUAGES:
        words = words_of(language)
        chance = leaves(words.chance.model_dump()).values()
        texts = [*words.columns.model_dump().values(), *chance]
        for stamp in ("dropout", "décroch", "risk", "risque", "red", "rouge", "score", "الهدر", "خطر", "أحمر"):
            assert not any(stamp in text.lower().split() for text in texts), (language, stamp)


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
