"""Puts git's settings for Dify documents into a repository or a home, and takes them out again.

Three things are written, and all three go again:

    the driver        a shell script in the `.git` folder that all work trees share, or in the home
    the settings      which driver git calls for `difyflow`, in `.git/config` or the home's git settings
    the attributes    which files are `difyflow`'s, in `.gitattributes` of the work tree

The attributes are for committing: they name no place of this machine, and who has no driver sees git's own
output. The settings name the driver by a path that is found out at each call, so a repository may be moved.
The driver says in its last line which folders were made for it and for the settings: they go with them.
The driver calls the `difyflow` on the PATH, which survives that a virtual environment is moved or made anew;
if there is none, the interpreter that installed it, so that it works where no environment is active.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from difyflow.errors import UsageError
from difyflow.git import blocks, scan
from difyflow.git._reports import conflicts_of
from difyflow.git.repository import Repository
from difyflow.records.files import write_whole

ATTRIBUTES = ".gitattributes"
_SETTINGS = """\
[diff "difyflow"]
	command = exec sh {driver} diff
	textconv = exec sh {driver} textconv
[merge "difyflow"]
	name = merge of Dify workflows
	driver = exec sh {driver} merge %O %A %B %L %P %S %X %Y
	recursive = binary
[difftool "difyflow"]
	cmd = sh {driver} difftool \\"$LOCAL\\" \\"$REMOTE\\"
[mergetool "difyflow"]
	cmd = sh {driver} mergetool \\"$BASE\\" \\"$LOCAL\\" \\"$REMOTE\\" \\"$MERGED\\"
	trustExitCode = true
"""
# `recursive = binary`: a merge of two merge bases takes their ancestor where they differ. Ours in such a base
# would make the outer merge take theirs without a conflict.
_LOCAL_DRIVER = '\\"$(git rev-parse --git-common-dir)/difyflow/driver\\"'
_GLOBAL_DRIVER = '\\"${XDG_CONFIG_HOME:-$HOME/.config}/difyflow/git-driver\\"'


@dataclass(frozen=True, slots=True)
class Places:
    """Where the three are.

    Attributes:
        driver: the shell script.
        settings: git's settings.
        attributes: None outside a repository.
        conflicts: reports of merges of this work tree; None outside a repository.
        others: reports of merges of the other work trees.
        is_global: whether the first two are those of the home.
    """

    driver: Path
    settings: Path
    attributes: Path | None
    conflicts: Path | None
    is_global: bool
    others: tuple[Path, ...] = ()


def local_places(repository: Repository) -> Places:
    """Those of one repository, for all its work trees; the attributes are those of this one."""
    common = repository.common_dir
    return Places(
        driver=common / "difyflow" / "driver",
        settings=common / "config",
        attributes=repository.top / ATTRIBUTES,
        conflicts=conflicts_of(repository),
        is_global=False,
        others=_others(repository),
    )


def global_places(repository: Repository | None) -> Places:
    """Those of the home, for all repositories; the attributes are those of this one, if there is one."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    given = os.environ.get("GIT_CONFIG_GLOBAL")
    settings = home / ".gitconfig"
    if not settings.exists() and (config / "git" / "config").exists():
        settings = config / "git" / "config"
    return Places(
        driver=config / "difyflow" / "git-driver",
        settings=Path(given) if given else settings,
        attributes=repository.top / ATTRIBUTES if repository else None,
        conflicts=conflicts_of(repository) if repository else None,
        is_global=True,
        others=_others(repository) if repository else (),
    )


