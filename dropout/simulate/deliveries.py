"""The district's exports as folders of CSV files: UTF-8 with BOM, `;`, dd/mm/yyyy, decimal comma, CRLF."""

import datetime as dt
import io
import re
from pathlib import Path

import numpy as np
import polars as pl

from dropout.simulate.dirt import BREAKAGES, CUT, IS_CHANGE, PLAIN, WILL_CHANGE, sent_again, spoil

COLUMNS = {
    name: columns.split(";")
    for name, columns in {
        "etablissements": "code_etablissement;nom_etablissement;academie;milieu;cycle;capacite_suivi",
        "eleves": "code_massar;prenom;nom;date_naissance;sexe;telephone_tuteur;handicap;bourse;milieu_residence;"
        "langue_maternelle",
        "inscriptions": "code_massar;code_etablissement;annee_scolaire;niveau;classe;date_inscription;date_sortie;motif_sortie",
        "calendrier": "code_etablissement;date;jour_ouvre",
        "absences": "code_massar;date;seance;statut;minutes",
        "appels": "classe;date;seance;appel_fait",
        "notes": "code_massar;annee_scolaire;semestre;matiere;code_controle;date_controle;note;bareme;coefficient;etat",
        "incidents": "code_massar;date;type",
    }.items()
}
# Files whose rows change later: of several versions of a key within one delivery only the last is sent.
_KEYS = {
    "inscriptions": ["code_massar", "code_etablissement", "date_inscription"],
    "absences": ["code_massar", "date", "seance"],
    "notes": ["code_massar", "code_controle"],
}


class Office:
    """Collects what became known and sends with each delivery what is new or changed since the last one.

    `planted` counts, per delivery and file, the rows written and what is wrong with them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted: dict[str, dict[str, dict[str, int]]] = {}
        self._waiting: dict[str, list[pl.DataFrame]] = {name: [] for name in COLUMNS}
        self._last: dict[str, pl.DataFrame] = {}

    def note(self, name: str, rows: pl.DataFrame) -> None:
        """Takes in rows of the file `name`, each with the day `known_on` which it became known."""
        if "change" not in rows.columns:
            rows = rows.with_columns(change=pl.lit(PLAIN))
        self._waiting[name].append(rows.select(*COLUMNS[name], pl.col("known_on").cast(pl.Date), "change"))

    def deliver(self, dates: list[dt.date], rng: np.random.Generator) -> None:
        """Writes the deliveries of `dates`; what becomes known after the last one waits for the next call."""
        for name, frames in self._waiting.items():
            shares, rest = _shared_out(pl.concat(frames), dates)
            self._waiting[name] = [rest]
            for date in dates:
                self._write(name, date, shares.get(date, rest.clear()), rng)

    def _write(self, name: str, date: dt.date, rows: pl.DataFrame, rng: np.random.Generator) -> None:
        rows, corrections = _latest(name, rows)
        text, intact, planted = spoil(name, _as_text(rows), rng)
        planted["correction"] = corrections
        if name in self._last:
            again = sent_again(self._last[name], rng)
            text, planted["sent_again"] = pl.concat([text, again]), len(again)
        if len(text) == 0:
            return
        if name in BREAKAGES:
            self._last[name] = intact
        folder = self.folder / date.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv").write_bytes(_as_csv(text.select(COLUMNS[name])))
        counts = {"rows": len(text), **{kind: count for kind, count in planted.items() if count}}
        self.planted.setdefault(date.isoformat(), {})[f"{name}.csv"] = counts


def _shared_out(rows: pl.DataFrame, dates: list[dt.date]) -> tuple[dict[dt.date, pl.DataFrame], pl.DataFrame]:
    """Rows by the first delivery on or after the day they became known, and those known after the last one."""
    place = np.searchsorted(np.array(dates, dtype="datetime64[D]"), rows["known_on"].to_numpy(), "left")
    placed = rows.with_columns(place=pl.Series(place)).sort("known_on", maintain_order=True)
    shares = {date: placed.filter(pl.col("place") == k).drop("place") for k, date in enumerate(dates)}
    return shares, placed.filter(pl.col("place") == len(dates)).drop("place")


def _latest(name: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The last version of each key, and how many of them correct a row of an earlier delivery."""
    if name in _KEYS:
        before = int((rows["change"] == WILL_CHANGE).sum())
        rows = rows.unique(_KEYS[name], keep="last", maintain_order=True)
        overtaken = before - int((rows["change"] == WILL_CHANGE).sum())
        return rows, int((rows["change"] == IS_CHANGE).sum()) - overtaken
    return rows, 0


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.drop("known_on")
    dates = [column for column, kind in rows.schema.items() if kind == pl.Date]
    return rows.with_columns(pl.col(dates).dt.to_string("%d/%m/%Y"), pl.exclude([*dates, "change"]).cast(pl.String))


def _as_csv(text: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    text.write_csv(buffer, separator=";", line_terminator="\r\n", include_bom=True)
    data, cut = buffer.getvalue(), CUT.encode()
    return re.sub(rb";[^;\r\n]*" + cut + rb"[^\r\n]*", b"", data) if cut in data else data
