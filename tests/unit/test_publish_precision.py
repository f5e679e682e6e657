"""What lists were worth, in words: of a school's last list, and of lists in the model's test."""

import pytest

from dropout.features.plurals import wrong_forms
from dropout.publish.precision_words import last_list_in_words, measured_in_words, precision_words
from dropout.publish.words import LANGUAGES

YEAR = "2023-2024"
ISOLATED = f"\u2068{YEAR}\u2069"  # or right-to-left text shows 2024-2023
SUR, LISTE = "Sur", "de la liste de cet établissement en 2023-2024"

LAST = [
    ("en", 20, 11, 0, "Of the 20 pupils on this school's list in 2023-2024, 11 left."),
    ("en", 20, 11, None, "Of the 20 pupils on this school's list in 2023-2024, 11 left."),
    ("en", 20, 9, 2, "Of the 20 pupils on this school's list in 2023-2024, 9 left and 2 more left and came back."),
    ("en", 1, 0, 0, "Of the 1 pupil on this school's list in 2023-2024, nobody left."),
    ("en", 0, 0, 0, "Nobody was on this school's list in 2023-2024."),
    ("fr", 20, 11, 0, f"{SUR} 20 élèves {LISTE}, 11 sont partis."),
    ("fr", 20, 1, 1, f"{SUR} 20 élèves {LISTE}, 1 est parti et 1 autre est parti puis revenu."),
    ("fr", 3, 0, 2, f"{SUR} 3 élèves {LISTE}, personne n'est parti et 2 autres sont partis puis revenus."),
    ("fr", 0, 0, None, "Personne n'était sur la liste de cet établissement en 2023-2024."),
    ("ar", 20, 11, 0, f"من بين 20 تلميذا في لائحة هذه المؤسسة سنة {ISOLATED}، غادر 11 تلميذا."),
    ("ar", 2, 1, 1, f"من بين تلميذين في لائحة هذه المؤسسة سنة {ISOLATED}، غادر تلميذ واحد، وغادر تلميذ واحد آخر ثم عاد."),
    ("ar", 100, 2, 2, f"من بين 100 تلميذ في لائحة هذه المؤسسة سنة {ISOLATED}، غادر تلميذان، وغادر تلميذان آخران ثم عادا."),
    ("ar", 5, 0, 3, f"من بين 5 تلاميذ في لائحة هذه المؤسسة سنة {ISOLATED}، لم يغادر أحد، وغادر 3 تلاميذ آخرون ثم عادوا."),
    ("ar", 0, 0, 0, f"لم يكن أحد في لائحة هذه المؤسسة سنة {ISOLATED}."),
]  # fmt: skip


@pytest.mark.parametrize(("language", "listed", "left", "returned", "text"), LAST)
def test_of_the_last_list(language: str, listed: int, left: int, returned: int | None, text: str) -> None:
    assert last_list_in_words(listed, left, returned, YEAR, language) == text


TESTED = [
    ("en", 0.34, "In the test on school year 2023-2024, of 20 pupils on such lists about 7 left."),  # 6.8
    ("en", 0.02, "In the test on school year 2023-2024, of 20 pupils on such lists hardly any left."),  # 0.4
    ("fr", 0.34, "Dans l'essai sur l'année scolaire 2023-2024, sur 20 élèves de telles listes, environ 7 sont partis."),
    ("fr", 0.05, "Dans l'essai sur l'année scolaire 2023-2024, sur 20 élèves de telles listes, environ 1 est parti."),
    ("ar", 0.34, f"في الاختبار على السنة الدراسية {ISOLATED}، من بين 20 تلميذا في مثل هذه اللوائح، غادر حوالي 7 تلاميذ."),
    ("ar", 0.1, f"في الاختبار على السنة الدراسية {ISOLATED}، من بين 20 تلميذا في مثل هذه اللوائح، غادر حوالي تلميذين."),
    ("ar", 0.55, f"في الاختبار على السنة الدراسية {ISOLATED}، من بين 20 تلميذا في مثل هذه اللوائح، غادر حوالي 11 تلميذا."),
]


@pytest.mark.parametrize(("language", "precision", "text"), TESTED)
def test_of_lists_in_the_test(language: str, precision: float, text: str) -> None:
    assert measured_in_words(precision, YEAR, language) == text


@pytest.mark.parametrize("precision", [-0.01, 1.01, float("nan")])
def test_what_is_no_share_is_refused(precision: float) -> None:
    with pytest.raises(ValueError, match="share"):
        measured_in_words(precision, YEAR, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_form_is_there(language: str) -> None:
    words = precision_words(language)
    for forms in (words.listed, words.left, words.returned, words.tested):
        assert wrong_forms(forms, language) == []
    for text in (words.last_list, words.nobody, *words.tested.values()):
        assert "{year}" in text
