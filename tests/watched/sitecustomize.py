"""Put first on PYTHONPATH: a Python that starts from there may look up no name and reach nothing beyond the loopback.

What it tried is written to the file WATCHED_LOG, one line each, and refused. An audit hook cannot be taken off or gone
around by Python code; what native code does, only the kernel sees (tests/flows/test_sovereign.py).
"""

import ipaddress
import os
import sys

LOG = os.environ["WATCHED_LOG"]
LOOKED_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
REACHED = {"socket.connect", "socket.sendto", "socket.sendmsg"}
OURS = {None, "", b"", "localhost", b"localhost"}


def note(what: str) -> None:
    with open(LOG, "a", encoding="utf-8") as log:  # noqa: PTH123 (pathlib is not imported yet)
        log.write(f"{what}\n")


def is_ours(host: object) -> bool:
    if host in OURS:
        return True
    try:
        return ipaddress.ip_address(os.fsdecode(host)).is_loopback  # type: ignore[arg-type]
    except ValueError:
        return False


def watch(event: str, args: tuple[object, ...]) -> None:
    if event in LOOKED_UP:
        host = args[0]
    elif event in REACHED and isinstance(args[1], tuple):  # a path is a socket of this machine
        host = args[1][0]
    else:
        return
    if not is_ours(host):
        note(f"{event} {host!r} by {getattr(sys, 'argv', '')}")
        raise PermissionError(f"{event} is not allowed here")


sys.addaudithook(watch)
note("started")
