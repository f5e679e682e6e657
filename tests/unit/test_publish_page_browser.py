"""A school's page in a browser: read by axe in three languages by light and dark, printed without cutting a pupil in two."""

import json
import re
import shutil
import subprocess
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import pytest

from dropout.publish.lists import page
from dropout.publish.words import LANGUAGES
from tests.page_school import drawings, school_list

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed")
needs_axe = pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core-python is not installed")
PUPILS = 5
LAST_LINE = '<li class="reviewer"><span>'


def html_of(language: str) -> str:
    return page.content(school_list(language, PUPILS), drawings(language, PUPILS), 0.5).decode()


def chromium(path: Path, *options: str) -> str:
    profile = f"--user-data-dir={path.parent / 'profile'}"
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", profile, *options, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return done.stdout


def answer(path: Path, html: str, script: str, *options: str) -> object:
    """What `script` leaves in `said`, run in a copy of the page without its policy, which forbids scripts."""
    copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    path.write_text(copy.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    dom = chromium(path, "--dump-dom", "--virtual-time-budget=20000", *options)
    found = re.search(r'<pre id="said">(.*?)</pre>', dom, re.S)
    assert found, "the script did not end"
    return json.loads(unescape(found[1]))


SAY = (
    "const say = v => { const p = document.createElement('pre'); p.id = 'said'; p.textContent = JSON.stringify(v); "
    "document.body.append(p); };"
)


@needs_chromium
@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious(tmp_path: Path, language: str, scheme: str) -> None:
    from axe_core_python.base import AXE_SCRIPT

    script = AXE_SCRIPT + SAY + (
        "axe.run().then(r => say({dark: matchMedia('(prefers-color-scheme: dark)').matches, passed: r.passes.length, "
        "found: r.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html.slice(0, 200))])}));"
    )  # fmt: skip
    option = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    said = answer(tmp_path / "page.html", html_of(language), script, option)
    assert isinstance(said, dict)
    assert said["dark"] is (scheme == "dark")
    assert said["passed"] > 15  # it did look
    assert [found for found in said["found"] if found[1] in ("serious", "critical", "moderate")] == []


@needs_chromium
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1100, 400])
def test_nothing_is_wider_than_the_window(tmp_path: Path, language: str, width: int) -> None:
    script = (
        SAY
        + "const d = document.documentElement; say([d.scrollWidth, d.clientWidth, document.querySelectorAll('.sheet').length]);"
    )
    wide, window, sheets = answer(tmp_path / "page.html", html_of(language), script, f"--window-size={width},900")  # type: ignore[misc]
    assert sheets == PUPILS
    assert wide <= window


@needs_chromium
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_policy_lets_no_script_run(tmp_path: Path, language: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(html_of(language).replace("</body>", "<script>document.title = 'ran'</script></body>"), encoding="utf-8")
    assert "<title>ran</title>" not in chromium(path, "--dump-dom")


@needs_chromium
@needs_pdftotext
@pytest.mark.parametrize("language", LANGUAGES)
def test_printing_cuts_no_pupil_in_two_and_two_fit_on_a_page(tmp_path: Path, language: str) -> None:
    html = html_of(language)
    # a sheet begins with its number of all ("1/5"); its last line gets a word that a PDF gives back as it is
    head, *tails = html.split(LAST_LINE)
    html = head + "".join(f"{LAST_LINE}end{k} {tail}" for k, tail in enumerate(tails, 1))
    path, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    path.write_text(html, encoding="utf-8")
    chromium(path, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    text = subprocess.run(["pdftotext", "-layout", str(printed), "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")
    begins, ends = (
        [[n for n, content in enumerate(pages) if mark.format(k) in content] for k in range(1, PUPILS + 1)]
        for mark in (f"{{}}/{PUPILS}", "end{}")
    )
    assert begins == ends == [[1], [1], [2], [2], [3]]  # the list has page 0 to itself
