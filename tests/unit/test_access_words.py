"""The words of the sheet for families: none missing, plurals as the language has them, short and plain."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from pydantic import BaseModel

from dropout.access import meaning
from dropout.access.words import FILE, counted, load_sheet_words, plural_forms, sheet_words
from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import META
from dropout.country import Target, country_names, load_country
from dropout.errors import SettingsError
from dropout.privacy.audit import What
from dropout.publish.words import LANGUAGES

LONGEST = 26  # words of a sentence
JARGON = {  # what a pupil of twelve, or a family, should not have to know; and what nobody should be called
    "en": r"dropout|algorithm|model|score|data subject|pseudonym|metadata|risk|failure",
    "fr": r"décroch|algorithme|modèle|score|pseudonyme|métadonn|risque|échec",
    "ar": r"هدر|خوارزمية|نموذج|خطر|فشل|منقطع",
}


def texts(words: BaseModel | dict[str, object] | list[str] | str, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(words, str):
        yield place, words
    elif isinstance(words, list):
        for number, text in enumerate(words):
            yield f"{place}.{number}", text
    else:
        for name, value in words.items() if isinstance(words, dict) else words:
            yield from texts(value, f"{place}.{name}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short_and_plain(language: str) -> None:
    for place, text in texts(sheet_words(language)):
        assert not re.search(JARGON[language], text, re.IGNORECASE), place
        for sentence in re.split(r"[.؟?!:]\s", text):
            assert len(sentence.split()) <= LONGEST, (place, sentence)


def test_the_languages_fill_the_same_gaps() -> None:
    """A number or date that one language tells, all tell; only plural forms may leave the number to the word."""
    gaps = {
        language: {
            place: {field for _, field, _, _ in Formatter().parse(text) if field}
            for place, text in texts(sheet_words(language))
            if not place.startswith(".nouns")
        }
        for language in LANGUAGES
    }
    assert gaps["en"] == gaps["fr"] == gaps["ar"]


# by hand: Arabic has no digit for one and two, 3-10 the plural, 11-99 the accusative, 100 the genitive singular
@pytest.mark.parametrize(
    ("language", "locale", "said"),
    [
        ("en", "en", {0: "0 days", 1: "1 day", 2: "2 days", 1200: "1,200 days"}),
        ("fr", "fr", {0: "0 jour", 1: "1 jour", 2: "2 jours", 1_000_000: "1\u202f000\u202f000 de jours"}),
        ("ar", "ar_MA", {0: "0 يوم", 1: "يوم واحد", 2: "يومان", 3: "3 أيام", 11: "11 يوما", 100: "100 يوم", 103: "103 أيام"}),
    ],
)
def test_counted_things_have_the_plural_of_the_language(language: str, locale: str, said: dict[int, str]) -> None:
    assert {n: counted(n, sheet_words(language).nouns.day, locale) for n in said} == said


def test_plural_forms_are_babels() -> None:
    assert plural_forms("en") == {"one", "other"}
    assert plural_forms("fr") == {"one", "many", "other"}
    assert plural_forms("ar_MA") == {"zero", "one", "two", "few", "many", "other"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_word_for_whatever_may_have_to_be_told(language: str) -> None:
    words, contracts = sheet_words(language), load_contracts()
    assert set(words.kinds) == set(contracts)
    sensitive = {n for n, c in contracts["student"].warehouse_columns.items() if c.pii == "sensitive"}
    assert set(words.held.details) == sensitive - {"birth_year"}
    assert set(words.computed.targets) == set(get_args(Target))
    assert {name for name, _ in words.held.identity} == set(contracts["student"].identity_columns)
    assert set(words.seen.act) <= set(get_args(What))


def test_a_language_that_lacks_a_plural_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(FILE.read_text(encoding="utf-8").replace('few: "{n} أيام", ', ""), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ar: nouns\.day needs the forms few"):
        load_sheet_words(path)


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="en, fr, ar"):
        sheet_words("es")


def test_every_country_with_rights_names_them_in_all_its_languages() -> None:
    packs = [load_country(name) for name in country_names()]
    assert [p.country for p in packs if p.rights] == ["morocco"]
    for pack in packs:
        if pack.rights:
            assert set(pack.languages) <= set(pack.rights.authority) & set(pack.rights.law)


def test_rights_that_lack_a_language_are_refused() -> None:
    given = load_country("morocco").model_dump()
    del given["rights"]["law"]["ar"]
    with pytest.raises(ValueError, match=r"rights\.law is missing in: ar"):
        type(load_country("morocco")).model_validate(given)


def test_columns_of_contracts_keep_their_own_meaning() -> None:
    for table, contract in load_contracts().items():
        for name, column in contract.warehouse_columns.items():
            assert meaning.of_column(f"core.{table}", name) == column.description
        assert meaning.of_table(f"core.{table}") == contract.description
        assert all(meaning.of_column(f"core.{table}", name) for name in META)
    assert meaning.personal("core.student", "disability") == "sensitive"
    assert meaning.personal("night.score", "chance") == ""
