"""French as it is printed: a blank before : ; ? ! and inside « » that never lets them begin or end a line alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import dropout

ROOT = Path(dropout.__file__).parent
# U+00A0 before all of them, not the narrow U+202F before ; ? !: it is what babel writes before %, and the code pages in which a
# spreadsheet may save a list (windows-1252, windows-1256) have it.
PLAIN = re.compile(r" [;?!»]| :|« ")
MISSING = re.compile(r"«[^\u00a0]|[^\u00a0]»|[\w}»)][;!]|[\w}»)]\?")


def french(node: Any, *, is_french: bool) -> Iterator[str]:
    """Every text under a key `fr`, at any depth; of a file that is French as a whole, every text."""
    if isinstance(node, str):
        yield from [node] if is_french else []
    elif isinstance(node, dict):
        for key, inner in node.items():
            yield from french(inner, is_french=is_french or key == "fr")
    elif isinstance(node, list):
        for inner in node:
            yield from french(inner, is_french=is_french)


def files() -> dict[str, list[str]]:
    """File → its French texts, of all files of words that are shipped."""
    found = {}
    for path in sorted(ROOT.rglob("*.yaml")):
        if "_resources" in path.parts:
            continue
        texts = list(french(yaml.safe_load(path.read_text(encoding="utf-8")), is_french=path.stem == "fr"))
        if texts:
            found[path.relative_to(ROOT).as_posix()] = texts
    return found


FILES = files()


def test_the_files_with_words_are_found() -> None:
    """Without it the test below could pass for want of files."""
    shown = {"words", "answers/words", "changes/words", "lists/page_words", "lists/workbook/words", "no_chance", "precision"}
    assert {f"publish/{name}.yaml" for name in shown} <= set(FILES)
    assert {"access/words.yaml", "features/translations/fr.yaml", "extracts/answers/words.yaml"} <= set(FILES)
    assert all(len(texts) >= 3 for texts in FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_no_sign_of_french_can_be_parted_from_its_word(name: str) -> None:
    assert [text for text in FILES[name] if PLAIN.search(text)] == []
    assert [text for text in FILES[name] if MISSING.search(text)] == []


def test_what_is_plain_is_found() -> None:
    for text in ("Date : lundi", "« Parti »", "Pourquoi ?", "rien ; tout", "{n} :"):
        assert PLAIN.search(text) and not PLAIN.search(text.replace(" ", "\u00a0")), text
    for text in ("rien; tout", "«Parti»", "quoi?", "{n}!"):
        assert MISSING.search(text), text
