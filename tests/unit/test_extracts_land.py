"""Landing: each delivery once, zips opened safely, the inbox emptied only when the bytes are in raw/."""

import io
import zipfile
from pathlib import Path

import pytest

from dropout.errors import ExtractError
from dropout.warehouse.ledger import Run
from flows.verbs import perform
from tests.places import BASE, NIGHT, SCHOOL, ask, deliver, deployment


def pack(path: Path, members: dict[str, bytes], **changes: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in changes.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return path


def test_the_same_bytes_twice_are_a_recorded_no_op(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    for name in ("monday", "tuesday"):
        deliver(place.inbox, name, BASE)
        perform(Run(place, "test", NIGHT), "land")
        assert list(place.inbox.iterdir()) == []
    assert ask(place, "select name, again_count, file_count from ops.delivery") == [("monday", 1, 4)]
    folders = [p for p in place.raw.iterdir()]
    assert len(folders) == 1
    assert all(f.stat().st_mode & 0o777 == 0o400 for f in folders[0].iterdir())


def test_a_zip_and_the_folder_it_was_made_of_are_the_same_delivery(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    archive = pack(tmp_path / "d.zip", {f"in/{name}": str(text).encode() for name, text in BASE.items()})
    folder = deliver(tmp_path, "d", BASE)
    counts = perform(Run(place, "test", NIGHT), "land", paths=[archive, folder], as_history=True)
    assert counts == {"landed": 1, "again": 1, "waiting": 0, "refused": 0}
    assert archive.exists()
    assert folder.exists()


def test_loose_files_of_the_inbox_are_one_delivery(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    (place.inbox / "school.csv").write_text(SCHOOL)
    (place.inbox / "half.csv.part").write_text("still being written")
    assert perform(Run(place, "test", NIGHT), "land")["landed"] == 1
    assert ask(place, "select name, file_count from ops.delivery") == [(str(NIGHT), 1)]
    assert [p.name for p in place.inbox.iterdir()] == ["half.csv.part"]


@pytest.mark.parametrize(
    ("members", "changes", "said"),
    [
        ({"../school.csv": b"x"}, {}, "not safe to open"),
        ({"school.csv": b"/etc/passwd"}, {"external_attr": 0o120777 << 16}, "not safe to open"),
        ({"school.csv": b"0" * (64 << 20)}, {}, "not safe to open"),
        ({"a/school.csv": b"x", "a/SCHOOL.csv": b"y"}, {}, "same name"),
        ({"notes.docx": b"x"}, {}, "no source of 'generic' knows these files: notes.docx"),
        ({}, {}, "holds no files"),
    ],
)
def test_unsafe_or_strange_deliveries_are_refused(
    tmp_path: Path, members: dict[str, bytes], changes: dict[str, object], said: str
) -> None:
    place = deployment(tmp_path)
    path = pack(tmp_path / "d.zip", members, **changes)
    with pytest.raises(ExtractError, match=said):
        perform(Run(place, "test", NIGHT), "land", paths=[path])
    assert list(place.raw.iterdir()) == []
    assert ask(place, "select count(*) from ops.delivery") == [(0,)]


def test_a_damaged_zip_says_so(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    path = pack(tmp_path / "d.zip", {"school.csv": SCHOOL.encode() * 50})
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(io.BytesIO(data).read())
    with pytest.raises(ExtractError, match="damaged"):
        perform(Run(place, "test", NIGHT), "land", paths=[path])


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="no such delivery"):
        perform(Run(deployment(tmp_path), "test", NIGHT), "land", paths=[tmp_path / "nowhere"])
