"""What is looked for in which file: `[lint]` of `difyflow.toml`, `[tool.difyflow.lint]` of `pyproject.toml`.

    [lint]
    target = "dify-1.12"
    severity = "warning"          # the mildest that is told: error, warning, info
    select = ["references", "code-*"]
    ignore = ["node-title-duplicate"]
    exclude = ["vendor/**"]
    baseline = "lint-baseline.json"

    [[lint.paths]]                # more of the same, for some files
    files = ["legacy/**"]
    severity = "error"

Paths count from the folder that the file lies in. What the command line says comes before all of it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from difyflow.dsl.releases import target_named
from difyflow.errors import UsageError
from difyflow.lint._names import meant
from difyflow.lint.finding import SEVERITIES, Finding, Severity
from difyflow.lint.rule import Rule

FILES = ("difyflow.toml", "pyproject.toml")
_LISTS = ("select", "ignore")
_TEXTS = ("target", "severity")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is looked for.

    Attributes:
        target: the releases; None = those of each document's own version.
        severity: the mildest that is told; None = warning, and info of rules whose id is selected.
        select: ids of rules, names of families, or patterns; empty = all rules. A rule that is opt-in is
            asked only if its id stands here.
        ignore: the same, which is left out.
    """

    target: str | None = None
    severity: Severity | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def over(self, other: Settings) -> Settings:
        """These settings, and where they say nothing the others; what is ignored adds up."""
        return Settings(
            self.target or other.target,
            self.severity or other.severity,
            self.select or other.select,
            (*other.ignore, *self.ignore),
        )

    def chosen(self, rules: Sequence[Rule]) -> list[Rule]:
        """The rules that are asked."""
        return [
            item
            for item in rules
            if (item.id in self.select if item.opt_in else not self.select or _matches(item, self.select))
            and not _matches(item, self.ignore)
            # A rule tells nothing worse than its own severity.
            and self._is_told(item.id, item.severity)
        ]

    def tells(self, finding: Finding) -> bool:
        """True if the finding is bad enough to be told."""
        return self._is_told(finding.rule, finding.severity)

    def _is_told(self, rule_id: str, severity: Severity) -> bool:
        """Who selects a rule by its id wants all of it, unless he says otherwise."""
        mildest = self.severity or ("info" if rule_id in self.select else "warning")
        return SEVERITIES.index(severity) <= SEVERITIES.index(mildest)


