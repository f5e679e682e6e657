"""Pseudonyms: the first 60 bits of HMAC-SHA256(key, student number), computed by DuckDB for whole columns."""

import duckdb

_BLOCK = 64  # bytes of a SHA-256 block (RFC 2104)


def install(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Gives this connection the temporary macro `pseudonym(text) → bigint`; the key stays in memory."""
    install_hmac(con, "hmac_text", key)
    con.execute("create or replace temp macro pseudonym(id) as ('0x' || left(hmac_text(id), 15))::bigint")


def install_hmac(con: duckdb.DuckDBPyConnection, name: str, key: bytes) -> None:
    """Gives this connection the temporary macro `<name>(text) → varchar`: HMAC-SHA256 in hexadecimal digits."""
    block = key.ljust(_BLOCK, b"\0")
    con.execute(
        f"create or replace temp table {name}_pad as select $inner::blob as inner_pad, $outer::blob as outer_pad",
        {"inner": bytes(b ^ 0x36 for b in block), "outer": bytes(b ^ 0x5C for b in block)},
    )
    con.execute(
        f"create or replace temp macro {name}(id) as sha256((select outer_pad from {name}_pad) || "
        f"unhex(sha256((select inner_pad from {name}_pad) || encode(id))))"
    )
