"""A candidate: the folder in which a season's verbs leave their work for one another, sealed after each."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dropout.country import Target
from dropout.errors import ModelError
from dropout.model.frame import Floats, Frame, from_arrow
from dropout.model.seal import seal, verify
from dropout.privacy.keys import read_key
from dropout.settings import Deployment
from dropout.strict import Strict

Record = TypeVar("Record", bound=Strict)


class Candidate:
    """`models/candidate-<target>/`: the frame as one Parquet file per cohort, boosters, and JSON records.

    The frame is pseudonymous and stays with the operator; `promote` removes it.
    """

    def __init__(self, deployment: Deployment, target: Target) -> None:
        self.target = target
        self.folder: Path = deployment.models / f"candidate-{target}"
        self._deployment = deployment

    @property
    def exists(self) -> bool:
        """Whether a season has left one here."""
        return self.folder.is_dir()

    def begin(self) -> None:
        """An empty folder, in place of whatever an earlier season left."""
        self.remove()
        self.folder.parent.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "frame").mkdir(mode=0o700, parents=True)
        self.folder.chmod(0o700)

    def open(self) -> "Candidate":
        """This candidate, its seal verified; raises ModelError when it is missing or altered."""
        if not self.exists:
            raise ModelError("there is no candidate to work on", where=self.folder.name, remedy="Make one with: dropout train")
        verify(self.folder, read_key(self._deployment), remedy="Make it anew with: dropout train")
        return self

    def seal(self) -> None:
        """Seals what the folder holds now."""
        seal(self.folder, read_key(self._deployment))

    def remove(self) -> None:
        """Deletes the folder, if it is there."""
        if self.exists:
            shutil.rmtree(self.folder)

    def write_rows(self, school_year: str, table: pa.Table) -> None:
        """Stores one cohort of the frame."""
        pq.write_table(table, self.folder / "frame" / f"{school_year}.parquet", compression="zstd")

    def rows(self, school_years: Iterable[str]) -> Frame:
        """The cohorts `school_years` of the frame, in that order."""
        paths = [self.folder / "frame" / f"{year}.parquet" for year in school_years]
        return from_arrow(pa.concat_tables([pq.read_table(path) for path in paths]))

    def write_record(self, name: str, record: Strict) -> None:
        """Stores `record` as `<name>.json`."""
        (self.folder / f"{name}.json").write_text(to_json(record), encoding="utf-8")

    def record(self, name: str, kind: type[Record]) -> Record:
        """`<name>.json` as a `kind`; raises ModelError when the verb that writes it has not run."""
        path = self.folder / f"{name}.json"
        if not path.is_file():
            raise ModelError(
                f"the candidate has no {path.name} yet",
                where=self.folder.name,
                remedy="Run the verbs in order: dropout train, calibrate, evaluate, promote.",
            )
        return kind.model_validate_json(path.read_text(encoding="utf-8"))

    def write_booster(self, name: str, text: str) -> None:
        """Stores a booster as text."""
        (self.folder / f"{name}.txt").write_text(text, encoding="utf-8")

    def booster(self, name: str) -> str:
        """Text of a booster."""
        return (self.folder / f"{name}.txt").read_text(encoding="utf-8")

    def write_refits(self, name: str, texts: Iterable[str]) -> int:
        """Stores the refits of the booster `name` in place of earlier ones; returns how many."""
        for path in self._refit_paths(name):
            path.unlink()
        count = 0
        for count, text in enumerate(texts, start=1):
            self.write_booster(f"{name}_refit_{count}", text)
        return count

    def refits(self, name: str) -> list[str]:
        """Texts of the refits of the booster `name`, in their order; empty where it was not fitted again."""
        return [path.read_text(encoding="utf-8") for path in self._refit_paths(name)]

    def _refit_paths(self, name: str) -> list[Path]:
        return sorted(self.folder.glob(f"{name}_refit_*.txt"), key=lambda path: int(path.stem.rpartition("_")[2]))

    def write_numbers(self, name: str, numbers: Floats) -> None:
        """Stores one number per row of a cohort (out-of-fold scores), as Parquet."""
        pq.write_table(pa.table({"raw": numbers}), self.folder / f"{name}.parquet")

    def numbers(self, name: str) -> Floats:
        """What `write_numbers` stored."""
        column = pq.read_table(self.folder / f"{name}.parquet").column("raw")
        return np.asarray(column.to_numpy(), dtype=np.float64)


def to_json(record: Strict) -> str:
    """The same record gives the same bytes: sorted keys, no NaN."""
    return json.dumps(record.model_dump(mode="json"), sort_keys=True, indent=1, allow_nan=False) + "\n"
