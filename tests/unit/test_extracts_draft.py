"""Samples as schools send them → a source that loads, maps what it should, asks what it must, and names nobody."""

import datetime as dt
import gzip
import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dropout.errors import ExtractError
from dropout.extracts.draft.draft import Drafted, draft
from dropout.extracts.draft.evenly import evenly
from tests.drafts import drafted, loaded, read_back, record

PEOPLE = [("Salma", "Elidrissi"), ("Omar", "Berrada"), ("Zoé", "Müllerova"), ("Yassine", "Ouazzani")]
ARABIC = ["سلمى الإدريسي", "عمر برادة", "زينب الوزاني"]


def days(count: int, start: dt.date = dt.date(2024, 9, 2)) -> list[dt.date]:
    return [start + dt.timedelta(days=i) for i in range(count)]


def says(found: Drafted, *words: str) -> bool:
    return any(all(w in question for w in words) for _, question in found.questions)


def nobody(found: Drafted, *values: str) -> None:
    said = found.text + str(found.questions) + str(found.columns)
    assert [v for v in values if v in said] == []


def french(count: int = 60) -> str:
    """Absences with made-up codes, dates in two styles in one column, names, and an id with leading zeros."""
    lines = ["MLE;NOM;PRENOM;JOUR;DEMI_J;SITUATION;MOTIF"]
    for i, day in enumerate(days(count)):
        given, family = PEOPLE[i % 4]
        written = f"{day:%Y-%m-%d}" if i % 5 == 0 else f"{day:%d/%m/%Y}"
        status = ["P", "P", "P", "AJ", "A", "R", "ZZ"][i % 7]
        lines.append(f"00{4500 + i % 20};{family};{given};{written};{'MS'[i % 2]};{status};maladie")
    return "\r\n".join(lines) + "\r\n"


def test_a_french_file_of_unknown_make(tmp_path: Path) -> None:
    found = drafted(tmp_path, {"pointage_2024.csv": french()}, "windows-1252")
    entry = record(found)["files"][0]
    assert (record(found)["encoding"], record(found)["delimiter"]) == ("windows-1252", ";")
    assert record(found)["date_formats"] == ["%d/%m/%Y", "%Y-%m-%d"]
    assert (entry["match"], entry["table"]) == ("pointage*.csv", "attendance")
    assert entry["columns"] == {"student_id": "MLE", "date": "JOUR", "session": "DEMI_J", "status": "SITUATION"}
    assert entry["codes"]["session"] == {"M": "am", "S": "pm"}
    assert entry["codes"]["status"] == {"P": "present", "AJ": "absent_excused", "A": "absent_unexcused", "R": "late"}
    assert says(found, "'ZZ' (8 of 60)", "which of present")
    assert says(found, "'A' says that a pupil was absent and not whether with an excuse")
    assert entry["ignored"] == ["MOTIF"]
    assert found.refusal == ""
    nobody(found, "Salma", "Elidrissi", "Berrada", "Müllerova", "4501", "maladie")


def test_the_drafted_source_reads_its_sample(tmp_path: Path) -> None:
    found = drafted(tmp_path, {"pointage_2024.csv": french()}, "windows-1252")
    source = loaded(found, tmp_path)
    read = read_back(source, tmp_path / "pointage_2024.csv", "attendance")
    assert [r["date"] for r in read.rows[:4]] == ["2024-09-02", "2024-09-03", "2024-09-04", "2024-09-05"]
    assert {r["status"] for r in read.rows} == {"present", "absent_excused", "absent_unexcused", "late"}
    assert read.rejects == ["a code the source does not map"] * 8  # ZZ, which nobody answered yet
    people = read_back(source, tmp_path / "pointage_2024.csv", "student")
    assert people.rows[2]["given_name"] == "Zoé"
    assert people.rows[0]["student_id"] == "004500"


