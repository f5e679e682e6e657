"""A student number is found in files as they lie on disk, whatever they are packed in, and no longer number is taken for it."""

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dropout.access import found
from dropout.access.found import Found, find
from dropout.settings import Deployment, Settings

NUMBER = "00123"


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    (tmp_path / "raw" / "d").mkdir(parents=True)
    return Deployment(tmp_path, Settings())


def put(place: Deployment, name: str, content: bytes) -> None:
    path = place.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_lines_are_those_an_editor_shows(place: Deployment) -> None:
    put(place, "raw/d/a.csv", b'id;x\n00123;1\n00124;1\n"00123";00123\n;00123')
    assert find(place, NUMBER) == [Found("raw/d/a.csv", (2, 4, 5))]


def test_part_of_a_longer_number_is_another_number(place: Deployment) -> None:
    put(place, "raw/d/a.csv", b"id\n100123\n001230\nA00123\n00123B\n")
    assert find(place, NUMBER) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1256"])
def test_text_in_other_encodings(place: Deployment, encoding: str) -> None:
    put(place, "raw/d/a.csv", "رقم;اسم\n00123;محمد\n".encode(encoding))
    assert find(place, NUMBER) == [Found("raw/d/a.csv", (2,))]


def test_a_number_with_letters_of_another_alphabet(place: Deployment) -> None:
    put(place, "raw/d/a.csv", "id\nب12\n".encode())
    assert find(place, "ب12") == [Found("raw/d/a.csv", (2,))]


def test_marks_of_a_pattern_in_a_number_are_only_marks(place: Deployment) -> None:
    put(place, "raw/d/a.csv", b"id\nA.1\nAx1\n")
    assert find(place, "A.1") == [Found("raw/d/a.csv", (2,))]


def test_a_gzip_a_workbook_and_a_parquet_file_are_opened(place: Deployment) -> None:
    put(place, "raw/d/a.csv.gz", gzip.compress(b"id\n1\n00123\n"))
    for name, text in (("yes.xlsx", "<si><t>00123</t></si>"), ("no.xlsx", "<si><t>00124</t></si>")):
        with zipfile.ZipFile(place.root / "raw" / "d" / name, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/sharedStrings.xml", text)
    pq.write_table(pa.table({"id": ["00123", "2"], "x": [1, 2]}), place.root / "raw" / "d" / "yes.parquet")
    pq.write_table(pa.table({"id": ["00124", "2"], "l": [[1], [2]]}), place.root / "raw" / "d" / "no.parquet")
    assert find(place, NUMBER) == [Found("raw/d/a.csv.gz", (3,)), Found("raw/d/yes.parquet"), Found("raw/d/yes.xlsx")]


def test_what_waits_and_what_is_published_is_looked_into_half_built_is_not(place: Deployment) -> None:
    for name in ("inbox/new.csv", "published/generations/g/lists/S1/S1.csv", "published/generations/.g.partial/lists/S1/S1.csv"):
        put(place, name, b"00123\n")
    put(place, "raw/d/empty.csv", b"")
    assert [f.path for f in find(place, NUMBER)] == ["inbox/new.csv", "published/generations/g/lists/S1/S1.csv"]


def test_lines_are_counted_right_across_slices(place: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "SLICE", 8)  # a line end in UTF-16 may not be cut in two
    text = "\n".join(["abc"] * 10 + ["00123"] + ["de"] * 7 + ["00123"])
    for encoding in ("utf-8", "utf-16-le"):
        put(place, "raw/d/a.csv", text.encode(encoding))
        assert find(place, NUMBER) == [Found("raw/d/a.csv", (11, 19))]
