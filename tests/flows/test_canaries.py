"""Canaries: people who are nowhere else are planted wherever a school could write them, and must be found nowhere else."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dropout.extracts.source import folded
from dropout.settings import Deployment
from tests.canary_search import Search
from tests.flows.conftest import NIGHT, District
from tests.massar_workbook import Marks, write
from tests.places import ask, deliver

ROOT = Path(__file__).parents[2]
GIVEN, FAMILY, ARABIC = "Zéphyrinetta", "Quxalouidh", "زقنبوطيفر"
NUMBER, PHONE = "Q918273645", "0698127354"
WORDS = [
    GIVEN, "phyrinetta", FAMILY, ARABIC,  # as written, and as it is left when accents are taken off
    "918273645", PHONE, "98127354", "06 98 12 73 54", "06.98.12.73.54", "06-98-12-73-54",
]  # fmt: skip
SEARCH = Search(WORDS)
FIRST, SECOND = "2026-03-03", "2026-03-04"
PUPILS = "code_massar;nom;prenom;date_naissance;sexe;telephone_tuteur;handicap;bourse;milieu_residence;langue_maternelle\n"
ABSENCES = "code_massar;date;seance;statut;minutes\n"
MARKS = (
    "code_massar;annee_scolaire;semestre;matiere;code_controle;date_controle;note;bareme;coefficient;etat\n"
    f"{NUMBER};2025-2026;S1;français;K-1;{GIVEN};10;20;1;noté\n"  # a name where a date should be
    f"{NUMBER};2025-2026;S1;français;K-2;05/01/2026;{PHONE};20;1;noté\n"  # a phone for a mark
    f"{NUMBER};2025-2026;S1;français;K-3;05/01/2026;12;20;1;{FAMILY}\n"  # a name for a code
)


def pupils() -> str:
    """A good row, and broken ones: cells shifted to the right, a cell too many, a quote that is never closed."""
    good = f"{NUMBER};{FAMILY};{GIVEN};01/02/2012;F;{PHONE};non;oui;urbain;arabe\n"
    shifted = f";{NUMBER};{FAMILY};{GIVEN};01/02/2012;F;{PHONE};non;oui;urbain\n"
    wide = f"{NUMBER};{FAMILY};{GIVEN};01/02/2012;{ARABIC};{PHONE};non;oui;urbain;arabe;{FAMILY}\n"
    return PUPILS + good + shifted + wide + f'{NUMBER};"{FAMILY};{GIVEN};01/02/2012\n'


def absences(head: str = ABSENCES) -> str:
    bad = [f"{NUMBER};{GIVEN};journée;absence non justifiée;", f"{NUMBER};02/03/2026;{PHONE};{FAMILY};{ARABIC}"]
    good = [f"{NUMBER};{day:02}/02/2026;journée;absence non justifiée;" for day in (2, 3, 4)]
    return head + "".join(f"{line}\n" for line in [*good, *bad])


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def filled(place: Deployment) -> tuple[bytes, str]:
    """A list as it comes back, names in every column that is filled; and the school it is of."""
    path = min((place.published / "current/lists").glob("*/*.csv"), key=lambda p: (-p.stat().st_size, p.name))
    head, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";")
    head.append("Pas d'accord, parce que")  # of older lists, that still come back
    at = {folded(name): i for i, name in enumerate(head)}
    assert len(rows) > 1
    cells: list[dict[str, str]] = [
        {
            "decision": "pas d'accord",
            "pas d'accord, parce que": f"{GIVEN} {FAMILY} est {PHONE}",
            "remarque libre": f"{ARABIC} {NUMBER}",
            "réponse de (initiales)": FAMILY,
        },
        {"decision": FAMILY, "action": GIVEN, "date de l'action": PHONE, "resultat": NUMBER, "code de note": ARABIC},
    ]
    for row, written in zip(rows, cells, strict=False):
        for name, text in written.items():
            row.extend([""] * (len(head) - len(row)))
            row[at[folded(name)]] = text
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([head, *rows])
    return out.getvalue().encode("utf-8-sig"), path.parent.name


def plant(place: Deployment, folder: Path) -> None:
    """Two nights' worth in `inbox`: good, broken, unknown and unsafe, under names that schools give."""
    marks = Marks("الرياضيات", "S1", "2025/2026", ["A"], [(NUMBER, f"{FAMILY} {GIVEN}", "2012-02-01", [(FAMILY, GIVEN)])])
    book = write(folder / "book.xlsx", marks).read_bytes()
    inbox = place.inbox
    first = deliver(inbox, f"{FIRST} Mme {FAMILY}", {
        "eleves.csv": pupils(),
        f"absences_{GIVEN}_{FAMILY}.csv": absences(),
        f"notes {PHONE}.csv": MARKS,
        f"incidents_{NUMBER}.csv": f"{NUMBER};{GIVEN};{PHONE}\n{NUMBER};02/03/2026;{FAMILY}\n",  # people where headers are
        f"appels_{ARABIC}.csv": f"classe;date;seance;appel_fait;{FAMILY} {GIVEN}\n{FAMILY};{GIVEN};journée;{PHONE}\n",
        f"photo de {GIVEN}.{FAMILY}": PHONE,
        f"export_notesCC_{FAMILY}.xlsx": book,
        f"export_notesCC_{GIVEN}-06 98 12 73 54.xlsx": book[: len(book) // 2],
        f"rapport {NUMBER}.docx": b"PK\x03\x04" + FAMILY.encode(),
    })  # fmt: skip
    (first / GIVEN / ARABIC).mkdir(parents=True)
    (first / GIVEN / ARABIC / f"eleves {NUMBER}.csv").write_bytes(pupils().encode("cp1252", errors="replace"))
    (inbox / f"{GIVEN} {FAMILY}.zip").write_bytes(zipped((f"../{FAMILY}.csv", b"x")))  # unsafe
    (inbox / f"{NUMBER}.zip").write_bytes(b"PK\x03\x04" + GIVEN.encode())  # no zip
    twice = (f"{FAMILY}/absences {GIVEN}.csv", b"x"), (f"{FAMILY}/ABSENCES {GIVEN}.csv", b"y")
    (inbox / f"{PHONE}.zip").write_bytes(zipped(*twice))
    deliver(inbox, ARABIC, {f"{GIVEN}.csv": absences(), f"{FAMILY}.txt": PHONE})  # known to no source
    (inbox / f"{GIVEN}.done").touch()
    deliver(inbox, f"reste {NUMBER}", {
        f"absences {GIVEN}.csv": absences(),
        f"rapport {NUMBER}.zip": zipped((f"{GIVEN}/absences_{FAMILY}.csv", absences().encode()))[:-9],
        f"manifest {FAMILY}.csv": f"file,rows\nabsences_{ARABIC}.csv,3\nabsences {GIVEN}.csv,99\n{NUMBER}/{PHONE}.csv,1\n",
    })  # fmt: skip
    data, school = filled(place)
    (inbox / f"liste remplie Mme {FAMILY} {PHONE}.csv").write_bytes(data)
    deliver(inbox, f"retour {GIVEN}", {f"{school}_{FAMILY}.csv": data + b"\n", f"{ARABIC}.pdf": b"%PDF"})
    (inbox / f"absences {FAMILY}.csv").write_text(absences(f"{NUMBER};{FAMILY};{GIVEN}\n"), encoding="utf-8")
    (inbox / f"lien vers {GIVEN}.csv").symlink_to(inbox / f"absences {FAMILY}.csv")


def dropout(place: Deployment, tmp: Path, *words: str) -> bytes:
    """What a command says on both channels, and how it ended; as an operator's machine runs it."""
    tmp.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not re.match("DROPOUT_|PREFECT_", k)}
    env = kept | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp)}
    command = [sys.executable, "-m", "dropout", *words]
    done = subprocess.run(command, cwd=place.root, env=env, capture_output=True, timeout=300)
    return done.stdout + b"\n" + done.stderr + b"\nexit %d" % done.returncode


