"""What a counselor would do: take pupils from a list, and find in the extracts, as they came, the rows behind each reason."""

import csv
import datetime as dt
import re
from collections import defaultdict
from pathlib import Path

from dropout.publish.words import LIST_COLUMNS
from tests.flows.conftest import NIGHT, District

YEAR = "2025-2026"
NUMBER = r"(\d+(?:,\d+)?)"
# what the French reasons say, and which number of the extract that is
UNEXCUSED = re.compile(rf"^Absences sans justification\s: {NUMBER} des (\d+) derniers jours de classe")
MISSED_OF = re.compile(rf"^Manquent cette année\s: {NUMBER} sur (\d+) contrôles ou devoirs")
YEAR_MEAN = re.compile(rf"^Moyenne des notes de cette année\s: {NUMBER}\s% du maximum")
EARNED = re.compile(rf"^Points obtenus cette année, travail manquant compté zéro\s: {NUMBER}\s% du maximum")
YEAR_BEGINS = dt.date(2025, 9, 1)
DAYS = {"journée": 1.0, "matin": 0.5, "après-midi": 0.5}


Lines = dict[str, list[dict[str, str]]]


def lines_by(column: str, deliveries: list[Path], name: str) -> Lines:
    """Every whole line of the files `name` by `column`, oldest delivery first: a correction comes after what it corrects."""
    found: Lines = defaultdict(list)
    for folder in deliveries:
        for path in sorted(folder.glob(f"{name}*")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file, delimiter=";"):
                    if None not in row.values():
                        found[row[column]].append(row)
    return found


def day(text: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text.strip(), "%d/%m/%Y").date()
    except ValueError:
        return None  # a broken line; it is in no reason either


def number(text: str) -> float:
    return float(text.replace(",", "."))


def unexcused(registers: list[dict[str, str]], absences: list[dict[str, str]]) -> tuple[float, int]:
    """Days of the last 28 with a taken register of the class that the pupil missed without excuse."""
    taken = {day(r["date"]) for r in registers if r["appel_fait"] == "oui"}
    window = sorted(d for d in taken if d and YEAR_BEGINS <= d <= NIGHT)[-28:]
    noted = {(r["date"], r["seance"]): r["statut"] for r in absences if day(r["date"]) in window}
    per_day: dict[str, float] = defaultdict(float)
    for (date, session), status in noted.items():
        per_day[date] += DAYS[session] if status == "absence non justifiée" else 0
    return sum(min(1.0, share) for share in per_day.values()), len(window)


def assessments(marks: list[dict[str, str]]) -> list[dict[str, str]]:
    """The newest line of each assessment of the year, up to the night, without those that the pupil was exempt from."""
    newest = {}
    for row in marks:
        when = day(row["date_controle"])
        is_due = row["annee_scolaire"] == YEAR and when and when <= NIGHT
        if is_due and (row["etat"] != "noté" or (row["note"] and number(row["note"]) <= number(row["bareme"]))):
            newest[row["matiere"], row["code_controle"]] = row
    return [row for row in newest.values() if row["etat"] != "dispensé"]


def mean_percent(lines: list[dict[str, str]]) -> float:
    """Marks as percent of the maximum, by coefficient; missed work counts zero where it is among `lines`."""
    weights = [number(r["coefficient"]) for r in lines]
    shares = [number(r["note"]) / number(r["bareme"]) if r["etat"] == "noté" else 0.0 for r in lines]
    return 100 * sum(w * s for w, s in zip(weights, shares, strict=True)) / sum(weights)


def test_the_rows_behind_the_reasons_are_in_the_extract(made: District) -> None:
    """Of every listed pupil, and of three at least for each kind of reason."""
    deliveries = [p for p in made.deliveries if p.name <= str(NIGHT)]
    absences, marks = (lines_by("code_massar", deliveries, name) for name in ("absences.csv", "notes.csv"))
    registers = lines_by("classe", deliveries, "appels.csv")
    agreed = dict.fromkeys(("unexcused", "missed", "marks"), 0)
    for path in sorted((made.place.published / "current" / "lists").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            listed = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in csv.reader(file, delimiter=";")][1:]
        for pupil in listed:
            work = assessments(marks[pupil["student_id"]])
            for reason in (pupil[f"reason_{n}"] for n in range(1, 5)):
                if (said := UNEXCUSED.match(reason)) and said[2] == "28":  # fewer: the pupil came to the class within these days
                    days, window = unexcused(registers[pupil["class_name"]], absences[pupil["student_id"]])
                    assert (round(days, 1), window) == (number(said[1]), int(said[2])), reason
                    agreed["unexcused"] += 1
                elif said := MISSED_OF.match(reason):
                    missed = sum(row["etat"] in ("absent", "manquant") for row in work)
                    assert (missed, len(work)) == (number(said[1]), int(said[2])), reason
                    agreed["missed"] += 1
                elif said := YEAR_MEAN.match(reason):
                    assert abs(mean_percent([r for r in work if r["etat"] == "noté"]) - number(said[1])) <= 0.5 + 1e-9, reason
                    agreed["marks"] += 1
                elif said := EARNED.match(reason):
                    assert abs(mean_percent(work) - number(said[1])) <= 0.5 + 1e-9, reason
                    agreed["marks"] += 1
    assert min(agreed.values()) >= 3, agreed
