"""Whatever names a zip gives its members, what is opened lies in the delivery's folder, or the zip is refused."""

import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import ExtractError
from dropout.extracts.unpack import unpack

PARTS = st.one_of(
    st.sampled_from(
        ["..", ".", "", "C:", "~", "a", "é", "e\u0301", "مدرسة", "school.csv", ".git", "nul", "a.zip", "\u202egnp.csv", "*"]
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12),
)
NAMES = st.lists(PARTS, min_size=1, max_size=5).flatmap(lambda parts: st.sampled_from(["/", "\\"]).map(lambda s: s.join(parts)))
MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=40)), min_size=1, max_size=6)


def is_contained(members: list[tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "landing").mkdir()
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for name, data in members:
                info = zipfile.ZipInfo("x")
                info.filename = name or "x"
                archive.writestr(info, data)
        (root / "d.zip").write_bytes(held.getvalue())
        before = {p for p in root.iterdir()}
        try:
            opened = unpack([root / "d.zip"], root / "landing", "d.zip", 60)
        except ExtractError:
            opened = None
        assert {p for p in root.iterdir()} == before
        for here, folders, files in os.walk(root / "landing"):
            assert not any(Path(here, name).is_symlink() for name in [*folders, *files])
        if opened is None:
            return
        there = {str(p.relative_to(opened.folder)) for p in opened.folder.rglob("*") if p.is_file()}
        assert there == set(opened.files)
        contents = {data for _, data in members}
        assert all((opened.folder / name).read_bytes() in contents for name in there)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=150, deadline=None)
@given(members=MEMBERS)
def test_nothing_is_written_outside_of_the_delivery(members: list[tuple[str, bytes]]) -> None:
    is_contained(members)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(members=MEMBERS)
def test_ten_thousand_zips_write_nothing_outside_of_the_delivery(members: list[tuple[str, bytes]]) -> None:
    is_contained(members)
