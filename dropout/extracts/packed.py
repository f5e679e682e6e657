"""Zip and gzip as streams of bytes: nothing in them is believed, and damage is an error of ours."""

import errno
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from dropout.extracts.caps import FILES_AT_MOST, SealedError, unsafe
from dropout.extracts.names import readable, safe_path

CHUNK = 1 << 20
DIRECTORY_BYTES_AT_MOST = 8 << 20  # of a zip's table of contents, which zipfile reads at once
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA and bzip2 take memory as their sender likes
UNICODE_PATH = 0x7075  # Info-ZIP: the name in UTF-8, beside one in a code page
# what zipfile and zlib raise on bytes that are no zip, no gzip, or no longer one
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
          OverflowError, LookupError)  # fmt: skip


class Sips(io.BufferedReader):
    """A file of which no more than a few MiB are taken at once, whatever a damaged length says."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As usual, unless `size` is past belief."""
        if size is not None and size > DIRECTORY_BYTES_AT_MOST:
            raise zipfile.BadZipFile("a length past belief")
        return super().read(size)


def open_plain(path: Path, where: str) -> Sips:
    """Opens a regular file for reading; raises ExtractError for a link, a pipe or a device, without waiting on it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise unsafe(where, "It holds a link or a pipe.") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise unsafe(where, "It holds a pipe or a device.")
    return Sips(io.FileIO(handle))


def chunks(source: io.BufferedReader) -> Iterator[bytes]:
    """The bytes of a plain file."""
    while chunk := source.read(CHUNK):
        yield chunk


def gunzipped(source: io.BufferedReader, where: str) -> Iterator[bytes]:
    """The bytes in a gzip, of one part or several; raises SealedError when it is damaged, or cut short."""
    inflate, is_open = zlib.decompressobj(31), True
    try:
        while data := source.read(CHUNK):
            while data:
                if not is_open:
                    data = data.lstrip(b"\0")  # padding, as tapes leave it
                    if not data:
                        break
                    inflate, is_open = zlib.decompressobj(31), True
                yield inflate.decompress(data, CHUNK)
                is_open = not inflate.eof
                data = inflate.unconsumed_tail if is_open else inflate.unused_data
        if is_open:
            yield inflate.flush()
            is_open = not inflate.eof
    except zlib.error as error:
        raise _damaged("gzip", where, error) from None
    if is_open:
        raise _damaged("gzip", where, EOFError())


def members(source: Sips, where: str, stem: str = "") -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and bytes of each file in a zip; take the bytes before the next name.

    A folder called `stem` that holds everything is left out of the names. Raises SealedError for a zip that is damaged,
    encrypted or packed by a rare method, and ExtractError for one that should not be opened at all.
    """
    try:
        archive = zipfile.ZipFile(source)
    except DAMAGE as error:
        raise _damaged("zip", where, error) from None
    with archive:
        infos = archive.infolist()
        if len(infos) > FILES_AT_MOST:
            raise unsafe(where, f"It holds more than {FILES_AT_MOST} files.")
        wanted = [(name, info) for info in infos if (name := _name(info, where))]
        top = f"{stem}/"
        if not all(name.casefold().startswith(top.casefold()) for name, _ in wanted):
            top = ""
        for name, info in wanted:
            yield name[len(top) :], _inflated(archive, info, where)


def _name(info: zipfile.ZipInfo, where: str) -> str:
    """The member's name; "" when it is a folder or hidden."""
    written = _written(info)
    if written.endswith(("/", "\\")):
        safe_path(written, where)
        return ""
    name = safe_path(written, where)
    if name and stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise unsafe(where, "It holds a link or a device.")
    return name


def _written(info: zipfile.ZipInfo) -> str:
    """A name as its packer meant it; zipfile takes every name that is not marked as UTF-8 for code page 437."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    rest = info.extra
    while len(rest) >= 9:
        kind, size = struct.unpack("<HH", rest[:4])
        if kind == UNICODE_PATH and size >= 5 and rest[5:9] == struct.pack("<L", zlib.crc32(raw)):
            return rest[9 : 4 + size].decode("utf-8", errors="replace")
        rest = rest[4 + size :]
    return readable(raw)


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> Iterator[bytes]:
    if info.flag_bits & 0x41:
        raise SealedError("the zip is encrypted", where=where, remedy="Send it without a password.")
    if info.compress_type not in PLAIN:
        cause = f"It is packed by method {info.compress_type}."
        raise SealedError(
            "the zip cannot be opened", where=where, cause=cause, remedy="Pack it as a plain zip (deflate), or as gzip."
        )
    size = 0
    try:
        with archive.open(info) as source:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                yield chunk
        if size != info.file_size:
            raise EOFError
    except DAMAGE as error:
        raise _damaged("zip", where, error) from None


def _damaged(what: str, where: str, error: Exception) -> SealedError:
    cause = "It ends too early." if isinstance(error, EOFError) else f"Its bytes are no {what}, or not the ones that were packed."
    return SealedError(f"the {what} is damaged", where=where, cause=cause, remedy="Send it again.")
