"""Private: files and folders that only their owner may read, whatever the umask, and safe from planted links.

Here: folders of 0700, files of 0600, written beside and renamed, or appended to; links are refused, not followed.
Not here: what is written. Folders that the private server's own user must reach (embedded/account.py).
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from sql.values import PermanentError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OPEN_MODE = 0o755

# For processes whose files are made by libraries.
PRIVATE_UMASK = 0o077


class UnsafePathError(PermanentError):
    """A file or folder that is a link or something else than it should be, or that cannot be made."""


def private_folder(folder: Path, within: Path | None = None, *, tighten: bool = True) -> Path:
    """The folder, made if need be, with mode 0700.

    within: a folder above it that is taken as it is; everything between the two is made and checked in the same way.
    tighten: False leaves a folder that is there already as open as it is: it is a person's own, such as a desktop.
    Raises UnsafePathError where one of them is a link or a file, or cannot be made.
    """
    folder = folder.absolute()
    base = within.absolute() if within is not None and folder.is_relative_to(within.absolute()) else folder.parent
    open_folder(base)
    try:
        handle = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _refused(base, error) from None
    done = base
    try:
        for part in folder.relative_to(base).parts:
            done = done / part
            handle = _enter(handle, part, done, tighten)
    finally:
        os.close(handle)
    return folder


def open_folder(folder: Path) -> Path:
    """The folder, made if need be, which others may enter and only the owner may write, whatever the umask.

    Raises UnsafePathError where it cannot be made.
    """
    folder = folder.absolute()
    if folder.is_dir():
        return folder
    open_folder(folder.parent)
    try:
        folder.mkdir(mode=OPEN_MODE, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from None
    return folder


def _enter(above: int, name: str, path: Path, tighten: bool) -> int:
    """A handle of the folder inside the one that is open, which is closed."""
    try:
        with suppress(FileExistsError):
            os.mkdir(name, FOLDER_MODE, dir_fd=above)
        inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        raise _refused(path, error) from None
    found = os.fstat(inside)
    # The mode of a shared folder, such as /tmp, is not changed.
    is_ours = found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
    if tighten and is_ours and stat.S_IMODE(found.st_mode) != FOLDER_MODE:
        os.fchmod(inside, FOLDER_MODE)
    os.close(above)
    return inside


def write_private(path: Path, body: bytes | str) -> Path:
    """The whole body under the path, mode 0600: written beside it, flushed to disk, renamed over what was there.

    Raises UnsafePathError where the path is a link or no ordinary file, OSError where it cannot be written.
    """
    path = path.absolute()
    _refuse_all_but_files(path)
    draft = _draft_of(path, body)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path


def write_new_private(path: Path, body: bytes | str) -> Path:
    """The same for a file that must not be there yet. Raises FileExistsError where anything is, a link included."""
    path = path.absolute()
    draft = _draft_of(path, body)
    try:
        # A second name can only be given where there is none.
        os.link(draft, path, follow_symlinks=False)
    finally:
        draft.unlink()
    return path


def _draft_of(path: Path, body: bytes | str) -> Path:
    """A whole file with the body beside the path, on the disk."""
    draft = path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}.part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(body if isinstance(body, bytes) else body.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def append_private(path: Path, text: str) -> None:
    """The text at the end of the file, which is made with mode 0600. Raises UnsafePathError as open_private does."""
    with os.fdopen(open_private(path), "ab") as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def open_private(path: Path) -> int:
    """A descriptor that appends to the file, which is made with mode 0600.

    Raises UnsafePathError where the path is a link, has a second name, or is no ordinary file of ours.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise _refused(path, error) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_uid != os.geteuid():
            raise UnsafePathError(f"{path} is no ordinary file of this user's own: remove it, or name another")
        os.fchmod(handle, FILE_MODE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _refuse_all_but_files(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise UnsafePathError(f"{path} is a link, and what is written there is private: name the file itself")
    if not stat.S_ISREG(found.st_mode):
        raise UnsafePathError(f"{path} is no ordinary file: name another")


def _refused(path: Path, error: OSError) -> UnsafePathError:
    if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
        return UnsafePathError(f"{path} is a link, and what is written there is private: name the folder itself")
    return UnsafePathError(f"{path} cannot be used for private files ({error.strerror}): name another place")
