"""Magic: what kind of file some bytes are the beginning of.

Here: the first bytes of containers that are opened, of records, and of files that are refused by their name.
Not here: opening them (decompression.py, archives.py, tables.py).
Source: RFC 1952 (gzip), RFC 8878 (Zstandard), the file formats of bzip2, xz, ZIP (APPNOTE 6.3), POSIX.1-2001 (tar) and
Apache Parquet; for the others the list of signatures that the program `file` recognises them by.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping

# As many bytes as the header of a tar archive has.
HEAD = 512

# What is looked at of a content: a whole record of JSON, most often.
SEEN = 8 * 1024

PACKED: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x28\xb5\x2f\xfd": "zstd",
    # A frame that decoders skip; pzstd writes one in front of each of its own.
    **{bytes([0x50 + number]) + b"\x2a\x4d\x18": "zstd" for number in range(16)},
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
    b"PAR1": "parquet",
}

# What is no log and cannot be opened here, with what to do about it.
UNREADABLE: Mapping[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it first",
    b"Rar!\x1a\x07": "a RAR archive: unpack it first",
    b"\x04\x22\x4d\x18": "packed with LZ4: unpack it first (lz4 -d)",
    b"\xff\x06\x00\x00sNaPpY": "packed with Snappy: unpack it first",
    b"\x89LZO\x00": "packed with lzop: unpack it first (lzop -d)",
    b"\x1f\x9d": "packed with compress: unpack it first (uncompress)",
    b"\x1f\xa0": "packed with compress: unpack it first (uncompress)",
    b"LZIP": "packed with lzip: unpack it first (lzip -d)",
    b"MSCF": "a Windows cabinet: unpack it first",
    b"!<arch>\n": "an ar archive: unpack it first",
    b"070701": "a cpio archive: unpack it first",
    b"Obj\x01": "an Avro file: export the log as Parquet, CSV or JSON lines",
    b"ORC": "an ORC file: export the log as Parquet, CSV or JSON lines",
    b"PARE": "a Parquet file whose footer is encrypted: export it without encryption",
    b"ARROW1": "an Arrow file: export the log as Parquet, CSV or JSON lines",
    b"SQLite format 3\x00": "an SQLite database: export the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old Office document: export the sheet as CSV",
    b"\x85\x01\x0c": "encrypted with PGP: decrypt it first",
    b"-----BEGIN PGP": "encrypted with PGP: decrypt it first",
    b"age-encryption.org/": "encrypted with age: decrypt it first",
    b"Salted__": "encrypted with OpenSSL: decrypt it first",
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"ID3": "an audio file, not the log of who requested it",
    b"OggS": "an audio file, not the log of who requested it",
    b"RIFF": "an audio file, not the log of who requested it",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\xd4\xc3\xb2\xa1": "a capture of network packets",
    b"\x0a\x0d\x0d\x0a": "a capture of network packets",
    b"LPKSHHRH": "a journal of systemd: export it with journalctl -o cat",
}

# Texts that are not UTF-8 and say so: their byte-order marks.
ENCODINGS: Mapping[bytes, str] = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}

# Control characters that no log holds: all but tab, line ends, the mark of a cut-off NUL, and escape.
_CONTROLS = bytes(set(range(1, 32)) - {7, 8, 9, 10, 11, 12, 13, 27, 30, 31})


def kind_of(head: bytes) -> str | None:
    """The name of the container or of the records that begin with these bytes; None for anything else."""
    found = _by_first_bytes(PACKED, head)
    return found or ("tar" if is_tar(head) else None)


def unreadable(head: bytes) -> str | None:
    """What a file that begins with these bytes is, where it can hold no lines; None where it may."""
    found = _by_first_bytes(UNREADABLE, head)
    if found is not None:
        return found
    text = head.lstrip(b"\x00")
    odd = len(text) - len(text.translate(None, _CONTROLS))
    return "no text, and no container that is recognised" if odd > 4 + len(text) // 20 else None


def encoding_of(head: bytes) -> str | None:
    """The encoding that a byte-order mark names, or UTF-16 where every other byte is NUL; None for anything else."""
    marked = _by_first_bytes(ENCODINGS, head)
    if marked is not None or len(head) < 8:
        return marked
    first, second = head[0::2], head[1::2]
    if 0 not in first and second.count(0) > 0.9 * len(second):
        return "utf-16-le"
    return "utf-16-be" if 0 not in second and first.count(0) > 0.9 * len(first) else None


def is_tar(head: bytes) -> bool:
    """Whether the bytes are the header of a member of a tar archive: its checksum holds, in the oldest kinds too."""
    try:
        tarfile.TarInfo.frombuf(head[:HEAD], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _by_first_bytes(names: Mapping[bytes, str], head: bytes) -> str | None:
    return next((name for magic, name in names.items() if head.startswith(magic)), None)
