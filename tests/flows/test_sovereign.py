"""Nothing leaves the building: a whole night with every way out watched and closed, and files that point nowhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dropout.status import where_to_look
from tests.flows.conftest import NIGHT, District
from tests.places import ask

WATCHED = Path(__file__).parents[1] / "watched"
ROOT = Path(__file__).parents[2]
# A network of its own has only a loopback, and that is down: Prefect's own server answers on it.
ALONE = ["unshare", "--map-root-user", "--net", "--", sys.executable, "-c", "\n".join([
    "import fcntl, os, socket, struct, sys",
    "with socket.socket() as s:",
    "    fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 1))",  # SIOCSIFFLAGS, IFF_UP
    "os.execvp(sys.argv[1], sys.argv[1:])",
])]  # fmt: skip
TRACED = ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--trace=connect,sendto,sendmsg,sendmmsg"]
OUTWARD = re.compile(r'sin_addr=inet_addr\("(?!127\.)|inet_pton\(AF_INET6, "(?!::1")')  # an address that is not our own


def environment(log: Path) -> dict[str, str]:
    """Without what could switch telemetry off by itself: a CI, an operator's own settings."""
    kept = {k: v for k, v in os.environ.items() if not re.match("DROPOUT_|PREFECT_|DO_NOT_TRACK|CI$|GITHUB_|GX_|OTEL_", k)}
    return kept | {"PYTHONPATH": f"{WATCHED}:{ROOT}", "WATCHED_LOG": str(log)}


def can(*words: str) -> bool:
    return shutil.which(words[0]) is not None and subprocess.run([*words, "true"], capture_output=True).returncode == 0


def tried(log: Path) -> list[str]:
    """What Python code tried; at least one process was watched."""
    found = log.read_text(encoding="utf-8").splitlines()
    assert "started" in found
    return [line for line in found if line != "started"]


def outward(trace: Path) -> list[str]:
    """What any process tried, native code too, as the kernel saw it."""
    return [line for line in trace.read_text(encoding="utf-8", errors="replace").splitlines() if OUTWARD.search(line)]


def run_watched(district: District, tmp_path: Path, *before: str) -> None:
    log = tmp_path / "tried.log"
    last = [p for p in district.deliveries if p.name <= str(NIGHT)][-1]
    shutil.copytree(last, district.place.inbox / "copy")
    words = [*before, sys.executable, "-m", "dropout", "nightly", "--date", str(NIGHT)]
    done = subprocess.run(words, cwd=district.place.root, env=environment(log), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert ask(district.place, "select kind, status from ops.run order by started_at desc limit 1") == [("nightly", "done")]
    assert tried(log) == []


def test_a_whole_night_reaches_for_nothing_outside(district: District, tmp_path: Path) -> None:
    """Python's sockets and look-ups, in every process of the night."""
    run_watched(district, tmp_path)
    assert {"land", "read", "check", "load", "score", "explain", "gate", "publish"} <= verbs(district)


def verbs(district: District) -> set[str]:
    """What the last run did."""
    last = "(select run_id from ops.run order by started_at desc limit 1)"
    return {verb for (verb,) in ask(district.place, f"select step from ops.step where run_id = {last}")}


@pytest.mark.slow
@pytest.mark.skipif(not can(*ALONE), reason="network namespaces are not permitted here")
def test_a_night_on_a_machine_without_a_network_is_the_same(district: District, tmp_path: Path) -> None:
    run_watched(district, tmp_path, *ALONE)


@pytest.mark.slow
@pytest.mark.skipif(not can(*TRACED, "--output=/dev/null"), reason="strace is not there, or not permitted")
def test_no_native_code_reaches_for_anything_either(district: District, tmp_path: Path) -> None:
    """Every process as the kernel sees it; a season is due, so that nothing is left out."""
    trace = tmp_path / "trace"
    ask(district.place, "delete from ops.model returning 1")
    run_watched(district, tmp_path, *TRACED, f"--output={trace}")
    assert {"train", "promote", "publish"} <= verbs(district)
    assert outward(trace) == []
    assert "127.0.0.1" in trace.read_text(errors="replace")  # Prefect's own server was reached: something was traced


@pytest.mark.parametrize("call", [
    "socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "socket.getaddrinfo('example.org', 443)",
    "socket.gethostbyname('example.org')",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "__import__('urllib.request').request.urlopen('http://example.org')",
])  # fmt: skip
def test_the_watch_sees_every_way_out(tmp_path: Path, call: str) -> None:
    log = tmp_path / "tried.log"
    done = subprocess.run([sys.executable, "-c", f"import socket; {call}"], env=environment(log), capture_output=True, text=True)
    assert done.returncode != 0 and len(tried(log)) == 1


@pytest.mark.skipif(not can(*TRACED, "--output=/dev/null"), reason="strace is not there, or not permitted")
def test_the_trace_sees_what_no_hook_does(tmp_path: Path) -> None:
    """A process without the hook, as native code is without one."""
    trace, log = tmp_path / "trace", tmp_path / "tried.log"
    words = [sys.executable, "-c", "import socket; socket.socket(2, 2).connect(('192.0.2.1', 9))"]
    env = environment(log) | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*TRACED, f"--output={trace}", *words], env=env, capture_output=True)
    assert len(outward(trace)) == 1 and not log.exists()


# what makes a browser fetch: an address, a link that inherits the page's scheme, CSS's url() and @import
POINTS_OUT = re.compile(
    r"""https?://|["'(=]\s*//|url\(\s*["']?(?!\s*#)|@import|<(script|iframe|object|embed|link|img)\b""", re.IGNORECASE
)
NAMESPACES = re.compile(r'xmlns(:\w+)?="http://www\.w3\.org/[^"]*"')  # names, never fetched


def test_no_published_page_points_outside(made: District) -> None:
    assert where_to_look(made.place)
    current = made.place.published / "current"
    pages = [p for p in current.rglob("*") if p.suffix in (".html", ".svg")]
    schools = len(list((current / "lists").iterdir()))
    assert len(pages) >= schools + 2  # a page per school, the report, a model card
    for path in pages:
        text = NAMESPACES.sub("", path.read_text(encoding="utf-8"))
        found = POINTS_OUT.search(text)
        assert found is None, f"{path.name}: {text[max(0, found.start() - 60) : found.end() + 60]}"