def is_allowed(place: Deployment, path: Path) -> bool:
    """Where people may be: what was received, the identity store, schools' lists, what is handed out to a family."""
    lists = (place.published / "generations").glob("*/lists")
    homes = {place.raw, place.inbox, place.work / "handed_out", *lists}
    return path.name.startswith(place.identity.name) or any(home in path.parents for home in homes)


@pytest.fixture(scope="module")
def after(made: District, tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Path, dict[str, bytes]]:
    """A deployment after two nights and what an operator asks then; the nights' TMPDIR; what each command said."""
    folder = tmp_path_factory.mktemp("canaries")
    shutil.copytree(made.place.root, folder / "place", symlinks=True)
    place, tmp = Deployment(folder / "place", made.place.settings), folder / "tmp"
    (folder / "book").mkdir()
    plant(place, folder / "book")
    said = {"night": dropout(place, tmp, "nightly", "--date", FIRST)}
    later = f"absences {GIVEN}.csv", f"absences_{FAMILY}.csv"
    for name in later:  # a second time with other columns: what is not as before is told with its difference
        deliver(place.inbox, f"{SECOND} {name}", {name: absences(ABSENCES.replace("minutes", f"{FAMILY} {GIVEN}"))})
    said["night, in JSON"] = dropout(place, tmp, "--log-format", "json", "nightly", "--date", SECOND)
    gone = folder / f"{FAMILY} {GIVEN}" / f"notes de {NUMBER}.zip"
    said["a path that is not there"] = dropout(place, tmp, "load", "--as-history", str(gone))
    gone.parent.mkdir()
    gone.write_bytes(zipped((f"{FAMILY}.csv", b"x")))
    said["a delivery by hand"] = dropout(place, tmp, "load", "--as-history", str(gone))
    said["status"] = dropout(place, tmp, "status")
    said["quarantine"] = dropout(place, tmp, "quarantine")
    said["access to nobody"] = dropout(place, tmp, "access", f"{NUMBER}9")
    said["doctor"] = dropout(place, tmp, "doctor")
    said["audit"] = dropout(place, tmp, "audit", "verify")
    return place, tmp, said