def test_arabic_headers_in_windows_1256(tmp_path: Path) -> None:
    lines = ["رقم التلميذ;الاسم الكامل;القسم;التاريخ;الحالة"]
    lines += [
        f"J13{i % 9:04d};{ARABIC[i % 3]};7-1;{d:%d/%m/%Y};{['حاضر', 'حاضر', 'متأخر', 'غياب مبرر'][i % 4]}"
        for i, d in enumerate(days(40))
    ]
    found = drafted(tmp_path, {"غياب_2024.csv": "\r\n".join(lines)}, "windows-1256")
    entry = record(found)["files"][0]
    assert record(found)["encoding"] == "windows-1256"
    assert "words are Arabic in windows-1256" in found.text
    assert entry["columns"] == {"student_id": "رقم التلميذ", "date": "التاريخ", "status": "الحالة"}
    assert entry["codes"] == {"status": {"حاضر": "present", "متأخر": "late", "غياب مبرر": "absent_excused"}}
    assert entry["constants"] == {"session": "day"}
    assert says(found, "No column gives session")
    nobody(found, "سلمى", "الوزاني")
    assert len(read_back(loaded(found, tmp_path), tmp_path / "غياب_2024.csv", "attendance").rows) == 40


def test_an_english_tab_file_with_month_names(tmp_path: Path) -> None:
    lines = ["Pupil No\tSurname\tForename\tAttendance Date\tAM/PM\tMark\tMins Late"]
    lines += [
        f"{9100 + i % 7}\tFielding\tOlu\t{d:%d-%b-%Y}\t{'AP'[i % 2]}M\t{'//LUE'[i % 5]}\t{'5' if i % 5 == 2 else ''}"
        for i, d in enumerate(days(50))
    ]
    found = drafted(tmp_path, {"attendance.txt": "\n".join(lines)}, "utf-8-sig")
    assert record(found)["delimiter"] == "\t"
    assert record(found)["date_formats"] == ["%d-%b-%Y"]
    entry = record(found)["files"][0]
    assert entry["columns"]["minutes_missed"] == "Mins Late"
    assert entry["codes"]["status"] == {"/": "present", "L": "late", "U": "absent_unexcused", "E": "absent_excused"}
    nobody(found, "Fielding", "Olu")
    read = read_back(loaded(found, tmp_path), tmp_path / "attendance.txt", "attendance")
    assert (len(read.rows), read.rejects) == (50, [])


