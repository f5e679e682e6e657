"""`dropout source new`: where it writes, what it prints, what it refuses."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from dropout.cli import app
from dropout.errors import ExtractError, SettingsError
from tests.places import deployment

SAMPLE = "Matricule;Nom;Date;Statut\n" + "".join(
    f"M{700 + i};Berrada;{i + 1:02d}/10/2024;{['P', 'AJ', 'QQ'][i % 3]}\n" for i in range(27)
)


def new(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["source", "new", *arguments], catch_exceptions=True)


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("DROPOUT_DIR", raising=False)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "pointage_2024.csv").write_text(SAMPLE, encoding="utf-8")
    return str(tmp_path / "pointage_2024.csv")


def test_it_writes_beside_nothing_into_this_folder(sample: str) -> None:
    shown = new("mine", sample)
    assert shown.exit_code == 0
    assert yaml.safe_load(Path("mine/source.yaml").read_text(encoding="utf-8"))["source"] == "mine"


def test_it_writes_into_a_deployment(sample: str, tmp_path: Path) -> None:
    place = deployment(tmp_path)
    assert new("mine", sample, "--dir", str(place.root)).exit_code == 0
    assert (place.root / "sources" / "mine" / "source.yaml").is_file()


def test_it_writes_into_a_checkout(sample: str) -> None:
    Path("data_contracts/sources").mkdir(parents=True)
    assert new("mine", sample).exit_code == 0
    assert Path("data_contracts/sources/mine/source.yaml").is_file()


def test_it_writes_where_it_is_told(sample: str) -> None:
    assert new("mine", sample, "--out", "elsewhere").exit_code == 0
    assert Path("elsewhere/mine/source.yaml").is_file()


def test_what_it_prints_names_columns_and_questions_and_nobody(sample: str) -> None:
    shown = new("mine", sample).output
    assert "Matricule" in shown
    assert "'QQ' (9 of 27)" in shown
    assert "dropout source check mine" in shown
    assert "Berrada" not in shown
    assert "M701" not in shown
    text = Path("mine/source.yaml").read_text(encoding="utf-8")
    assert text.count("QUESTION:") == int(shown.split(" questions.")[0].split()[-1])


def test_a_source_that_is_there_is_kept(sample: str) -> None:
    new("mine", sample)
    Path("mine/source.yaml").write_text("answered", encoding="utf-8")
    assert isinstance(new("mine", sample).exception, SettingsError)
    assert Path("mine/source.yaml").read_text(encoding="utf-8") == "answered"
    assert new("mine", sample, "--force").exit_code == 0
    assert Path("mine/source.yaml").read_text(encoding="utf-8") != "answered"


def test_what_keeps_it_from_loading_is_said(sample: str, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text(
        "Matricule;Matière;Note\n" + "".join(f"M{i + 100};SVT;{i}\n" for i in range(20)), encoding="utf-8"
    )
    shown = new("mine", str(tmp_path / "notes.csv"))
    assert shown.exit_code == 0
    assert "It does not load before they are answered" in shown.output
    assert "assessment_id, school_year, term" in shown.output


def test_it_refuses_odd_names_and_missing_files(sample: str) -> None:
    assert new("../mine", sample).exit_code == 2
    assert isinstance(new("mine", "not-there.csv").exception, ExtractError)
    assert not Path("mine").exists()
