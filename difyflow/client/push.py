"""Pushing one app: a plan as a frozen value, shown by whoever likes, then applied.

An import replaces graph, features, variables, name and icon of the draft without looking at what is there
(api.md 5.3), so the plan looks first: at what differs, at what has changed since the file was pulled, at
secrets. A secret that the file does not hold (empty, or masked as the server shows it) is kept as the server
has it: the import would store the mask, or nothing, in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from difyflow.client.abilities import version_tuple
from difyflow.client.console_api import ConsoleApi, ConsoleApp, Import, Stored, Workspace
from difyflow.client.masks import comparable, fingerprint, secrets_of, with_kept_secrets, without_secrets
from difyflow.dsl.app import App, Dependency
from difyflow.dsl.imports import answer
from difyflow.dsl.reader import read
from difyflow.dsl.releases import RELEASES, Releases
from difyflow.errors import ApiError, ConnectionLost, UsageError
from difyflow.nodes._record import numbers

NAME_LIMIT, COMMENT_LIMIT = 20, 100
"""Characters that the name of a version and a comment on it may have."""
_MODES = ("workflow", "advanced-chat")


class Action(Enum):
    """What a push does to the app."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    """The draft is as the file already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for besides the import.

    Attributes:
        publish: make the draft the live version.
        name, comment: of that version.
        make_key: make an API key.
        force: push over a draft that changed since the pull, and a file that the server would refuse.
        pulled: `fingerprint` of the draft when the file was pulled from this app; empty = not known.
    """

    publish: bool = False
    name: str = ""
    comment: str = ""
    make_key: bool = False
    force: bool = False
    pulled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a push will do.

    Attributes:
        app: what will be imported, with the secrets that are kept.
        draft: what the server has, without secrets; None for a new app.
        asks: the server will ask for a confirmation, since the file's DSL version is newer than its own.
        live: the draft is the published version, so there is nothing to publish unless it is changed.
        notes: warnings, a line each.
    """

    action: Action
    app: App = field(repr=False)
    wish: Wish
    workspace: Workspace
    server_version: str = ""
    target: ConsoleApp | None = None
    draft: App | None = field(default=None, repr=False)
    asks: bool = False
    live: bool = False
    namesakes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def does_nothing(self) -> bool:
        """True if there is nothing to import, to publish or to make."""
        return self.action is Action.SAME and not self.publishes and not self.wish.make_key

    @property
    def publishes(self) -> bool:
        """True if a version will be published."""
        return self.wish.publish and not (self.action is Action.SAME and self.live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push has done.

    Attributes:
        key: the new API key; it is in no repr, and nobody but the caller shows it.
        fingerprint: of the draft afterwards.
        missing: plugins that the workspace lacks.
        declined: the confirmation was not given; nothing was changed.
        confirmed: it was asked for, and given.
    """

    app_id: str
    status: str
    published: bool = False
    version_id: str = ""
    key: str = field(default="", repr=False)
    fingerprint: str = ""
    api_base_url: str = ""
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    declined: bool = False
    confirmed: bool = False


def plan(api: ConsoleApi, app: App, wish: Wish, *, app_id: str | None = None) -> Plan:
    """Looks at the server and says what a push would do; changes nothing.

    Args:
        api: logged in.
        app: what is to be there.
        wish: what else is asked for.
        app_id: the app to update; None = a new one.

    Raises:
        UsageError: it cannot be pushed so: `draft-changed`, `mask`, `wrong-mode`, `would-be-refused`, ...
        ApiError, ConnectionLost: the server did not answer the questions.
    """
    _check(app, wish)
    workspace = api.workspace()
    if not workspace.may_edit:
        raise UsageError(
            f"the account is {workspace.role!r} in {workspace.name!r}, and importing takes an editor",
            code="no-right",
        )
    target = api.app(app_id) if app_id else None
    stored = draft = None
    if target is not None:
        _check_mode(app, target)
        stored = read(api.export(target.id, include_secret=True), name="the server's draft")
        draft = without_secrets(stored)
        _check_unchanged(draft, wish)
    app, notes = with_kept_secrets(app, stored)
    asks, more = _expected(app, _release(api.server_version), wish)
    same = stored is not None and _is_same(app, stored, api.server_version)
    return Plan(
        action=Action.SAME if same else Action.UPDATE if target else Action.CREATE,
        app=app,
        wish=wish,
        workspace=workspace,
        server_version=api.server_version,
        target=target,
        draft=draft,
        asks=asks,
        live=target is not None and wish.publish and _is_live(api.draft(target.id), api.published(target.id)),
        namesakes=() if target else tuple(one.id for one in api.apps_named(app.name)),
        notes=(*notes, *more),
    )


def apply(api: ConsoleApi, planned: Plan, *, confirm: Callable[[Import], bool]) -> Pushed:
    """Does what a plan says.

    Args:
        api: logged in.
        planned: by `plan`.
        confirm: asked whether a file of a newer DSL version is to be imported all the same.

    Raises:
        ApiError: `import-failed` with Dify's reason, ...
        ConnectionLost: the answer was lost; the message says what may have happened.
    """
    done = _imported(api, planned, confirm)
    if done.declined:
        return done
    try:
        done = _with_plugins(api, planned.app, done)
        if planned.publishes:
            done = _published(api, done, planned.wish)
        done = _looked_at(api, done)
        if planned.wish.make_key:  # last, so that nothing can fail while only we know it
            done = replace(done, key=api.make_key(done.app_id))
    except (ApiError, ConnectionLost) as err:
        hint = f"{err.hint}; " if err.hint else ""
        err.hint = f"{hint}the app is imported as {done.app_id}: go on with --app {done.app_id}"
        raise
    return done


def _check(app: App, wish: Wish) -> None:
    if app.mode not in _MODES:
        raise UsageError(
            f"only workflow and chatflow apps are pushed, and this is {app.mode or 'no app'!r}",
            code="wrong-mode",
        )
    for option, text, limit in (
        ("--version-name", wish.name, NAME_LIMIT),
        ("--comment", wish.comment, COMMENT_LIMIT),
    ):
        if text and not wish.publish:
            raise UsageError(f"{option} is for a version, so it needs --publish", code="usage")
        if len(text) > limit:
            raise UsageError(f"{option} has {len(text)} characters; Dify takes {limit}", code="too-long")


def _check_mode(app: App, target: ConsoleApp) -> None:
    """An import never changes the mode, and a chatflow with the graph of a workflow breaks (recorded)."""
    if target.mode != app.mode:
        raise UsageError(
            f"the app {target.name!r} is of mode {target.mode!r}, and the file of {app.mode!r}",
            code="wrong-mode",
        )


def _check_unchanged(draft: App, wish: Wish) -> None:
    if wish.pulled and not wish.force and fingerprint(draft) != wish.pulled:
        raise UsageError(
            "the server's draft has changed since this file was pulled",
            code="draft-changed",
            hint="pull it to another file and compare; --force pushes over it",
        )


def _release(version: str) -> Releases | None:
    at = version_tuple(version)
    if at is None:
        return None
    return next((one for one in RELEASES if numbers(one.first) <= at <= one.highest), None)


def _expected(app: App, release: Releases | None, wish: Wish) -> tuple[bool, tuple[str, ...]]:
    """What the server will answer, as far as its release is known: does it ask, and with what words?

    Raises:
        UsageError: it would refuse the file; up to 1.12 it even leaves an empty app behind.
    """
    if release is None or not release.known:
        return False, ()
    said = answer(app.data(), release)
    if "failed" in (said.status, said.confirmed) and not wish.force:
        raise UsageError(
            f"Dify {release} refuses this file: {said.error}",
            code="would-be-refused",
            hint="difyflow versions FILE says who takes it; --force sends it all the same",
        )
    version = app.version or "none"
    if said.status == "pending":
        words = (
            f"DSL {version} is not that of the server ({release.dsl}): what it does not know fails when run"
        )
        return True, (words,)
    if said.status == "completed-with-warnings":
        return False, (f"DSL {version} is older than that of the server ({release.dsl})",)
    return False, ()


def exports_icons(version: str) -> bool:
    """False for releases that export every icon as a robot: 1.0 to 1.13.0."""
    return not (1, 0, 0) <= (version_tuple(version) or (1, 12, 0)) < (1, 13, 1)


def _is_same(app: App, stored: App, version: str) -> bool:
    """True if an import would change nothing."""
    icons = exports_icons(version)
    same = comparable(app, icons=icons) == comparable(stored, icons=icons)
    return same and secrets_of(app) == secrets_of(stored)


def _is_live(draft: Stored, published: Stored) -> bool:
    return bool(published.id) and draft.content == published.content


def _imported(api: ConsoleApi, planned: Plan, confirm: Callable[[Import], bool]) -> Pushed:
    target = planned.target
    if planned.action is Action.SAME:
        assert target is not None, "only an existing app can be the same"
        return Pushed(app_id=target.id, status="same")
    said = _sent(api, planned)
    asked = said.status == "pending"
    if asked:
        if not confirm(said):
            return Pushed(app_id=said.app_id, status="pending", declined=True)
        said = api.confirm(said.id)
    app_id = said.app_id or (target.id if target else "")
    if not app_id:
        raise ApiError("the app is imported, and the answer does not name it", code="unexpected-answer")
    notes: tuple[str, ...] = ()
    if said.status == "completed-with-warnings":
        versions = f"DSL {said.imported_dsl_version} on a server of {said.current_dsl_version}"
        notes += (f"imported with warnings: {versions}",)
    return Pushed(app_id=app_id, status=said.status, notes=notes, confirmed=asked)


def _with_plugins(api: ConsoleApi, app: App, done: Pushed) -> Pushed:
    """Which plugins are missing: the server knows it, but not after a confirmation (recorded)."""
    if done.status == "same":
        return done
    if not done.confirmed:
        return replace(done, missing=api.missing_plugins(done.app_id))
    needed = tuple(_needed(app))
    installed = api.installed_plugins() if needed else frozenset()
    if installed is None:
        note = "after a confirmed import Dify does not say which plugins are missing: look there"
        return replace(done, notes=(*done.notes, note))
    return replace(done, missing=tuple(one for one in needed if _name_of(one) not in installed))


def _looked_at(api: ConsoleApi, done: Pushed) -> Pushed:
    """With what the server has now."""
    app = api.app(done.app_id)
    notes = done.notes
    if not app.enable_api:
        notes += ("API access of the app is switched off: switch it on in its overview in Dify",)
    after = read(api.export(done.app_id), name="the server's draft")
    return replace(done, api_base_url=app.api_base_url, notes=notes, fingerprint=fingerprint(after))


def _needed(app: App) -> Iterator[str]:
    """The plugins that a file declares, as `author/name:version@checksum`."""
    for item in app.dependencies or ():
        value = item.value if isinstance(item, Dependency) else {}
        named = (value.get(f"{kind}plugin_unique_identifier") for kind in ("marketplace_", "github_", ""))
        yield from [name for name in named if isinstance(name, str)][:1]


def _name_of(identifier: str) -> str:
    return identifier.partition(":")[0]


def _sent(api: ConsoleApi, planned: Plan) -> Import:
    """The import. A lost answer is looked for before anybody tries again: a second new app is a duplicate."""
    app, target = planned.app, planned.target
    try:
        return api.import_app(app.render(), app_id=target.id if target else None)
    except ConnectionLost as err:
        if target is not None:
            raise  # to push again does no harm
        for one in api.apps_named(app.name):
            if one.id not in planned.namesakes:
                return Import(id="", status="completed", app_id=one.id)
        err.hint = f"no new app {app.name!r} is there; look in the console before pushing again"
        raise
    except ApiError as err:
        leaves = (version_tuple(api.server_version) or (1, 12, 1)) < (1, 13, 0)
        if err.code == "import-failed" and target is None and leaves:
            err.hint = f"this Dify may have left an empty app {app.name!r} behind: delete it in the console"
        raise


def _published(api: ConsoleApi, done: Pushed, wish: Wish) -> Pushed:
    """Publishes; where the answer is lost, the live version says whether it happened."""
    notes = done.notes
    try:
        api.publish(done.app_id, name=wish.name, comment=wish.comment)
    except ConnectionLost as err:
        if not _is_live(api.draft(done.app_id), api.published(done.app_id)):
            err.hint = "it is not published"
            raise
    live = api.published(done.app_id)
    if (wish.name and live.name != wish.name) or (wish.comment and live.comment != wish.comment):
        notes += ("this Dify keeps no names and comments of versions (1.0.1 and later do)",)
    return replace(done, published=True, version_id=live.id, notes=notes)
