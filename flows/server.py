"""A Prefect server of our own, on the loopback, for as long as `dropout serve` runs: only a server keeps a schedule."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dropout.errors import DeploymentError

SECONDS_AT_MOST = 120


@contextmanager
def own_server() -> Iterator[None]:
    """Starts the server unless the operator named one, and sets PREFECT_API_URL; call before Prefect is imported.

    Raises DeploymentError when it does not answer within two minutes.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/api"
        _wait(server, f"{url}/health")
        os.environ["PREFECT_API_URL"] = url
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=20)
        server.kill()


def _wait(server: "subprocess.Popen[bytes]", url: str) -> None:
    until = time.monotonic() + SECONDS_AT_MOST
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own loopback address)
            if answer.status == 200:
                return
        time.sleep(0.5)
    raise DeploymentError(
        "the Prefect server did not start",
        cause="It ended, or did not answer on the loopback address within two minutes.",
        remedy="Run `prefect server start` by hand to see why, or name a server in PREFECT_API_URL.",
    )
