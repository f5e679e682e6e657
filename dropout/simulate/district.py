"""The simulated district: a known truth, and the deliveries that a school office would make of it."""

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from dropout.errors import DeploymentError, SettingsError
from dropout.simulate.attendance import absence_rows, ghost_rows, incident_rows, observe, register_rows
from dropout.simulate.course import Lived, live
from dropout.simulate.deliveries import Office
from dropout.simulate.dirt import with_excuses, with_remarks
from dropout.simulate.enrolment import NotBack, enrolment_rows, make_mistakes, mistaken_rows, not_back
from dropout.simulate.hazard import Hazard
from dropout.simulate.intake import first_intake, next_intake
from dropout.simulate.marks import mark_rows, usual_mark
from dropout.simulate.pupils import student_codes, student_rows
from dropout.simulate.roll import make_classes
from dropout.simulate.school_calendar import Every, SchoolYear
from dropout.simulate.schools import calendar_rows, open_schools, school_rows
from dropout.simulate.truth import path_rows, risk_of, write_truth

# Years lived before the first delivery, so that ages, repeaters and the share of weak pupils have settled.
_PAST_YEARS = 5
_FEWEST_STUDENTS = 100


def simulate(
    out: Path, *, students: int = 12_000, years: int = 4, seed: int = 7, first_year: int = 2022, every: Every = "month"
) -> dict[str, int]:
    """Writes `out/deliveries/<date>/*.csv` and `out/truth/`; returns counts.

    About `students` are enrolled at a time, in the school years from `first_year`-09-05 on. The same arguments
    give the same bytes; `every` changes the deliveries alone, the truth stays. Raises SettingsError for a
    district too small to have classes, DeploymentError when `out` already holds deliveries.
    """
    deliveries = out / "deliveries"
    if students < _FEWEST_STUDENTS or years < 1:
        raise SettingsError(f"a district needs at least {_FEWEST_STUDENTS} students and 1 year")
    if deliveries.exists():
        raise DeploymentError("deliveries are there already", where=str(deliveries), remedy="Name an empty folder.")
    district = _District(Office(deliveries), students, seed, first_year - _PAST_YEARS)
    for _ in range(_PAST_YEARS):
        district.pass_unseen()
    for _ in range(years):
        district.pass_year(every)
    return district.close(out / "truth")


class _District:
    """What carries over from one year to the next."""

    def __init__(self, office: Office, students: int, seed: int, first_year: int) -> None:
        self.office, self.students, self.seed = office, students, seed
        self.hazard, self.year = Hazard(), SchoolYear(first_year)
        # What happens, what is seen of it and what the office spoils: a change in one leaves the others alone.
        self.fate, self.view, self.clerk = (np.random.default_rng([seed, k]) for k in range(3))
        self.schools = open_schools(students, self.fate)
        self.population = first_intake(self.hazard, self.schools, students, first_year, self.fate)
        self.missing = NotBack(student_codes(0, 0, seed), np.zeros(0, dtype=np.int64))
        self.is_delivered = np.zeros(0, dtype=np.bool_)
        self.paths: list[pl.DataFrame] = []
        self.risks: list[pl.DataFrame] = []
        self.counts: Counter[str] = Counter()

    def pass_unseen(self) -> None:
        """A year of which nothing is written."""
        lived = self._live()
        self._turn(lived, usual_mark(lived.own.ability))

    def pass_year(self, every: Every) -> None:
        """A year with its deliveries and its truth."""
        lived = self._live()
        self.paths.append(path_rows(self.hazard, lived))
        self.risks.append(risk_of(self.hazard, self.paths[-1], self.year.as_of_dates))
        self._note_basics(lived)
        mean_mark = self._note_course(lived)
        self.office.deliver(self.year.delivery_dates(every), self.clerk)
        self.missing = not_back(lived)
        self._turn(lived, mean_mark)

    def _live(self) -> Lived:
        population = self.population
        own = population.pupils.take(population.roll.pupil)
        codes = student_codes(0, len(population.pupils.home), self.seed).gather(population.roll.pupil)
        classes, seat = make_classes(population.roll, self.schools, self.fate)
        course = live(self.hazard, self.year, population.roll, own, classes, seat, self.fate)
        return Lived(self.year, population.roll, own, codes, classes, course)

    def _turn(self, lived: Lived, mean_mark: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        """The summer: the next year's population."""
        self.year = SchoolYear(self.year.year + 1)
        self.population = next_intake(
            self.hazard, self.schools, self.population, lived.course, mean_mark, self.students, self.year.year, self.fate
        )

    def _note_basics(self, lived: Lived) -> None:
        """Schools, calendar, and the pupils whom the office has never sent."""
        known_on = pl.lit(self.year.start).alias("known_on")
        self.office.note("etablissements", school_rows(self.schools).with_columns(known_on))
        self.office.note("calendrier", calendar_rows(self.schools, self.year).with_columns(known_on))
        sent = np.zeros(len(self.population.pupils.home), dtype=np.bool_)
        sent[: len(self.is_delivered)] = self.is_delivered
        new = np.flatnonzero(~sent[lived.roll.pupil])
        sent[lived.roll.pupil] = True
        self.is_delivered = sent
        rows = student_rows(lived.own.take(new), lived.codes.gather(new), self.view)
        self.office.note("eleves", rows.with_columns(known_on=pl.Series(self.year.dates[lived.roll.entry_day[new]])))

    def _note_course(self, lived: Lived) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Everything that happens in the year; returns the mean marks, on which repeating depends."""
        mistaken = make_mistakes(lived, self.missing, self.view)
        self.office.note("inscriptions", enrolment_rows(lived, self.schools, self.view))
        self.office.note("inscriptions", mistaken_rows(mistaken, lived, self.schools))
        seen = observe(lived, self.view)
        absences = pl.concat([absence_rows(seen, lived, self.view), ghost_rows(mistaken, seen, lived)])
        marks, mean_mark = mark_rows(lived, self.view)
        self.office.note("absences", with_excuses(absences, self.clerk))
        self.office.note("notes", with_remarks(marks, self.clerk))
        self.office.note("appels", register_rows(seen, lived))
        self.office.note("incidents", incident_rows(seen, lived))
        is_taken = seen.taken[:, self.year.is_open]
        self.counts.update(
            registers=is_taken.size, registers_not_taken=int((~is_taken).sum()), events_not_recorded=seen.hidden_count,
            enrolments_in_error=len(mistaken.seat),
        )  # fmt: skip
        return mean_mark

    def close(self, truth: Path) -> dict[str, int]:
        """Writes the truth and sums up."""
        planted = self.office.planted
        for files in planted.values():
            for counts in files.values():
                self.counts.update(counts)
        told = {"total": dict(sorted(self.counts.items())), "deliveries": planted}
        best = write_truth(truth, self.hazard, pl.concat(self.paths), pl.concat(self.risks), told)
        return {
            "students": int(self.is_delivered.sum()),
            "schools": len(self.schools.code),
            "deliveries": len(planted),
            "rows": self.counts["rows"],
            "risk_rows": best["all"]["n"],
            "risk_events": best["all"]["events"],
        }
