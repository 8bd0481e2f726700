"""Removing and measuring a folder whose contents were made by hostile code."""

from __future__ import annotations

import os
import secrets
import shutil
import stat

# os.path and os functions throughout: a bare interpreter loads this, and descriptors are the point.


def remove(path: str) -> None:
    """Removes a folder with everything in it, without following links; a missing folder is fine.

    Nested folders are moved up before they are entered, so neither their depth nor the length of their
    paths matters; folders without permissions are opened up first. The code must be dead by now.

    Raises:
        OSError: something cannot be removed.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_DIRECTORY"):
        if os.path.isdir(path):  # noqa: PTH112
            shutil.rmtree(path)
        return
    try:
        root = _open(path, None)
    except FileNotFoundError:
        return
    try:
        _empty(root)
    finally:
        os.close(root)
    os.rmdir(path)  # noqa: PTH106


def _open(name: str, parent: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=parent)
    except PermissionError:
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        return os.open(name, flags, dir_fd=parent)


def _empty(root: int) -> None:
    prefix = f".removed-{secrets.token_hex(8)}-"
    waiting, count = _unlink_files(root), 0
    while waiting:
        name = waiting.pop()
        folder = _open(name, root)
        try:
            for inner in _unlink_files(folder):
                count += 1
                _move(inner, folder, f"{prefix}{count}", root)
                waiting.append(f"{prefix}{count}")
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=root)


def _unlink_files(folder: int) -> list[str]:
    """Removes what is no folder and returns the names of the folders."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in found if is_folder]


def _move(name: str, source: int, new: str, target: int) -> None:
    try:
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:  # a folder that may not be written cannot change its parent
        os.chmod(name, stat.S_IRWXU, dir_fd=source)
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)


def measure(path: str, *, most_entries: int) -> tuple[int, int]:
    """Counts the entries and the bytes in a folder that is being worked in.

    Counting stops at `most_entries`, which is also the answer for a folder too deep to look into.
    """
    entries, size, waiting = 0, 0, [path]
    while waiting and entries < most_entries:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
                    if entries >= most_entries:
                        break
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # the code removed or closed it while we were looking
        except OSError:
            return most_entries, size
    return entries, size
