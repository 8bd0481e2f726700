"""What the commands `split` and `join` do with files and folders."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from difyflow.build import back, folder
from difyflow.build.load import locate, read_target
from difyflow.build.source import APP_FILE, FLOW_FILE, folder_reader, is_in_history
from difyflow.cli._show import note
from difyflow.dsl import _yaml
from difyflow.dsl.app import App
from difyflow.errors import UsageError


def app_of(target: str, *, reformat: bool) -> App:
    """The document that is split; a `flow.py` is executed.

    Raises:
        CannotEdit: its file has comments, and `reformat` is not set.
    """
    if target != "-" and not is_in_history(target) and (path := locate(Path(target))).suffix == ".py":
        from difyflow.build.load import execute

        return execute(path).build()
    document = read_target(target)
    if not reformat:
        _yaml.check_comments(document.source)
    return document.app


def write(files: Mapping[str, bytes], place: Path, *, force: bool) -> None:
    """Writes the files of a folder; a new folder is complete or not there.

    With `force`, those of an older split that are not made again are removed, and nothing else.

    Raises:
        UsageError: something is there, or it cannot be written.
    """
    there = any(place.iterdir()) if place.is_dir() else False
    _check(place, there=there, force=force)
    if not place.exists():
        _make(files, place)
        return
    old = folder.files_of(folder_reader(place), name=str(place)) if there else ()
    back.write_files(place, {**files, **{name: None for name in old if name not in files}})


def _check(place: Path, *, there: bool, force: bool) -> None:
    if place.exists() and not place.is_dir():
        raise UsageError("is a file; name a folder", path=str(place), code="is-a-file")
    for name in (FLOW_FILE, APP_FILE):
        if (place / name).is_file():
            raise UsageError(
                f"holds an {name}, which goes before the parts", path=str(place), code="exists",
                hint="name another folder",
            )  # fmt: skip
    if there and not force:
        raise UsageError(
            "is not empty", path=str(place), code="exists", hint="--force replaces what an earlier split made"
        )
    if there and not (place / folder.DOCUMENT).is_file():
        raise UsageError(
            "holds other files, and no parts of a document", path=str(place), code="exists",
            hint="name a new folder, or one made by `difyflow split`",
        )  # fmt: skip


def _make(files: Mapping[str, bytes], place: Path) -> None:
    beside = place.absolute().parent / f".{place.absolute().name[:80]}.{secrets.token_hex(4)}.part"
    try:
        beside.mkdir()
        for name, data in files.items():
            back.put(beside / name, data)
        beside.replace(place.absolute())
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(place), code="not-writable"
        ) from err
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_split(target: str) -> None:
    """Makes sure that a target can be a folder made by `split`, before it is read.

    Raises:
        UsageError: it is a file, or another folder.
    """
    path = Path(target)
    if is_in_history(target) or (path.is_dir() and (path / folder.DOCUMENT).is_file()):
        return
    raise UsageError(
        f"no folder with a {folder.DOCUMENT}", path=target, code="not-split",
        hint="make one: difyflow split app.yml FOLDER",
    )  # fmt: skip


def check_joined(text: str, target: str, file: str | None) -> int:
    """Exit code 0 if the file holds this text, else 1 and a word about it.

    Raises:
        UsageError: no file is named.
    """
    if file is None:
        raise UsageError("--check compares with a file: name it with -o", code="no-file")
    try:
        same = Path(file).read_bytes() == text.encode()
    except OSError as err:
        note(f"{file}: {err.strerror or err}")
        return 1
    if not same:
        note(f"{file}: differs from what {target} holds; write it with: difyflow join {target} -o {file}")
    return 0 if same else 1