def _others(repository: Repository) -> tuple[Path, ...]:
    folders = [repository.common_dir, *(repository.common_dir / "worktrees").glob("*")]
    return tuple(folder / "difyflow" / "conflicts" for folder in folders)


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` wrote.

    Attributes:
        lines: which files the attributes name.
        changed: the files that were written; none if everything was there already.
    """

    lines: tuple[str, ...]
    changed: tuple[Path, ...]


def install(places: Places, repository: Repository | None, globs: Sequence[str] = ()) -> Installed:
    """Writes the three; a second time changes nothing, or what has changed since.

    Args:
        places: where.
        repository: whose work tree is searched for documents.
        globs: further patterns of attributes; those of earlier calls stay.

    Raises:
        UsageError: one cannot be written, or git's settings are locked.
    """
    for path in filter(None, (places.settings, places.attributes)):
        _text(path)  # what cannot be read is said before anything is written
    driver = _GLOBAL_DRIVER if places.is_global else _LOCAL_DRIVER
    changed = []
    made = (_missing(places.driver), _missing(places.settings))
    if places.driver.is_file():
        made = _made(places.driver) or _MADE_BEFORE
    if _put(places.driver, _script(made)):
        changed.append(places.driver)
    if _put_block(places.settings, _SETTINGS.replace("{driver}", driver), locked=True):
        changed.append(places.settings)
    lines: tuple[str, ...] = ()
    if repository is not None and places.attributes is not None:
        asked = tuple(dict.fromkeys((*_asked_before(places.attributes), *scan.checked(globs))))
        found = (item for item in scan.patterns(repository) if item not in asked)
        lines = (
            *(f"{_ASKED}{item}\n{scan.attribute_line(item)}" for item in asked),
            *map(scan.attribute_line, found),
        )
        if _put_block(places.attributes, "".join(lines)):
            changed.append(places.attributes)
    return Installed(tuple(line for item in lines for line in item.splitlines()), tuple(changed))


def uninstall(places: Places) -> tuple[Path, ...]:
    """Takes the three out again, byte for byte; gives the files that were changed or removed.

    Raises:
        UsageError: one cannot be written, or git's settings are locked.
    """
    changed = []
    for path, locked in ((places.attributes, False), (places.settings, True)):
        if path is not None and _take_block(path, locked=locked):
            changed.append(path)
    for folder in {*filter(None, [places.conflicts]), *places.others}:
        if folder.is_dir():
            shutil.rmtree(folder)
            if folder.parent != places.driver.parent:  # which goes with the driver
                _remove_empty(folder, 1)
    if places.driver.is_file():
        for_driver, for_settings = _made(places.driver) or _MADE_BEFORE
        places.driver.unlink()
        _remove_empty(places.settings, for_settings)
        _remove_empty(places.driver, for_driver)
        changed.append(places.driver)
    return tuple(changed)


_MADE_BEFORE = (1, 0)
"""What drivers of earlier versions do not say."""
_FOLDERS = re.compile(r"^# folders made: (\d+) for this file, (\d+) for the settings$", re.MULTILINE)


def _made(driver: Path) -> tuple[int, int] | None:
    """How many folders were made for the driver and for the settings; None if it does not say."""
    found = _FOLDERS.search(_text(driver) or "")
    return (int(found[1]), int(found[2])) if found else None


def _missing(path: Path) -> int:
    """How many folders must be made for a file to be written."""
    return sum(not folder.exists() for folder in path.parents)


def _remove_empty(path: Path, most: int) -> None:
    """Removes the folders that a file was in, the inner ones first, as far as they are empty."""
    with contextlib.suppress(OSError):  # something else is in it by now
        for folder in list(path.parents)[:most]:
            folder.rmdir()


_ASKED = "# --path "


def _asked_before(attributes: Path) -> tuple[str, ...]:
    """The patterns that an earlier call was asked for; a comment before them says so."""
    lines = (blocks.inside(_text(attributes)) or "").splitlines()
    return tuple(line.removeprefix(_ASKED) for line in lines if line.startswith(_ASKED))


def _script(made: tuple[int, int]) -> str:
    text = (files("difyflow.git") / "driver.sh").read_text(encoding="utf-8")
    folders = f"# folders made: {made[0]} for this file, {made[1]} for the settings\n"
    return text.replace("'@PYTHON@'", shlex.quote(sys.executable)) + folders


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as err:
        raise UsageError(f"cannot be read: {err.strerror or err}", path=str(path), code="unreadable") from err


def _put(path: Path, text: str) -> bool:
    """Writes a file of ours; False if it is there already."""
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(
            f"cannot be made: {err.strerror or err}", path=str(path.parent), code="not-writable"
        ) from err
    write_whole(path, text.encode())
    return True


def _put_block(path: Path, lines: str, *, locked: bool = False) -> bool:
    before = _text(path)
    after = blocks.with_block(before, lines) if lines else blocks.without_block(before)
    return _write(path, before, after, locked=locked)


def _take_block(path: Path, *, locked: bool) -> bool:
    before = _text(path)
    return _write(path, before, blocks.without_block(before), locked=locked)


def _write(path: Path, before: str | None, after: str | None, *, locked: bool) -> bool:
    if before == after:
        return False
    with _Lock(path if locked else None):
        if after is None:
            Path(os.path.realpath(path)).unlink()  # a link that led nowhere stays
        else:
            write_whole(path, after.encode(errors="surrogateescape"))
    return True


class _Lock:
    """Git's own way of keeping two from writing its settings at once: a file beside them."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.with_name(f"{path.name}.lock")

    def __enter__(self) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.open("xb").close()
        except FileExistsError as err:
            raise UsageError(
                "git is writing its settings now", path=str(self._file), code="locked",
                hint="try again; if no git runs, remove this file",
            ) from err  # fmt: skip
        except OSError as err:
            raise UsageError(
                f"cannot be made: {err.strerror or err}", path=str(self._file), code="not-writable"
            ) from err

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.unlink(missing_ok=True)
