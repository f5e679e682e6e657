"""Moves promised in a journal: wherever a crash comes between two of them, the next command ends at the same files."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dropout.warehouse import swap
from dropout.warehouse.swap import Move, beside, hidden

CALLS = [
    (os, "replace"),
    (os, "rename"),
    (swap, "_sync"),
    (swap, "_link"),
    (Path, "unlink"),
    (Path, "rename"),
    (Path, "symlink_to"),
]
MOVES = [
    Move(act="replace", path="warehouse.duckdb"),
    Move(act="replace", path="models/m/model.hmac", source="models/m.next"),
    Move(act="publish", path="published/generations/g2"),
    Move(act="remove", path="work/staging.duckdb"),
    Move(act="remove", path="models/candidate-x"),
    Move(act="remove", path="work/never_there"),
    Move(act="replace", path="secrets/hmac.key"),
]
OLD = {
    "warehouse.duckdb": "old", "warehouse.duckdb.wal": "old log", "models/m/model.hmac": "old", "models/candidate-x/a/b": "old",
    "work/staging.duckdb": "old", "secrets/hmac.key": "old", "kept": "kept",
    "published/generations/g1/a": "old", "published/generations/g2/a": "old", "published/generations/g2/lists/S/b": "old",
}  # fmt: skip
NEW = {
    "warehouse.duckdb": "new", "models/m/model.hmac": "new", "secrets/hmac.key": "new", "kept": "kept",
    "published/generations/g2/a": "new", "published/generations/g2/lists/S/b": "new",
}  # fmt: skip


class Crash(BaseException):
    pass


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def built(root: Path) -> Path:
    """The old files, and the new ones beside them."""
    for name, text in OLD.items():
        put(root / name, text)
    (root / "published" / "current").symlink_to(Path("generations") / "g2")
    for name in ("warehouse.duckdb", "secrets/hmac.key"):
        put(beside(root / name), "new")
    put(root / "models" / "m.next", "new")
    for name in ("a", "lists/S/b"):
        put(hidden(root / "published" / "generations" / "g2") / name, "new")
    return root


def files(root: Path) -> dict[str, str]:
    found = sorted(p for p in root.rglob("*") if p.is_file() and "current" not in p.parts)
    return {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in found}


def crash_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """The call `number` of those that touch files is not made, nor any after it."""
    count = [0]

    def stopped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] >= number:
                raise Crash
            return real(*args, **kwargs)

        return call

    for home, name in CALLS:
        monkeypatch.setattr(home, name, stopped(getattr(home, name)))
    return count


def current(root: Path) -> dict[str, str]:
    return files((root / "published" / "current").resolve())


def test_all_moves(tmp_path: Path) -> None:
    root = built(tmp_path / "d")
    swap.promise(root, MOVES)
    assert swap.is_promised(root)
    assert swap.settle(root)
    assert files(root) == NEW
    assert (root / "published" / "current").readlink() == Path("generations/g2")
    assert not swap.is_promised(root)
    assert not swap.settle(root)  # and again there is nothing to do
    assert files(root) == NEW


def test_before_the_promise_the_old_files_are_the_deployment(tmp_path: Path) -> None:
    root = built(tmp_path / "d")
    assert len(swap.leftovers(root)) == 4
    assert not swap.settle(root)
    assert files(root) == OLD


def test_a_crash_at_any_call_while_it_is_promised(tmp_path: Path) -> None:
    """Either the old files stay, or the promise stands and the new ones come."""
    ends = []
    for number in range(1, 100):
        root = built(tmp_path / str(number))
        with pytest.MonkeyPatch.context() as patch:
            crash_at(patch, number)
            try:
                swap.promise(root, MOVES)
                done = True
            except Crash:
                done = False
        swap.settle(root)
        ends.append(files(root) == NEW)
        assert files(root) in (OLD, NEW)
        if done:
            break
    assert done
    assert ends == sorted(ends)  # once promised, always promised
    assert ends[0] is False
    assert ends[-1] is True


def test_a_crash_at_any_call_while_the_moves_are_made(tmp_path: Path) -> None:
    for number in range(1, 200):
        root = built(tmp_path / str(number))
        swap.promise(root, MOVES)
        with pytest.MonkeyPatch.context() as patch:
            count = crash_at(patch, number)
            try:
                swap.settle(root)
                done = True
            except Crash:
                done = False
        # who reads `current` at this moment reads a whole publication, the old or the new one
        assert set(current(root)) == {"a", "lists/S/b"}
        assert len(set(current(root).values())) == 1
        swap.settle(root)
        left = {name for name in files(root) if name.startswith("published/generations/.")}
        homes = ("published/generations/.g2.partial/", "published/generations/.g2.partial.going/")
        assert left <= {home + name for home in homes for name in ("a", "lists/S/b")}
        assert {name: text for name, text in files(root).items() if name not in left} == NEW, number
        assert (root / "published" / "current").readlink() == Path("generations/g2")
        if done:
            break
    assert done
    assert count[0] > 25


def test_two_crashes(tmp_path: Path) -> None:
    """The moves are cut short, and so are those of the command that was to finish them."""
    for first in range(1, 40, 3):
        for second in range(1, 40, 4):
            root = built(tmp_path / f"{first}-{second}")
            swap.promise(root, MOVES)
            for number in (first, second):
                with pytest.MonkeyPatch.context() as patch:
                    crash_at(patch, number)
                    with suppress(Crash):
                        swap.settle(root)
            swap.settle(root)
            assert {n: t for n, t in files(root).items() if not n.startswith("published/generations/.")} == NEW


def test_the_journal_names_no_more_than_paths(tmp_path: Path) -> None:
    root = built(tmp_path / "d")
    swap.promise(root, MOVES[:1])
    told = json.loads((root / swap.JOURNAL).read_text(encoding="utf-8"))
    assert told == {"moves": [{"act": "replace", "path": "warehouse.duckdb", "source": ""}]}
    assert (root / swap.JOURNAL).stat().st_mode & 0o777 == 0o600