def _matches(rule: Rule, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule.id, item) or rule.family == item for item in patterns)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project.

    Attributes:
        folder: the folder from which its paths count.
        base: for all files.
        paths: for files that a pattern fits, the later ones before the earlier.
        exclude: patterns of files that are passed by in folders.
        baseline: file of findings that are known; from the folder.
    """

    folder: Path = Path()
    base: Settings = Settings()
    paths: tuple[tuple[tuple[str, ...], Settings], ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: str | None = None

    def settings(self, path: str) -> Settings:
        """The settings for a file."""
        found = self.base
        for patterns, settings in self.paths:
            if self._fits(path, patterns):
                found = settings.over(found)
        return found

    def excludes(self, path: str) -> bool:
        """True for a file that is passed by."""
        return self._fits(path, self.exclude)

    def over(self, settings: Settings) -> Config:
        """A copy in which these settings come before its own, for all files."""
        paths = (*self.paths, (("**",), settings))
        return replace(self, paths=paths)

    def _fits(self, path: str, patterns: Sequence[str]) -> bool:
        inside = inside_of(self.folder, path)
        return any(fnmatchcase(inside, item) or (item == "**") for item in patterns)


def inside_of(folder: Path, path: str) -> str:
    """A path as it is counted from a folder, with slashes; one that lies elsewhere as it is."""
    # Not `resolve`, which follows links, and fails where one leads to itself.
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder)).as_posix()  # noqa: PTH100
    except ValueError:
        return Path(path).as_posix()


def find(folder: Path) -> Path | None:
    """The settings file of a project: the nearest `difyflow.toml`, or `pyproject.toml` that speaks of us."""
    for place in (folder, *folder.parents):
        for name in FILES:
            file = place / name
            if file.is_file() and (name == FILES[0] or _section(_parsed(file), file) is not None):
                return file
    return None


def read(file: Path, rules: Sequence[Rule]) -> Config:
    """Reads a settings file.

    Args:
        file: a `difyflow.toml`, or a `pyproject.toml`.
        rules: that it may name.

    Raises:
        UsageError: it is broken, or says what nobody understands.
    """
    table = _section(_parsed(file), file) or {}
    known = {*_LISTS, *_TEXTS, "exclude", "baseline", "paths"}
    _refuse_unknown(table, known, file, "[lint]")
    paths = table.get("paths", [])
    if not isinstance(paths, list) or not all(isinstance(item, dict) for item in paths):
        raise _bad(file, "`paths` must be tables: [[lint.paths]]")
    more = []
    for item in paths:
        _refuse_unknown(item, {*_LISTS, *_TEXTS, "files"}, file, "[[lint.paths]]")
        more.append((_words(item, "files", file), _settings(item, file, rules)))
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise _bad(file, "`baseline` must be the name of a file")
    return Config(
        file.parent, _settings(table, file, rules), tuple(more), _words(table, "exclude", file), baseline
    )


def check_words(words: Sequence[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    """Ids, families and patterns of rules as they are, if each means something.

    Raises:
        UsageError: one of them means no rule.
    """
    for word in words:
        if not any(_matches(item, [word]) for item in rules):
            names = [*(item.id for item in rules), *(item.family for item in rules)]
            hint = meant(word, names).removeprefix("; ") if len(word) > 2 else ""
            raise UsageError(
                f"{word!r} is no rule, no family of rules and no pattern that fits any",
                code="unknown-rule",
                hint=hint if hint.startswith("do you mean") else "`difyflow rules` lists them",
            )
    return tuple(words)


def _settings(table: Mapping[str, object], file: Path, rules: Sequence[Rule]) -> Settings:
    target, severity = table.get("target"), table.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise _bad(file, f"`severity` is {severity!r}; it may be: {', '.join(SEVERITIES)}")
    if target is not None and not isinstance(target, str):
        raise _bad(file, "`target` must be a release, such as dify-1.12")
    if target is not None:
        target_named(target)
    made = Settings(target, next((item for item in SEVERITIES if item == severity), None))
    select, ignore = (check_words(_words(table, key, file), rules) for key in _LISTS)
    return replace(made, select=select, ignore=ignore)


def _words(table: Mapping[str, object], key: str, file: Path) -> tuple[str, ...]:
    found = table.get(key, [])
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _bad(file, f"`{key}` must be a list of texts")
    return tuple(found)


def _parsed(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise _bad(file, f"not valid TOML: {err}") from err
    except OSError as err:
        raise _bad(file, f"cannot be read: {err.strerror or err}") from err


def _section(table: Mapping[str, object], file: Path) -> Mapping[str, object] | None:
    """The part of a settings file that is about us."""
    if file.name == "pyproject.toml":
        tools = table.get("tool")
        found = tools.get("difyflow") if isinstance(tools, dict) else None
        if not isinstance(found, dict):
            return None
        table = found
    part = table.get("lint", {})
    if not isinstance(part, dict):
        raise _bad(file, "`lint` must be a table: [lint]")
    return part


def _refuse_unknown(table: Mapping[str, object], known: set[str], file: Path, where: str) -> None:
    for key in table:
        if key not in known:
            raise _bad(file, f"{where} has no key {key!r}; it has: {', '.join(sorted(known))}")


def _bad(file: Path, message: str) -> UsageError:
    return UsageError(message, path=str(file), code="bad-settings")
