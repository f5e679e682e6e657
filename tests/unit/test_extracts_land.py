"""Landing: each delivery once, zips opened safely, the inbox emptied only when the bytes are in raw/."""

import gzip
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
        ({"a/../../school.csv": b"x"}, {}, "not safe to open"),
        ({"/school.csv": b"x"}, {}, "not safe to open"),
        ({"..\\school.csv": b"x"}, {}, "not safe to open"),
        ({"C:\\school.csv": b"x"}, {}, "not safe to open"),
        ({"a/b/c/d/e/f/g/h/i/school.csv": b"x"}, {}, "not safe to open"),
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


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def lying(size: int) -> bytes:
    """A zip whose headers say that its 64 MiB of zeros are `size` bytes."""
    data = zipped({"school.csv": bytes(64 << 20)})
    return data.replace((64 << 20).to_bytes(4, "little"), size.to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lying(10), "not safe to open|damaged"),
        (zipped({"a.zip": zipped({"b.zip": zipped({"school.csv": SCHOOL.encode()})})}), "more than 2 deep"),
        (zipped({"school.csv.gz": gzip.compress(bytes(64 << 20))}), "not safe to open"),
        (zipped({"a.zip": zipped({"school.csv": bytes(64 << 20)})}), "not safe to open"),
    ],
    ids=["a size that lies", "zips in zips in zips", "a gzip bomb in a zip", "a zip bomb in a zip"],
)
def test_bombs_are_stopped_while_they_grow(tmp_path: Path, data: bytes, said: str) -> None:
    place = deployment(tmp_path)
    (tmp_path / "d.zip").write_bytes(data)
    with pytest.raises(ExtractError, match=said):
        perform(Run(place, "test", NIGHT), "land", paths=[tmp_path / "d.zip"])
    assert list(place.raw.iterdir()) == []


def test_a_loose_file_that_is_not_safe_keeps_no_other_out(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    for name, text in BASE.items():
        (place.inbox / name).write_text(str(text))
    (place.inbox / "grade.csv.gz").write_bytes(gzip.compress(bytes(64 << 20)))  # grows a thousand times
    (place.inbox / "attendance.csv.done").touch()
    assert perform(Run(place, "test", NIGHT), "land") == {"landed": 1, "again": 0, "waiting": 0, "refused": 1}
    assert ask(place, "select file_count, status from ops.delivery") == [(4, "landed")]
    assert ask(place, "select place, what from ops.notice") == [("grade.csv.gz/grade.csv.gz", "the delivery is not safe to open")]
    assert [p.name for p in place.inbox.iterdir()] == ["grade.csv.gz"]
    # the next night it is named again, and keeps nothing out
    (place.inbox / "conduct.csv").write_text("student_id,date,kind\n")
    assert perform(Run(place, "test", NIGHT), "land") == {"landed": 1, "again": 0, "waiting": 0, "refused": 1}


def test_caps_count_files_bytes_and_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = deployment(tmp_path)
    many = pack(tmp_path / "many.zip", {f"school{i}.csv": SCHOOL.encode() for i in range(4)})
    for name, value, said in (("FILES_AT_MOST", 3, "more than 3 files"), ("FREE_AT_LEAST", 1 << 62, "no room")):
        with monkeypatch.context() as patched:
            patched.setattr(f"dropout.extracts.caps.{name}", value)
            with pytest.raises(ExtractError, match=said):
                perform(Run(place, "test", NIGHT), "land", paths=[many])
    monkeypatch.setattr("dropout.extracts.caps.BYTES_AT_MOST", 20)
    with pytest.raises(ExtractError, match="more than 0 MiB"):
        perform(Run(place, "test", NIGHT), "land", paths=[many])


def test_a_link_in_a_folder_is_refused_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    folder = deliver(tmp_path, "d", {"school.csv": SCHOOL, ".secret.csv": "x", "~$school.csv": "x", "Thumbs.db": "x"})
    perform(Run(place, "test", NIGHT), "land", paths=[folder])
    assert [p.name for p in next(place.raw.iterdir()).iterdir()] == ["school.csv"]
    (folder / "student.csv").symlink_to("/etc/passwd")
    with pytest.raises(ExtractError, match="not safe to open"):
        perform(Run(place, "test", NIGHT), "land", paths=[folder])


def test_a_packed_file_that_is_damaged_is_named_and_the_others_go_in(tmp_path: Path) -> None:
    place = deployment(tmp_path, incomplete="partial")
    cut = gzip.compress(SCHOOL.encode() * 500)[:-9]
    deliver(place.inbox, "d", {"school.csv": SCHOOL, "student.csv.gz": cut})
    assert perform(Run(place, "test", NIGHT), "land")["landed"] == 1
    [(what, cause)] = ask(place, "select what, cause from ops.notice")
    assert (what, "student.csv.gz" in cause) == ("the delivery is incomplete", True)
    assert sorted(p.name for p in next(place.raw.iterdir()).iterdir()) == ["school.csv", "student.csv.gz"]


@pytest.mark.parametrize(
    "name",
    ["école_élèves_2025/school.csv", "الأكاديمية/school.csv", "Académie de Fès — n° 3/school.csv", "x" * 200 + "/school.csv"],
)
def test_names_in_any_script_are_kept_or_shortened(tmp_path: Path, name: str) -> None:
    place = deployment(tmp_path)
    members = {name: SCHOOL.encode(), f"{name.rpartition('/')[0]}2/student.csv": b"student_id\n1\n"}
    perform(Run(place, "test", NIGHT), "land", paths=[pack(tmp_path / "d.zip", members)])
    assert len([p for p in place.raw.rglob("*.csv")]) == 2


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
