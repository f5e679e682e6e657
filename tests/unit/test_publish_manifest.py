"""The manifest finds every file that is missing, altered or added."""

import json
from pathlib import Path

import pytest

from dropout.errors import PublishError
from dropout.publish import manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lists" / "S1").mkdir(parents=True)
    (tmp_path / "report.html").write_text("page", encoding="utf-8")
    (tmp_path / "lists" / "S1" / "S1.csv").write_text("list", encoding="utf-8")
    manifest.write(tmp_path, {"generation_id": "g", "students": 3})
    return tmp_path


def test_a_whole_folder_verifies_and_names_every_file(folder: Path) -> None:
    found = manifest.verify(folder)
    assert found["generation_id"] == "g"
    assert list(found["files"]) == ["lists/S1/S1.csv", "report.html"]
    # sha256 of "page"
    assert found["files"]["report.html"] == {
        "sha256": "3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274",
        "bytes": 4,
    }


def test_an_altered_file_of_the_same_size(folder: Path) -> None:
    (folder / "lists" / "S1" / "S1.csv").write_text("lisp", encoding="utf-8")
    with pytest.raises(PublishError, match=r"lists/S1/S1\.csv: a file differs"):
        manifest.verify(folder)


def test_a_missing_file(folder: Path) -> None:
    (folder / "report.html").unlink()
    with pytest.raises(PublishError, match=r"report\.html: a file is missing"):
        manifest.verify(folder)


def test_a_file_too_many(folder: Path) -> None:
    (folder / "lists" / "S1" / "more.csv").touch()
    with pytest.raises(PublishError, match=r"more\.csv: a file is not in the manifest"):
        manifest.verify(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"files": []})])
def test_a_broken_manifest(folder: Path, content: str) -> None:
    (folder / "MANIFEST.json").write_text(content, encoding="utf-8")
    with pytest.raises(PublishError, match=r"MANIFEST\.json: the manifest cannot be read"):
        manifest.verify(folder)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="FileNotFoundError"):
        manifest.verify(tmp_path)
