"""What a counselor would do: take pupils from a list, and find in the extracts, as they came, the rows behind each reason."""

import csv
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dropout.publish.words import LIST_COLUMNS
from tests.flows.conftest import NIGHT, District

PUPILS = 3
YEAR = "2025-2026"
NUMBER = r"(\d+(?:,\d+)?)"
# what the French reasons say, and which number of the extract that is
UNEXCUSED = re.compile(rf"^Absences sans justification\s: {NUMBER} des (\d+) derniers jours de classe")
MISSED_OF = re.compile(rf"^Manquent cette année\s: {NUMBER} sur (\d+) contrôles ou devoirs")
YEAR_MEAN = re.compile(rf"^Moyenne des notes de cette année\s: {NUMBER}\s% du maximum")
DAYS = {"journée": 1.0, "matin": 0.5, "après-midi": 0.5}


def rows(deliveries: list[Path], name: str) -> Iterator[dict[str, str]]:
    """Every whole line of the files `name`, oldest delivery first, so that a correction comes after what it corrects."""
    for folder in deliveries:
        for path in sorted(folder.glob(f"{name}*")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from (row for row in csv.DictReader(file, delimiter=";") if None not in row.values())


def day(text: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text.strip(), "%d/%m/%Y").date()
    except ValueError:
        return None  # a broken line; it is in no reason either


def number(text: str) -> float:
    return float(text.replace(",", "."))


def unexcused(deliveries: list[Path], pupil: str, class_id: str) -> tuple[float, int]:
    """Days of the last 28 with a taken register of the class that the pupil missed without excuse."""
    taken = {day(r["date"]) for r in rows(deliveries, "appels.csv") if r["classe"] == class_id and r["appel_fait"] == "oui"} - {
        None
    }
    first = dt.date(2025, 9, 1)
    window = sorted(d for d in taken if d and first <= d <= NIGHT)[-28:]
    noted = {}
    for row in rows(deliveries, "absences.csv"):
        if row["code_massar"] == pupil and day(row["date"]) in window:
            noted[row["date"], row["seance"]] = row["statut"]
    per_day: dict[str, float] = defaultdict(float)
    for (date, session), status in noted.items():
        per_day[date] += DAYS[session] if status == "absence non justifiée" else 0
    return sum(min(1.0, share) for share in per_day.values()), len(window)


def assessments(deliveries: list[Path], pupil: str) -> list[dict[str, str]]:
    """The pupil's newest line of each assessment of the year, up to the night."""
    newest = {}
    for row in rows(deliveries, "notes.csv"):
        when = day(row["date_controle"])
        is_due = row["code_massar"] == pupil and row["annee_scolaire"] == YEAR and when and when <= NIGHT
        if is_due and (row["etat"] != "noté" or (row["note"] and number(row["note"]) <= number(row["bareme"]))):
            newest[row["matiere"], row["code_controle"]] = row
    return list(newest.values())


def test_the_rows_behind_the_reasons_of_three_pupils_are_in_the_extract(made: District) -> None:
    deliveries = [p for p in made.deliveries if p.name <= str(NIGHT)]
    agreed = defaultdict(int)
    for path in sorted((made.place.published / "current" / "lists").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            listed = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in csv.reader(file, delimiter=";")][1:]
        for pupil in listed[:PUPILS]:
            for reason in (pupil[f"reason_{n}"] for n in range(1, 5)):
                if said := UNEXCUSED.match(reason):
                    found = unexcused(deliveries, pupil["student_id"], pupil["class_name"])
                    assert (round(found[0], 1), found[1]) == (number(said[1]), int(said[2])), reason
                    agreed["unexcused"] += 1
                elif said := MISSED_OF.match(reason):
                    states = [row["etat"] for row in assessments(deliveries, pupil["student_id"]) if row["etat"] != "dispensé"]
                    missed = sum(state in ("absent", "manquant") for state in states)
                    assert (missed, len(states)) == (number(said[1]), int(said[2])), reason
                    agreed["missed"] += 1
                elif said := YEAR_MEAN.match(reason):
                    marked = [r for r in assessments(deliveries, pupil["student_id"]) if r["etat"] == "noté"]
                    weights = [number(r["coefficient"]) for r in marked]
                    shares = [number(r["note"]) / number(r["bareme"]) for r in marked]
                    mean = sum(w * s for w, s in zip(weights, shares, strict=True)) / sum(weights)
                    assert abs(100 * mean - number(said[1])) <= 0.5 + 1e-9, reason
                    agreed["mean"] += 1
    assert min(agreed[kind] for kind in ("unexcused", "missed", "mean")) >= PUPILS, dict(agreed)