def test_made_up_headers_are_settled_by_their_values_and_asked(tmp_path: Path) -> None:
    lines = ["xa|xb|xc|xd"]
    lines += [f"K-{77000 + i % 12}|{d:%d.%m.%y}|{['present', 'late', 'excused'][i % 3]}|tired" for i, d in enumerate(days(60))]
    found = drafted(tmp_path, {"dump7.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert entry["columns"] == {"student_id": "xa", "date": "xb", "status": "xc"}
    for header in ("xa", "xb", "xc"):
        assert says(found, f"'{header}' is taken for", "by its values")
    assert record(found)["date_formats"] == ["%d.%m.%y"]


def test_two_columns_that_could_be_it_are_not_guessed(tmp_path: Path) -> None:
    lines = ["xa|xb|xc|xd"] + [
        f"K-{77000 + i % 12}|{d:%d.%m.%y}|{d:%d.%m.%y}|{['present', 'late'][i % 2]}" for i, d in enumerate(days(30))
    ]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    assert "date" not in record(found)["files"][0]["columns"]
    assert says(found, "Required and not found: date")
    assert "date" in found.refusal


@pytest.mark.parametrize(
    ("dates", "headers", "format_", "question"),
    [
        (["03/04/2025", "05/06/2025"], "élève;date;statut", "%d/%m/%Y", "day-month-year and as month-day-year"),
        (["03/04/2025", "05/06/2025"], "student id;date;status", "%m/%d/%Y", "month-day-year and as day-month-year"),
        # the second is the last day of March or nothing: it shows the order for both
        (["03/04/2025", "31/03/2025"], "student id;date;status", "%d/%m/%Y", ""),
        # read as day-month they are twelve days of September, as month-day they lie all over the year
        (
            [f"{i:02d}/09/2024" for i in range(1, 13)],
            "student id;date;status",
            "%d/%m/%Y",
            "day-month-year and as month-day-year",
        ),
        (["09/09/2024"], "student id;date;status", "%m/%d/%Y", ""),  # the same day either way
        (["25/04/2025", "04/25/2025", "26/04/2025"], "élève;date;statut", "%d/%m/%Y", "1 fit only month-day-year"),
    ],
)
def test_day_and_month(tmp_path: Path, dates: list[str], headers: str, format_: str, question: str) -> None:
    lines = [headers] + [f"S{100 + i};{d};present" for i, d in enumerate(dates)]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    assert record(found)["date_formats"] == [format_]
    assert says(found, question) if question else not says(found, "can be read as")


def test_other_dates_of_the_same_files_show_the_order(tmp_path: Path) -> None:
    lines = ["student id;date of birth;entry date;school id;school year"]
    lines += [f"S{100 + i};{15 + i}/03/2011;03/09/2024;A1;2024-2025" for i in range(9)]
    found = drafted(tmp_path, {"pupils.csv": "\n".join(lines)})
    assert record(found)["date_formats"] == ["%d/%m/%Y"]
    assert not says(found, "can be read as")
    assert "as in the other dates of these files" in found.text


def test_a_wide_register_with_the_year_in_its_name(tmp_path: Path) -> None:
    header = ["studentid", "pupil_name", *(f"{m}_{d}" for m in (6, 7, 1) for d in range(1, 29))]
    rows = [[f"{900 + i}", PEOPLE[i % 4][0], *("12511"[(i + j) % 5] for j in range(84))] for i in range(30)]
    found = drafted(tmp_path, {"ay2223_grade3.csv": "\n".join(",".join(r) for r in [header, *rows])})
    entry = record(found)["files"][0]
    assert entry["unpivot"] == {"headers": r"^(?P<month>\d{1,2})_(?P<day>\d{1,2})$", "into": "status", "first_month": 6}
    assert "year_start" in entry["path"]
    assert says(found, "status: '2' (504 of 2,520)")
    assert "1" not in entry.get("codes", {}).get("status", {})  # three rows in five are no majority
    nobody(found, "Salma", "Yassine")
    answered = found.text.replace(
        "into: status\n      first_month: 6",
        "into: status\n      first_month: 6\n    codes: {status: {'1': present, '2': late}}\n    empty: {status: ['5']}",
    )
    source = loaded(Drafted("sample", answered, [], [], ""), tmp_path)
    read = read_back(source, tmp_path / "ay2223_grade3.csv", "attendance")
    assert {r["date"][:7] for r in read.rows} == {"2022-06", "2022-07", "2023-01"}
    assert read.rejects == []


@pytest.mark.parametrize(
    ("headers", "pattern", "first"),
    [
        ([f"J{i}" for i in range(1, 31)], r"^J(?P<day>\d{1,2})$", "2024-09-01"),
        ([str(i) for i in range(1, 31)], r"^(?P<day>\d{1,2})$", "2024-09-01"),
        ([f"{i:02d}/09" for i in range(1, 31)], r"^(?P<day>\d{1,2})/(?P<month>\d{1,2})$", "2024-09-01"),
        ([f"2024-09-{i:02d}" for i in range(1, 31)], r"^(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})$", "2024-09-01"),
        ([f"09/{i:02d}/24" for i in range(1, 31)], r"^(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{2}|\d{4})$", "2024-09-01"),
        (
            [f"Lun {i:02d}/09" for i in range(1, 31)],
            r"^(?:[^\W\d_]{1,10}\.?,?[-/_ ]*)?(?P<day>\d{1,2})/(?P<month>\d{1,2})$",
            "2024-09-01",
        ),
    ],
)
def test_headers_that_are_days(tmp_path: Path, headers: list[str], pattern: str, first: str) -> None:
    rows = [[f"M{4000 + i}", *("PPPAP"[(i + j) % 5] for j in range(30))] for i in range(25)]
    name = "absences_2024-2025.csv" if len(headers[1].strip("J")) > 2 else "absences_2024-09.csv"
    found = drafted(tmp_path, {name: "\n".join(";".join(r) for r in [["Matricule", *headers], *rows])})
    assert record(found)["files"][0]["unpivot"]["headers"] == pattern
    read = read_back(loaded(found, tmp_path), tmp_path / name, "attendance")
    assert (len(read.rows), read.rejects) == (750, [])
    assert read.rows[0]["date"] == first


def test_am_beside_m_is_the_afternoon(tmp_path: Path) -> None:
    lines = ["Matricule;Date;Demi-journée;Statut"]
    lines += [f"M{400 + i};{d:%d/%m/%Y};{('M', 'AM')[i % 2]};ABS" for i, d in enumerate(days(30))]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    assert record(found)["files"][0]["codes"]["session"] == {"M": "am", "AM": "pm"}
    assert says(found, "is taken for après-midi: pm")


def test_half_days_beside_each_other_become_sessions(tmp_path: Path) -> None:
    lines = ["Matricule;Date;Matin;Après-midi"] + [
        f"M{400 + i % 9};{d:%d/%m/%Y};{'PPA'[i % 3]};{'PAP'[i % 3]}" for i, d in enumerate(days(30))
    ]
    found = drafted(tmp_path, {"appel.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert (entry["table"], entry["unpivot"]["into"]) == ("attendance", "status")
    assert entry["codes"]["session"] == {"Matin": "am", "Après-midi": "pm"}
    read = read_back(loaded(found, tmp_path), tmp_path / "appel.csv", "attendance")
    assert [(r["session"], r["status"]) for r in read.rows[:4]] == [
        ("am", "present"),
        ("pm", "present"),
        ("am", "present"),
        ("pm", "absent_unexcused"),
    ]


def test_subjects_as_columns_become_rows(tmp_path: Path) -> None:
    lines = ["Matricule;Nom;Maths;SVT;Français"] + [f"M{400 + i};Berrada;{i % 20},5;{i % 18};12,25" for i in range(30)]
    found = drafted(tmp_path, {"notes_S1_2024-2025.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert entry["table"] == "grade"
    assert entry["unpivot"] == {"headers": "^(?P<subject>Maths|SVT|Français)$", "into": "mark"}
    assert "(?P<term>" in entry["path"]
    assert "(?P<year_start>" in entry["path"]
    assert record(found)["decimal_comma"] is True
    assert entry["constants"] == {"state": "marked", "max_mark": "20"}
    assert "assessment_id" in found.refusal
    nobody(found, "Berrada")


def test_marks_over_two_header_lines(tmp_path: Path) -> None:
    lines = ["Code;Nom;Contrôle 1;;Contrôle 2;", ";;Note;Absence;Note;Absence"]
    lines += [f"G13{i:06d};Elidrissi;{i % 19},5;;;ABS" for i in range(30)]
    found = drafted(tmp_path, {"notes.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert entry["header_rows"] == 2
    assert entry["unpivot"]["parts"] == {"Note": "mark", "Absence": "state"}
    assert entry["codes"] == {"state": {"ABS": "absent"}}
    assert entry["defaults"] == {"state": "marked"}
    nobody(found, "Elidrissi")


def test_labels_above_the_header(tmp_path: Path) -> None:
    lines = [
        "Collège Al Amal;;;",
        "Code établissement :;04211C;;",
        "Année scolaire : 2024/2025;;;",
        "Matricule;Nom;Date inscription;Classe",
    ]
    lines += [f"M{400 + i};Berrada;09/09/2024;7-{i % 3}" for i in range(30)]
    found = drafted(tmp_path, {"inscriptions.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert entry["table"] == "enrolment"
    assert entry["cells"] == {"school_id": "Code établissement", "school_year": "Année scolaire"}
    nobody(found, "04211C", "Al Amal", "Berrada")
    read = read_back(loaded(found, tmp_path), tmp_path / "inscriptions.csv", "enrolment")
    assert (read.rows[0]["school_id"], read.rows[0]["school_year"]) == ("04211C", "2024-2025")


def test_what_a_sibling_has_is_joined(tmp_path: Path) -> None:
    pupils = ["Code Massar;Nom;Code établissement;Classe;Date inscription;Année scolaire"]
    pupils += [f"D{130045000 + i};Berrada;04211C;7-1;{1 + i % 28:02d}/09/2024;2024/2025" for i in range(40)]
    marks = ["Code Massar;Matière;Contrôle;Date contrôle;Note;Semestre"]
    marks += [f"D{130045000 + i % 40};SVT;C1;{1 + i % 28:02d}/11/2024;{i % 20},5;S1" for i in range(80)]
    found = drafted(tmp_path, {"eleves.csv": "\n".join(pupils), "notes.csv": "\n".join(marks)})
    entry = next(f for f in record(found)["files"] if f.get("table") == "grade")
    assert entry["join"] == [
        {"file": "enrolment_of_sibling", "on": {"student_id": "student_id"}, "take": {"school_year": "school_year"}}
    ]
    assert says(found, "school_year is taken from eleves.csv by student_id")
    raw = next(f for f in record(found)["files"] if f.get("raw"))
    assert raw["match"] == "eleves*.csv"
    assert loaded(found, tmp_path)
    assert found.refusal == ""


def test_exceptions_with_a_column_of_yes_and_no(tmp_path: Path) -> None:
    lines = ["Code élève,Date d'absence,Demi-journée,Justifiée,Saisi le"]
    lines += [
        f"{4000 + i % 9},{d:%d/%m/%Y},{['matin', 'après-midi'][i % 2]},{['oui', 'non'][i % 2]},{d:%d/%m/%Y} 08:15"
        for i, d in enumerate(days(40))
    ]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    entry = record(found)["files"][0]
    assert record(found)["attendance_mode"] == "exceptions"
    assert entry["codes"]["status"] == {"oui": "absent_excused", "non": "absent_unexcused"}
    assert says(found, "yes is taken as absent_excused")
    assert entry["known_at"] == "Saisi le"


def test_a_log_of_presences_by_its_name(tmp_path: Path) -> None:
    lines = ["badge_id,student_id,date"] + [f"{i},{4000 + i % 9},{d}" for i, d in enumerate(days(40))]
    found = drafted(tmp_path, {"checkins.csv": "\n".join(lines)})
    assert record(found)["attendance_mode"] == "presence"
    assert record(found)["files"][0]["constants"] == {"session": "day", "status": "present"}
    assert says(found, "every row is taken as present")


def test_a_file_of_no_table_of_ours_is_asked_about(tmp_path: Path) -> None:
    found = drafted(tmp_path, {"lunch.csv": "tray,price\n" + "\n".join(f"{i},{i}.5" for i in range(30))})
    assert record(found)["files"] == [{"match": "lunch*.csv", "raw": "unknown_0"}]
    assert says(found, "which of our tables is this?")


def test_pupils_as_columns_are_not_shown(tmp_path: Path) -> None:
    lines = ["Date;Aya Amrani;Omar Berrada;Salma Idrissi;Youssef Tazi"] + [f"{d:%d/%m/%Y};P;A;P;P" for d in days(30)]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    nobody(found, "Aya", "Omar", "Salma", "Youssef")
    assert says(found, "which of our tables is this?")


def test_values_of_a_column_that_is_no_list_of_codes_are_not_shown(tmp_path: Path) -> None:
    lines = ["Matricule;Date;Statut"] + [
        f"M{400 + i};{d:%d/%m/%Y};chez tante {PEOPLE[i % 4][0]} {i}" for i, d in enumerate(days(30))
    ]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines)})
    nobody(found, "Salma", "tante")
    assert says(found, "status: 30 other values on 30 of 30 rows", "not shown")


@pytest.mark.parametrize(
    "content",
    ["Aya;Amrani\nOmar;Berrada\nSalma;Idrissi\n", "D13004;Salma;Idrissi;absent;matin\nD13005;Omar;Amrani;absent;soir\n"],
)
def test_a_file_without_a_header_is_refused_and_shows_nobody(tmp_path: Path, content: str) -> None:
    with pytest.raises(ExtractError, match="no header line found") as raised:
        drafted(tmp_path, {"absences.csv": content})
    assert not [n for n in ("Aya", "Amrani", "Salma", "Idrissi", "D13004") if n in str(raised.value)]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def test_zip_and_gzip_are_looked_into(tmp_path: Path) -> None:
    content = gzip.compress(french().encode("windows-1252"))
    (tmp_path / "absences.csv.gz").write_bytes(content)
    members = {"school_12/absences.csv.gz": content, "__MACOSX/._absences.csv": b"\0\1", "readme/.hidden": b"x"}
    inner = zipped(tmp_path / "inner.zip", members).read_bytes()
    for path in (tmp_path / "absences.csv.gz", tmp_path / "inner.zip", zipped(tmp_path / "outer.zip", {"inner.zip": inner})):
        assert [f["match"] for f in record(draft("sample", [path]))["files"]] == ["absences*.csv"] * 2


def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="not safe to open"):
        draft("sample", [zipped(tmp_path / "delivery.zip", {"../absences.csv": b"Matricule;Date\n"})])


def test_a_packed_text_is_looked_at_as_far_as_needed(tmp_path: Path) -> None:
    lines = french().encode("windows-1252") + b"004500;Elidrissi;Salma;02/09/2024;M;P;\r\n" * 400_000
    found = draft("sample", [zipped(tmp_path / "d.zip", {"absences.csv": lines})])
    [(_, rows)] = set(found.looked_at)
    assert 10_000 <= rows <= 20_000
    assert f"{rows:,} rows looked at" in found.text


@pytest.mark.parametrize("place", [2500, 11_990])
def test_what_stands_far_down_is_seen_too(tmp_path: Path, place: int) -> None:
    lines = ["eleve;jour;statut", *(f"00{4500 + i % 40};{days(200)[i % 200]:%d/%m/%Y};P" for i in range(12_000))]
    lines[place : place + 10] = [f"004500;{day:%Y.%m.%d};P" for day in days(10)]
    found = drafted(tmp_path, {"absences.csv": "\n".join(lines) + "\n"})
    assert record(found)["date_formats"] == ["%d/%m/%Y", "%Y.%m.%d"]
    assert found.looked_at == [("absences.csv", 12_000)]


def test_some_of_many_are_taken_from_all_over_them() -> None:
    assert evenly(range(5), 10) == [0, 1, 2, 3, 4]
    assert evenly(range(10), 4) == [0, 4, 8, 9]
    assert evenly([], 4) == []
    many = evenly(range(1_000_003), 1000)
    assert 500 <= len(many) <= 1000
    assert (many[0], many[-1], max(b - a for a, b in pairwise(many))) == (0, 1_000_002, 1024)


def test_columns_that_are_not_read_are_asked_about(tmp_path: Path) -> None:
    found = drafted(tmp_path, {"pointage_2024.csv": french()}, "windows-1252")
    assert says(found, "'MOTIF'", "Nothing of these columns is read")


def test_frequent_short_codes_are_shown_and_what_could_be_names_is_not(tmp_path: Path) -> None:
    def asked(*codes: str) -> Drafted:
        rows = "".join(f"00{4500 + i % 40};{days(100)[i % 100]:%d/%m/%Y};{codes[i % len(codes)]}\n" for i in range(400))
        return drafted(tmp_path, {"absences.csv": f"eleve;jour;statut\n{rows}"})

    # none of these is known: two letters on a third of the rows are a code, a given name is not
    found = asked("QX", "VX", "Salma")
    assert says(found, "'QX' (134 of 400)")
    assert says(found, "1 other values on 133 of 400 rows", "such as a×5")
    nobody(found, "Salma")
    # beside codes that are known, few values over many rows are a list of codes
    assert says(asked("P", "AJ", "Dispense"), "'Dispense' (133 of 400)")


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"student_id": f"00{i % 9}17", "when": d.isoformat(), "status": ["present", "tardy", "excused"][i % 3]}
        for i, d in enumerate(days(40))
    ]
    found = drafted(tmp_path, {"attendance.jsonl": "\n".join(map(json.dumps, rows))})
    assert record(found)["files"][0]["columns"] == {"student_id": "student_id", "date": "when", "status": "status"}
    assert record(found)["files"][0]["match"] == "attendance*.jsonl"
    assert "encoding" not in record(found)
    read = read_back(loaded(found, tmp_path), tmp_path / "attendance.jsonl", "attendance")
    assert (len(read.rows), read.rejects, read.rows[0]["date"]) == (40, [], "2024-09-02")


def test_parquet_with_typed_dates(tmp_path: Path) -> None:
    columns = {"PupilRef": [f"00{i % 9}17" for i in range(40)], "AttDate": days(40), "AttCode": ["P", "L"] * 20}
    pq.write_table(pa.table(columns), tmp_path / "attendance_2024.parquet")
    found = draft("sample", [tmp_path / "attendance_2024.parquet"])
    assert record(found)["files"][0]["columns"] == {"student_id": "PupilRef", "date": "AttDate", "status": "AttCode"}
    read = read_back(loaded(found, tmp_path), tmp_path / "attendance_2024.parquet", "attendance")
    assert (len(read.rows), read.rejects, read.rows[0]["date"]) == (40, [], "2024-09-02")


def marks_workbook(path: Path) -> Path:
    """Lines above the header, right to left, a header over two rows with merged cells, and a mark and an absence each."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("NotesCC")
    sheet.right_to_left()
    labels = {(6, 2): "أكاديمية :", (6, 3): "فاس مكناس", (10, 2): "الدورة :", (10, 3): "الدورة الأولى", (10, 6): "المادة :"}
    labels |= {(10, 8): "الرياضيات", (12, 2): "السنة الدراسية :", (12, 3): "2024/2025"}
    for (row, column), text in labels.items():
        sheet.write_string(row, column, text)
    sheet.write(15, 2, "رقم التلميذ")
    sheet.merge_range(15, 3, 15, 4, "إسم التلميذ")
    sheet.write(15, 5, "تاريخ الإزدياد")
    for place, name in enumerate(["الفرض الأول", "الفرض الثاني"]):
        sheet.merge_range(15, 6 + 2 * place, 15, 7 + 2 * place, name)
        sheet.write(16, 6 + 2 * place, "النقطة")
        sheet.write(16, 7 + 2 * place, "التغيب")
    for i in range(20):
        sheet.write(17 + i, 2, f"G13{i:07d}")
        sheet.write(17 + i, 3, ARABIC[i % 3])
        sheet.write(17 + i, 5, f"{1 + i:02d}-03-2011")
        for place in (0, 1):
            sheet.write(17 + i, 6 + 2 * place + (i % 7 == 0), "غائب" if i % 7 == 0 else i + 0.5 * place)
    book.close()
    return path


def test_a_workbook_of_marks(tmp_path: Path) -> None:
    path = marks_workbook(tmp_path / "export_notesCC_3APIC-2.xlsx")
    found = draft("sample", [path])
    entry = record(found)["files"][0]
    assert (entry["table"], entry["match"], entry["header_rows"]) == ("grade", "export_notesCC*.xlsx", 2)
    assert entry["cells"] == {"term": "الدورة", "subject": "المادة", "school_year": "السنة الدراسية"}
    assert entry["unpivot"]["headers"] == "^(?P<assessment_id>الفرض الأول|الفرض الثاني) / (?P<part>النقطة|التغيب)$"
    assert entry["unpivot"]["parts"] == {"النقطة": "mark", "التغيب": "state"}
    assert found.refusal == ""
    nobody(found, "سلمى", "الرياضيات", "فاس", "G130000003")
    answered = found.text.replace('max_mark: "20"', 'max_mark: "20"\n      assessment_date: "2024-11-20"', 1)
    read = read_back(loaded(Drafted("sample", answered, [], [], ""), tmp_path), path, "grade")
    assert (len(read.rows), read.rejects) == (40, [])
    assert (read.rows[2]["mark"], read.rows[2]["state"], read.rows[2]["subject"]) == ("1.0", "marked", "الرياضيات")
    assert {r["state"] for r in read.rows} == {"marked", "absent"}


def test_a_workbook_with_several_sheets_names_them(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "ecole.xlsx"), {"default_date_format": "dd/mm/yyyy"})
    pupils, absences = book.add_worksheet("Elèves"), book.add_worksheet("Absences")
    pupils.write_row(0, 0, ["Matricule", "Nom", "Prénom"])
    absences.write_row(0, 0, ["Matricule", "Date", "Statut"])
    for i, day in enumerate(days(20)):
        pupils.write_row(1 + i, 0, [f"M{700 + i}", "Berrada", "Omar"])
        absences.write_row(1 + i, 0, [f"M{700 + i}", None, "AJ"])
        absences.write_datetime(1 + i, 1, dt.datetime(day.year, day.month, day.day))
    book.close()
    found = draft("sample", [tmp_path / "ecole.xlsx"])
    assert [(f["table"], f["sheet"]) for f in record(found)["files"]] == [("student", "Elèves"), ("attendance", "Absences")]
    read = read_back(loaded(found, tmp_path), tmp_path / "ecole.xlsx", "attendance")
    assert (len(read.rows), read.rejects) == (20, [])


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "the file is empty"), (b"%PDF-1.4", "It is a PDF"), (b"PK\x03\x04..", "a zip or workbook")]
)
def test_what_is_no_text_says_so(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ExtractError, match=said):
        drafted(tmp_path, {"absences.csv": content})


def test_files_of_the_same_columns_are_one_entry(tmp_path: Path) -> None:
    found = drafted(tmp_path, {"absences_7A.csv": french(20), "absences_7B.csv": french(30)}, "windows-1252")
    assert [f["table"] for f in record(found)["files"]] == ["attendance", "student"]
    assert record(found)["files"][0]["match"] == "absences*.csv"
    assert "50 rows looked at" in found.text


def test_a_large_file_is_looked_at_beyond_its_beginning(tmp_path: Path) -> None:
    line = "M{:05d};{:%d/%m/%Y};{}\n"
    many = [line.format(i % 9000, dt.date(2024, 9, 2) + dt.timedelta(days=i % 90), "P") for i in range(300_000)]
    many[150_000:] = [text.replace(";P", ";QX") for text in many[150_000:]]
    found = drafted(tmp_path, {"absences.csv": "Matricule;Date;Statut\n" + "".join(many)})
    assert says(found, "'QX'")
