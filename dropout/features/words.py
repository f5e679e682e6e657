"""The words of features and concepts, one translation file per language, strictly read: nothing missing, nothing superfluous."""

from functools import cache
from pathlib import Path

from dropout.errors import SettingsError
from dropout.features.catalogue import Catalogue, Feature, load_catalogue
from dropout.features.counts import COUNTS
from dropout.features.plurals import Forms, wrong_forms
from dropout.features.templates import nouns, placeholders
from dropout.strict import Strict, read_yaml

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = ("en", "fr", "ar")


class FeatureText(Strict):
    """A feature's short title (tables, the family's sheet) and, for a reason, what it says for or against the chance."""

    title: str
    words: str = ""
    praise: str = ""


class FeatureWords(Strict):
    """The layout of a translation file: titles of concepts, nouns with their plural forms, and the texts of each feature."""

    concepts: dict[str, str]
    nouns: dict[str, Forms]
    features: dict[str, FeatureText]


@cache
def feature_words(language: str, folder: Path = FOLDER) -> FeatureWords:
    """The words of `language`; raises SettingsError naming file and entry for what is missing, too much or cannot be filled."""
    path = folder / f"{language}.yaml"
    words = read_yaml(path, FeatureWords)
    wrong = [*_wrong_names(words), *_wrong_texts(words), *_wrong_nouns(words, language)]
    if wrong:
        raise SettingsError(wrong[0], where=str(path), remedy="Each language says the same; compare with en.yaml.")
    return words


def _wrong_names(words: FeatureWords) -> list[str]:
    catalogue = load_catalogue()
    wrong = []
    for kind, given, asked in (
        ("concept", set(words.concepts), set(catalogue.concepts)),
        ("feature", set(words.features), set(catalogue.by_name)),
    ):
        wrong += [f"{kind} '{name}' has no words" for name in sorted(asked - given)]
        wrong += [f"{kind} '{name}' is not in the catalogue" for name in sorted(given - asked)]
    return wrong


def _wrong_texts(words: FeatureWords) -> list[str]:
    catalogue = load_catalogue()
    entries = [(catalogue.by_name[name], text) for name, text in words.features.items() if name in catalogue.by_name]
    return [found for entry, text in entries for found in _wrong_text(entry, text, words, catalogue)]


def _wrong_text(entry: Feature, text: FeatureText, words: FeatureWords, catalogue: Catalogue) -> list[str]:
    wrong = []
    for kind, said, is_asked in (("words", text.words, entry.is_reason), ("praise", text.praise, entry.has_praise)):
        if bool(said.strip()) != is_asked:
            wrong.append(f"feature '{entry.name}' has {'no ' if is_asked else 'superfluous '}{kind}")
        try:
            unknown = placeholders(said) - {"value", "class_mean", *catalogue.by_name, *COUNTS}
            wrong += [f"feature '{entry.name}': {kind} name the unknown number '{name}'" for name in sorted(unknown)]
            wrong += [
                f"feature '{entry.name}': {kind} name the unknown noun '{n}'" for n in sorted(nouns(said) - set(words.nouns))
            ]
        except ValueError as error:
            wrong.append(f"feature '{entry.name}': {kind}: {error}")
    return wrong


def _wrong_nouns(words: FeatureWords, language: str) -> list[str]:
    wrong = [f"noun '{name}' {what}" for name, forms in words.nouns.items() for what in wrong_forms(forms, language)]
    try:
        used = {noun for text in words.features.values() for said in (text.words, text.praise) for noun in nouns(said)}
    except ValueError:  # a text that cannot be parsed is told of as such
        return wrong
    return wrong + [f"noun '{name}' is in no text" for name in sorted(set(words.nouns) - used)]
