"""A small simulated district, read back as text: what is in the deliveries, and what the truth says of it."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dropout.errors import DeploymentError, SettingsError
from dropout.simulate import judge, simulate, true_risk
from dropout.simulate.deliveries import COLUMNS

STUDENTS, YEARS, SEED, FIRST = 1500, 3, 5, 2022


@dataclass(frozen=True)
class Made:
    folder: Path
    counts: dict[str, int]
    planted: dict[str, Any]

    @property
    def truth(self) -> Path:
        return self.folder / "truth"

    def rows(self, name: str) -> pl.DataFrame:
        """All whole lines of a file of every delivery, as text, with the delivery's date and the number of fields."""
        frames = []
        for path in sorted(self.folder.glob(f"deliveries/*/{name}.csv")):
            lines = [line.split(";") for line in path.read_bytes().decode("utf-8-sig").split("\r\n")[1:-1]]
            whole = [line for line in lines if len(line) == len(COLUMNS[name])]
            frame = pl.DataFrame(whole, schema=dict.fromkeys(COLUMNS[name], pl.String), orient="row")
            frames.append(frame.with_columns(delivery=pl.lit(dt.date.fromisoformat(path.parent.name))))
        return pl.concat(frames)

    def total(self, kind: str) -> int:
        return int(self.planted["total"].get(kind, 0))