def test_the_nights_went_their_way(after: tuple[Deployment, Path, dict[str, bytes]]) -> None:
    """Nothing planted keeps a night from being published, and what was planted did arrive: else nothing is proved."""
    place, _, said = after
    assert said["night"].endswith(b"exit 0"), said["night"].decode()
    assert said["night, in JSON"].endswith(b"exit 0"), said["night, in JSON"].decode()
    assert {str(d) for (d,) in ask(place, "select as_of_date from ops.generation")} == {str(NIGHT), FIRST, SECOND}
    assert ask(place, "select count(*) > 3 from ops.file where status = 'stopped'") == [(True,)]
    assert ask(place, "select count(*) > 5 from ops.reject inner join ops.file using (file_id) where file like '%~%'") == [
        (True,)
    ]
    found = {word for word, _ in SEARCH.in_file(place.identity)}
    assert {GIVEN, FAMILY, "918273645", PHONE} <= found  # the search sees them where they are


def test_no_canary_is_in_what_a_night_says(after: tuple[Deployment, Path, dict[str, bytes]]) -> None:
    _, _, said = after
    assert {name: SEARCH.in_bytes(text) for name, text in said.items() if SEARCH.in_bytes(text)} == {}


def test_no_canary_is_in_a_file_that_is_not_for_people(after: tuple[Deployment, Path, dict[str, bytes]]) -> None:
    """Warehouse, staging, models, analysts' file, report, cards, manifest, audit log, Prefect's home, temporary files."""
    place, tmp, _ = after
    paths = [p for root in (place.root, tmp) for p in sorted(root.rglob("*")) if not is_allowed(place, p)]
    files = [p for p in paths if p.is_file() and not p.is_symlink()]
    kinds = {"warehouse.duckdb", "staging.duckdb", "analytics.duckdb", "report.html", "MANIFEST.json", "prefect.db", "model.txt"}
    assert kinds <= {p.name for p in files}
    assert {p.name: SEARCH.in_bytes(os.fsencode(p.name)) for p in paths if SEARCH.in_bytes(os.fsencode(p.name))} == {}
    found = {str(p.relative_to(place.root.parent)): SEARCH.in_file(p) for p in files}
    assert {path: words for path, words in found.items() if words} == {}


def test_the_operator_finds_a_file_by_what_is_shown(after: tuple[Deployment, Path, dict[str, bytes]]) -> None:
    """A file's place in the ledger is its place in raw/, below which no name of a file is a person's either."""
    place, _, _ = after
    for delivery, file in ask(place, "select delivery_id, file from ops.file inner join ops.delivery using (delivery_no)"):
        assert (place.raw / delivery / file).is_file()
    assert not [p for p in place.raw.rglob("*") if SEARCH.in_bytes(os.fsencode(p.name))]
