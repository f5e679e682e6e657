"""Translation files of features: complete in each language, the same numbers in each, and all plural forms of the language."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from dropout.errors import SettingsError
from dropout.features.catalogue import load_catalogue
from dropout.features.counts import COUNTS
from dropout.features.plurals import form_of, needed_forms, wrong_forms
from dropout.features.templates import Part, Piece, parse, placeholders
from dropout.features.words import FOLDER, LANGUAGES, feature_words
from dropout.publish import words as publish_words
from dropout.publish.words import words_of

CATALOGUE = load_catalogue()


def test_the_languages_are_those_of_lists() -> None:
    assert LANGUAGES == publish_words.LANGUAGES
    assert sorted(path.name for path in FOLDER.iterdir()) == ["ar.yaml", "en.yaml", "fr.yaml"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_concept_and_feature_has_its_words_and_nothing_more(language: str) -> None:
    words = feature_words(language)
    assert list(words.concepts) == list(CATALOGUE.concepts)  # in the order of the catalogue: files can be laid side by side
    assert list(words.features) == [f.name for f in CATALOGUE.features]
    for feature in CATALOGUE.features:
        text = words.features[feature.name]
        assert text.title.strip()
        assert "{" not in text.title
        assert bool(text.words) == feature.is_reason, feature.name
        assert bool(text.praise) == feature.has_praise, feature.name
        # a sentence ends; a part in brackets can be the last of it
        assert all(said.endswith((".", ".]")) for said in (text.words, text.praise) if said)
    titles = [text.title for text in words.features.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_names_the_same_numbers(language: str) -> None:
    for name, text in feature_words(language).features.items():
        english = feature_words("en").features[name]
        assert placeholders(text.words) == placeholders(english.words), name
        assert placeholders(text.praise) == placeholders(english.praise), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_noun_has_the_forms_of_its_language(language: str) -> None:
    for name, forms in feature_words(language).nouns.items():
        assert wrong_forms(forms, language) == [], name
        assert needed_forms(words_of(language).locale) == needed_forms(language)  # lists are written in the locale


def test_a_count_bears_no_feature_s_name() -> None:
    assert not set(COUNTS) & {"value", "class_mean", *CATALOGUE.by_name}
    columns = {name for count in COUNTS.values() for name in count.of.meta.root_names()}
    assert columns <= set(CATALOGUE.by_name)


def cut(line: str) -> Callable[[str], str]:
    def without(text: str) -> str:
        assert text.count(f"{line}\n") == 1
        return text.replace(f"{line}\n", "")

    return without


def swapped(old: str, new: str) -> Callable[[str], str]:
    def with_new(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return with_new


WRONG = [  # an edit of en.yaml → what the error says
    (cut("  conduct: Conduct"), "concept 'conduct' has no words"),
    (swapped("  conduct: Conduct\n", "  conduct: Conduct\n  luck: Luck\n"), "concept 'luck' is not in the catalogue"),
    (cut("  is_repeater:\n    title: In this grade for a second time"), "feature 'is_repeater' has no words"),
    (
        swapped("  is_repeater:\n", "  is_left_handed:\n    title: T\n  is_repeater:\n"),
        "'is_left_handed' is not in the catalogue",
    ),
    (cut("    title: Grade"), "key 'features.grade_level_number'"),
    (swapped("    title: Grade\n", "    title: Grade\n    words: A.\n"), "'grade_level_number' has superfluous words"),
    (swapped("    title: Grade\n", "    title: Grade\n    praise: A.\n"), "'grade_level_number' has superfluous praise"),
    (swapped("    title: Grade\n", "    title: Grade\n    colour: red\n"), "unknown key 'features.grade_level_number.colour'"),
    (swapped('words: "Longest absence this year: {value:school_day}', 'words: "Long: {valu}'), "unknown number 'valu'"),
    (swapped("{value:subject}", "{value:subjet}"), "unknown noun 'subjet'"),
    (swapped("[ (class, weakest subjects: {class_mean})]", "[ ({class_mean})"), "brackets do not close"),
    (swapped(" time: {one: once, other:", " time: {one: once, few: f, other:"), "noun 'time' has the form 'few'"),
    (swapped("  time: {one: once, ", "  time: {"), "noun 'time' lacks the form 'one'"),
    (swapped('other: "{n} times"', "other: often"), "noun 'time' says no {n} in the form 'other'"),
    (swapped("  time: {", "  hour: {one: an hour, other: '{n} hours'}\n  time: {"), "noun 'hour' is in no text"),
]


@pytest.mark.parametrize(("edit", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_wrong_file_is_refused_by_name(edit: Callable[[str], str], says: str, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "en.yaml", tmp_path / "en.yaml")
    assert feature_words("en", tmp_path).features == feature_words("en").features  # as shipped, it is read
    feature_words.cache_clear()
    text = (tmp_path / "en.yaml").read_text(encoding="utf-8")
    (tmp_path / "en.yaml").write_text(edit(text), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        feature_words("en", tmp_path)
    assert says in str(caught.value)
    assert str(tmp_path / "en.yaml") in str(caught.value)


def test_a_template_in_parts() -> None:
    assert parse("A {value:day}[ ({class_mean})].") == (
        Part((Piece("A "), Piece(field="value", noun="day")), is_optional=False),
        Part((Piece(" ("), Piece(field="class_mean"), Piece(")")), is_optional=True),
        Part((Piece("."),), is_optional=False),
    )


@pytest.mark.parametrize("wrong", ["[a [{b}]]", "[{a}", "{a}]", "[no number]", "{}", "{a!r}", "{a", "a}"])
def test_a_template_that_does_not_close_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        parse(wrong)


NUMBERS = [  # CLDR 48, cardinal rules
    ("ar", {"zero": [0], "one": [1], "two": [2], "few": [3, 10, 103], "many": [11, 99, 111], "other": [100, 102, 1.5, 2.5]}),
    ("fr", {"one": [0, 1, 1.5], "other": [2, 2.5, 11, 100], "many": [1_000_000]}),
    ("en", {"one": [1], "other": [0, 1.5, 2, 11, 100, 1_000_000]}),
]


@pytest.mark.parametrize(("language", "numbers"), NUMBERS)
def test_plural_forms_by_number(language: str, numbers: dict[str, list[float]]) -> None:
    forms = {form: form for form in needed_forms(language)}
    assert {form: [n for n in given if form_of(n, forms, language) == form] for form, given in numbers.items()} == numbers  # type: ignore[arg-type]
    assert set(forms) == set(numbers)


def test_zero_may_have_words_of_its_own_in_any_language() -> None:
    assert form_of(0.0, {"zero": "none", "one": "{n} day", "other": "{n} days"}, "fr") == "none"


def test_counts_behind_shares() -> None:
    # 28 registers, 7 days missed: 0.25; 40 registers in 56 days, 9 of them missed: 0.225; so 12 registers before, 2 missed
    row = {
        "absence_share_7d": 3 / 7,
        "registers_taken_7d_count": 7,
        "absence_share_28d": 0.25,
        "registers_taken_28d_count": 28,
        "absence_share_56d": 0.225,
        "registers_taken_56d_count": 40,
        "lateness_share_28d": 2 / 28,
        "absence_own_past_difference": 0.25 - 2 / 12,
        "assessments_marked_count": 5,
        "assessments_missing_count": 3,
    }
    frame = pl.DataFrame({name: pl.Series([value], dtype=pl.Float32) for name, value in row.items()})
    found = frame.select(count.of.alias(name) for name, count in COUNTS.items()).row(0, named=True)
    assert {name: round(value, 4) for name, value in found.items()} == {
        "days_missed_7d": 3,
        "days_missed_28d": 7,
        "days_present_28d": 21,
        "days_missed_28d_before": 2,
        "days_late_28d": 2,
        "registers_taken_28d_before_count": 12,
        "absence_share_earlier": round(2 / 12, 4),
        "assessments_given_count": 8,
    }
    # 28 registers this year: there is nothing before the last 28
    short = frame.with_columns(pl.lit(28.0).alias("registers_taken_56d_count"))
    names = ("days_missed_28d_before", "registers_taken_28d_before_count")
    assert short.select(COUNTS[name].of.alias(name) for name in names).row(0) == (None, None)
