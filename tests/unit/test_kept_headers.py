"""A header that no source reads is remembered as its shape, once: a shape is not cut again, whatever signs it holds."""

import pytest

from dropout.extracts.masked import kept_header


@pytest.mark.parametrize("header", ["6_1", "maths_attnd", "Ahmed El Alaoui", "نقط-2", "a?b", "x" * 200])
def test_a_shape_stays_a_shape(header: str) -> None:
    kept = kept_header(header, set())
    assert kept.startswith("?") and header not in kept
    if header != "a?b":  # a sign that shapes use themselves is cut once more, and stays a shape then
        assert kept_header(kept, set()) == kept


def test_what_a_source_declares_stays() -> None:
    assert kept_header("zz_score", {"zz_score"}) == "zz_score"