def day(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%d/%m/%Y", strict=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("simulated")
    counts = simulate(folder, students=STUDENTS, years=YEARS, seed=SEED, first_year=FIRST)
    return Made(folder, counts, json.loads((folder / "truth" / "planted.json").read_text()))


@pytest.fixture(scope="module")
def enrolments(made: Made) -> pl.DataFrame:
    """The last version of each enrolment."""
    key = ["code_massar", "code_etablissement", "date_inscription"]
    rows = made.rows("inscriptions").sort("delivery", maintain_order=True).unique(key, keep="last", maintain_order=True)
    return rows.with_columns(entry=day("date_inscription"), exit=day("date_sortie"))


def sums(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*.*"))}


def test_the_same_seed_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    simulate(tmp_path, students=STUDENTS, years=YEARS, seed=SEED, first_year=FIRST)
    assert sums(tmp_path) == sums(made.folder)


def test_how_often_is_delivered_changes_no_truth(made: Made, tmp_path: Path) -> None:
    simulate(tmp_path, students=STUDENTS, years=YEARS, seed=SEED, first_year=FIRST, every="week")
    weekly, monthly = sums(tmp_path), sums(made.folder)
    for name in ("truth/risk.parquet", "truth/path.parquet", "truth/hazard.json"):
        assert weekly[name] == monthly[name]
    assert len(list(tmp_path.glob("deliveries/*"))) > 3 * len(list(made.folder.glob("deliveries/*")))


def test_files_are_as_a_school_office_writes_them(made: Made) -> None:
    files = sorted(made.folder.glob("deliveries/*/*.csv"))
    assert {p.stem for p in files} == set(COLUMNS)
    for path in files:
        data = path.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf" + ";".join(COLUMNS[path.stem]).encode() + b"\r\n")
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n")
        assert b"\x00" not in data
        assert b'"' not in data
    assert made.rows("notes")["note"].str.contains(",").any()
    assert made.rows("eleves")["nom"].str.contains("[\u0600-\u06ff]").mean() == pytest.approx(0.4, abs=0.06)


def test_first_delivery_of_a_year_has_the_basics_and_later_ones_only_what_changed(made: Made) -> None:
    for year in range(FIRST, FIRST + YEARS):
        first = {p.stem for p in (made.folder / "deliveries" / f"{year}-09-08").iterdir()}
        assert {"etablissements", "calendrier", "eleves", "inscriptions"} <= first
        later = {p.stem for p in (made.folder / "deliveries" / f"{year}-12-01").iterdir()}
        assert not {"etablissements", "calendrier"} & later
    students = made.rows("eleves")
    assert students["code_massar"].is_unique().all()
    assert len(students) == made.counts["students"]
    assert students["code_massar"].str.contains(r"^[A-Y]\d{9}$").all()
    assert students["telephone_tuteur"].str.contains(r"^(0[67]\d{8})?$").all()


def test_nothing_is_delivered_before_it_happened(made: Made) -> None:
    for name, column in (("absences", "date"), ("appels", "date"), ("notes", "date_controle"), ("incidents", "date")):
        late = made.rows(name).with_columns(day(column)).filter(pl.col(column) >= pl.col("delivery"))
        assert late.is_empty(), name
    exits = made.rows("inscriptions").with_columns(exit=day("date_sortie")).filter(pl.col("exit") >= pl.col("delivery"))
    assert exits.is_empty()


def test_who_is_named_was_delivered_before(made: Made) -> None:
    first = made.rows("eleves").select("code_massar", since="delivery")
    for name in ("inscriptions", "absences", "notes", "incidents"):
        rows = made.rows(name).join(first, on="code_massar", how="left")
        assert (rows["since"].is_null() == rows["code_massar"].str.starts_with("Z")).all(), name
        assert (rows["since"].is_null() | (rows["since"] <= rows["delivery"])).all(), name


def test_what_is_broken_is_what_was_planted(made: Made) -> None:
    absences, marks = made.rows("absences"), made.rows("notes")
    rows = made.total("rows")
    written = sum(len(p.read_bytes().split(b"\r\n")) - 2 for p in made.folder.glob("deliveries/*/*.csv"))
    assert rows == written == made.counts["rows"]
    whole = sum(len(made.rows(name)) for name in COLUMNS)
    assert rows - whole == made.total("too_few_fields") > 0
    bad = [absences["date"].str.starts_with("31/02").sum(), marks["date_controle"].str.starts_with("31/02").sum()]
    assert sum(bad) == made.total("bad_date") > 0
    assert (marks["note"] == "25").sum() == made.total("mark_over_maximum") > 0
    assert (absences["statut"] == "absence (?)").sum() == made.total("unknown_status") > 0
    strangers = [frame["code_massar"].str.starts_with("Z").sum() for frame in (absences, marks)]
    assert sum(strangers) == made.total("unknown_student") > 0
    kinds = ("too_few_fields", "bad_date", "mark_over_maximum", "unknown_status", "unknown_student")
    dirty_files = len(absences) + len(marks)
    assert 0.001 < sum(made.total(kind) for kind in kinds) / dirty_files < 0.0035


def test_duplicates_corrections_and_rows_sent_again_are_counted(made: Made) -> None:
    again, corrections, duplicates = 0, 0, 0
    for name, key in (("absences", ["code_massar", "date", "seance"]), ("notes", ["code_massar", "code_controle"])):
        rows = made.rows(name)
        duplicates += len(rows) - len(rows.unique())
        versions = rows.unique().drop("delivery").group_by(key).agg(pl.len(), pl.struct(pl.all()).n_unique().alias("kinds"))
        again += int(((versions["len"] > 1) & (versions["kinds"] == 1)).sum())
        corrections += int((versions["kinds"] > 1).sum())
    # A broken row hides its key: what was planted on both sides of one cannot be seen, so a few may be missing.
    for found, kind in ((duplicates, "duplicate"), (again, "sent_again"), (corrections, "correction")):
        assert 0.95 * made.total(kind) - 3 <= found <= made.total(kind)
        assert made.total(kind) > 0


def test_corrections_excuse_absences(made: Made) -> None:
    rows = made.rows("absences").filter(
        pl.col("statut").str.starts_with("absence j") | pl.col("statut").str.starts_with("absence n")
    )
    changed = rows.sort("delivery").group_by("code_massar", "date", "seance", maintain_order=True).agg("statut")
    changed = changed.filter(pl.col("statut").list.n_unique() > 1)
    assert len(changed) > 20
    assert (changed["statut"].list.first() == "absence non justifiée").all()
    assert (changed["statut"].list.last() == "absence justifiée").all()


def test_absences_fall_on_school_days_with_a_register(made: Made, enrolments: pl.DataFrame) -> None:
    registers = made.rows("appels").with_columns(day("date"))
    untaken = (registers["appel_fait"] == "non").mean()
    assert untaken == pytest.approx(0.05, abs=0.025)
    absences = made.rows("absences").with_columns(day("date")).drop_nulls("date")
    assert absences["date"].is_in(registers["date"].unique().implode()).all()
    seats = enrolments.group_by("code_massar", "annee_scolaire").agg(pl.col("classe").unique(), pl.len())
    settled = seats.filter((pl.col("len") == 1) & (pl.col("classe").list.len() == 1)).explode("classe")
    versions = made.rows("inscriptions").group_by("code_massar", "annee_scolaire").agg(pl.col("classe").n_unique())
    settled = settled.join(versions.filter(pl.col("classe") == 1).drop("classe"), on=["code_massar", "annee_scolaire"])
    year = pl.col("date").dt.offset_by("-8mo4d").dt.year()
    named = absences.with_columns(annee_scolaire=pl.format("{}-{}", year, year + 1))
    seen = named.join(settled, on=["code_massar", "annee_scolaire"]).join(registers, on=["classe", "date"], how="left")
    assert len(seen) > 0.5 * len(absences)
    assert (seen["appel_fait"] == "oui").all()


def test_the_outcome_is_what_the_enrolments_show(made: Made, enrolments: pl.DataFrame) -> None:
    risk = pl.read_parquet(made.truth / "risk.parquet").drop_nulls("left_by_next_year")
    valid = enrolments.filter(pl.col("motif_sortie") != "inscription erronée")
    for year in range(FIRST, FIRST + YEARS - 1):
        here = risk.filter(pl.col("school_year") == f"{year}-{year + 1}")
        following = valid.filter(
            (pl.col("annee_scolaire") == f"{year + 1}-{year + 2}") & (pl.col("entry") <= dt.date(year + 1, 11, 15))
        )
        finished = valid.filter((pl.col("annee_scolaire") == f"{year}-{year + 1}") & (pl.col("motif_sortie") == "diplômé"))
        found = pl.concat([following, finished])["code_massar"].unique()
        is_gone = ~here["student_id"].is_in(found.implode())
        assert (is_gone == (here["left_by_next_year"] == 1)).all()


def test_reasons_of_exits_and_the_others_are_all_there(made: Made, enrolments: pl.DataFrame) -> None:
    reasons = set(enrolments["motif_sortie"].unique())
    assert {"", "abandon", "diplômé", "transféré (documenté)", "transféré (interne)", "inconnu", "inscription erronée"} <= reasons
    grades = enrolments.filter(pl.col("motif_sortie") != "inscription erronée").group_by("code_massar", "annee_scolaire")
    per_year = grades.agg(pl.col("niveau").cast(pl.Int64).max()).sort("code_massar", "annee_scolaire")
    step = per_year.with_columns(step=pl.col("niveau").diff().over("code_massar"))["step"].drop_nulls()
    assert set(step.unique()) <= {0, 1}
    assert 0.03 < (step == 0).mean() < 0.2  # type: ignore[operator]
    assert set(enrolments["niveau"].cast(pl.Int64).unique()) == set(range(1, 13))


def test_a_perfect_and_a_blind_model_are_judged_so(made: Made) -> None:
    risk = pl.read_parquet(made.truth / "risk.parquet")
    perfect = judge(made.truth, risk.select("student_id", "as_of_date", chance="true_risk_by_next_year"))
    assert perfect["share_of_reachable"] == pytest.approx(1.0)
    assert perfect["calibration_error"] < 0.02
    assert perfect["n"] == len(risk.drop_nulls("left_by_next_year"))
    blind = judge(made.truth, risk.select("student_id", "as_of_date", chance=pl.lit(0.5)))
    assert blind["auc"] == 0.5
    assert blind["share_of_reachable"] == 0
    base_rate = blind["events"] / blind["n"]
    assert blind["calibration_error"] == pytest.approx(0.5 - base_rate, abs=1e-9)


def test_the_risk_of_any_date_agrees_with_the_monthly_one(made: Made) -> None:
    first = dt.date(2023, 2, 1)
    monthly = pl.read_parquet(made.truth / "risk.parquet").filter(pl.col("as_of_date") == first).sort("student_id")
    anew = true_risk(made.truth, [first]).sort("student_id")
    assert monthly["student_id"].to_list() == anew["student_id"].to_list()
    assert np.abs((monthly["true_risk_by_next_year"] - anew["true_risk_by_next_year"]).to_numpy()).max() == 0
    between = true_risk(made.truth, [dt.date(2023, 2, 14)])
    assert 0.9 * len(anew) < len(between) <= 1.02 * len(anew)
    assert true_risk(made.truth, [dt.date(2023, 8, 1)]).is_empty()


def test_a_district_too_small_or_a_folder_in_use_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="at least"):
        simulate(tmp_path, students=20)
    with pytest.raises(DeploymentError, match="already"):
        simulate(made.folder, students=STUDENTS)


def test_rates_are_realistic(tmp_path: Path) -> None:
    simulate(tmp_path, students=6000, years=1, seed=1)
    told = json.loads((tmp_path / "truth" / "hazard.json").read_text())
    october = told["best_reachable"]["as_of_dates"]["2022-10-01"]
    assert 0.055 < october["base_rate"] < 0.09
    assert 0.8 < told["best_reachable"]["all"]["best_auc"] < 0.91
    paths = pl.read_parquet(tmp_path / "truth" / "path.parquet").filter(pl.col("left_by_next_year") == 1)
    assert 0.4 < (paths["exit_date"] <= dt.date(2023, 7, 5)).fill_null(False).mean() < 0.6  # type: ignore[operator]
