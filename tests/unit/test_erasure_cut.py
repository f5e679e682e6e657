"""Lines out of received files: which go, that every other byte stays where it was, and what becomes of other formats."""

from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dropout.erasure.cut import cut, lines_of

NUMBER = "D130045678"
TEXT = f"id;name\nD1300456789;Aya\n{NUMBER};عمر\nXD130045678;Ali\nD9;Nora {NUMBER}-\n"
KEPT = [
    "id;name",
    "D1300456789;Aya",
    "",
    "XD130045678;Ali",
    "",
    "",
]  # a longer number, or one with a letter before it, is another


def written(tmp_path: Path, content: bytes, name: str = "a.csv") -> Path:
    (tmp_path / "raw" / "d1").mkdir(parents=True, exist_ok=True)
    path = tmp_path / "raw" / "d1" / name
    path.write_bytes(content)
    return path


def shown(path: Path, encoding: str) -> list[str]:
    return [line.strip() for line in path.read_bytes().decode(encoding).split("\n")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1256"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_become_blanks_in_every_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    content = TEXT.replace("\n", end).encode(encoding)
    path = written(tmp_path, content)
    assert cut(tmp_path / "raw", path, [NUMBER]) == "cut"
    assert shown(path, encoding) == KEPT
    assert len(path.read_bytes()) == len(content)  # lines keep their places
    assert cut(tmp_path / "raw", path, [NUMBER]) == "clean"
    assert [p.name for p in path.parent.parent.iterdir()] == ["d1"]


def test_a_file_with_ends_of_old_macs(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("\n", "\r").encode("cp1256"))
    assert cut(tmp_path / "raw", path, [NUMBER]) == "cut"
    assert [line.strip() for line in path.read_bytes().decode("cp1256").split("\r")] == KEPT


def test_arabic_digits_and_lines_by_their_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "n\n13004567\n١٣٠٠٤٥٦٧\n۱۳۰۰۴۵۶۷\nodd spelling\nother".encode())
    assert cut(tmp_path / "raw", path, ["13004567"], [5]) == "cut"
    assert shown(path, "utf-8") == ["n", "", "", "", "", "other"]


def test_lines_by_number_in_utf_16(tmp_path: Path) -> None:
    path = written(tmp_path, "a\nb\nc".encode("utf-16"))
    assert lines_of(path, [2, 3]) == ["b", "c"]
    assert cut(tmp_path / "raw", path, [], [2]) == "cut"
    assert path.read_bytes().decode("utf-16") == "a\n \nc"


def test_a_cell_that_runs_over_lines_goes_whole_and_takes_no_neighbour(tmp_path: Path) -> None:
    text = f'id;note\nA1;"x\ny"\n{NUMBER};"his\nown\nwords"\nA2;z\n"over\ntwo";{NUMBER}\nA3;z\n'
    path = written(tmp_path, text.encode())
    assert cut(tmp_path / "raw", path, [NUMBER]) == "cut"
    assert shown(path, "utf-8") == ["id;note", 'A1;"x', 'y"', "", "", "", "A2;z", "", "", "A3;z", ""]


def test_workbooks_and_parquet_go_whole_once_their_rows_are_loaded(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.active.append([NUMBER])
    xlsx, parquet = written(tmp_path, b"", "a.xlsx"), written(tmp_path, b"", "a.parquet")
    book.save(xlsx)
    pq.write_table(pa.table({"id": [NUMBER, "other"]}), parquet)
    for path in (xlsx, parquet):
        assert cut(tmp_path / "raw", path, ["D9999999"]) == "clean"
        assert cut(tmp_path / "raw", path, [NUMBER], is_loaded=False) == "left"
        assert path.exists()
        assert cut(tmp_path / "raw", path, [NUMBER]) == "removed"
        assert not path.exists()


def test_a_number_that_others_lines_have_too_takes_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,mark\n12,20\n13,12\n")
    assert cut(tmp_path / "raw", path, ["12"], is_blunt=True) == "removed"
