"""A number with its noun: each language's plural forms (CLDR, by babel), all there; no digits only where a word says the number.

Rules: Unicode CLDR, Language Plural Rules (cardinal); Arabic has six forms, French three, English two.
"""

from decimal import Decimal
from typing import Literal

from babel import Locale

Form = Literal["zero", "one", "two", "few", "many", "other"]
Forms = dict[Form, str]

# Numbers that tell a form of one number from one of several: in French "one" is also 0 and 1.5.
_SAMPLES = (*range(201), Decimal("0.5"), Decimal("1.5"), Decimal("2.5"))


def needed_forms(locale: str) -> set[str]:
    """The plural forms that a noun of `locale` must have."""
    return {*Locale.parse(locale).plural_form.tags, "other"}


def form_of(number: float, forms: Forms, locale: str) -> str:
    """The text of `forms` for `number`, with `{n}` where its digits go; `zero`, where a noun has it, is for exactly 0.

    `number` is rounded as it will be written. Raises KeyError for a form that `forms` lacks.
    """
    if number == 0 and "zero" in forms:
        return forms["zero"]
    exact = int(number) if number == int(number) else Decimal(repr(number))
    form: Form = Locale.parse(locale).plural_form(exact)  # type: ignore[assignment]
    return forms[form]


def wrong_forms(forms: Forms, locale: str) -> list[str]:
    """What is wrong with a noun: a form missing, one that the language has not, or one for several numbers without `{n}`."""
    needed = needed_forms(locale)
    wrong = [f"lacks the form '{form}'" for form in sorted(needed - set(forms))]
    wrong += [f"has the form '{form}', which the language has not" for form in sorted(set(forms) - needed - {"zero"})]
    several = [form for form in forms if form in needed and not _is_one_number(form, locale)]
    wrong += [f"says no {{n}} in the form '{form}', which is of several numbers" for form in several if "{n}" not in forms[form]]
    return wrong


def _is_one_number(form: str, locale: str) -> bool:
    rule = Locale.parse(locale).plural_form
    return sum(rule(sample) == form for sample in _SAMPLES) == 1
