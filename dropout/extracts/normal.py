"""One spelling for names of things (keys, codes, headers, school years): what the eye does not see is no part of them.

Marks of writing direction and byte-order marks go, wherever they stand; blanks go at both ends; Arabic-Indic and
Persian digits become those of ASCII. Python and SQL do the same, letter by letter. Free text is not touched.
"""

import re

from dropout.contracts.ddl import literal

UNSEEN = "\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff"  # as within a pattern's brackets
BLANK = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
_EDGES = f"^[{BLANK}]+|[{BLANK}]+$"
_STRANGE = f"[{UNSEEN}{DIGITS}]|^[{BLANK}]|[{BLANK}]$"
_ASCII = str.maketrans(DIGITS, "0123456789" * 2)
_is_unseen, _is_edge = re.compile(f"[{UNSEEN}]"), re.compile(rf"\A[{BLANK}]+|[{BLANK}]+\Z")


def normal(text: str) -> str:
    """`text` as it is compared: without unseen marks and blanks around it, with ASCII digits."""
    return _is_edge.sub("", _is_unseen.sub("", text).translate(_ASCII))


def normal_sql(cell: str) -> str:
    """SQL for `normal` of SQL text `cell`; what needs no change is found by cheap tests, and is not copied."""
    bare = f"regexp_replace({cell}, {literal(f'[{UNSEEN}]')}, '', 'g')"
    digits = f"translate({bare}, {literal(DIGITS)}, '{'0123456789' * 2}')"
    # twice as fast as trim: ASCII (as many bytes as characters) with no blank or control character at either end
    is_plain = f"strlen({cell}) = length({cell}) and left({cell}, 1) > ' ' and right({cell}, 1) > ' '"
    return (
        f"case when {is_plain} or not regexp_matches({cell}, {literal(_STRANGE)}) then {cell} "
        f"else regexp_replace({digits}, {literal(_EDGES)}, '', 'g') end"
    )
