"""The console API of one workspace, as far as push and pull need it (api.md 5). Dify 0.15 to 1.16.

It is the interface of the web console and has no promise of stability; what is used here was recorded on
0.15.3, 1.12.1 and the 1.15 line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from difyflow.client import answers, login
from difyflow.client.abilities import version_tuple
from difyflow.client.address import console_url
from difyflow.client.answers import Json, obj, text
from difyflow.client.api import Api
from difyflow.client.app_api import checked_id
from difyflow.client.faults import classify
from difyflow.client.transport import Answer, Call, Connection, Effect, Transport
from difyflow.errors import ApiError, AuthError, UsageError

_IMPORT_S = 120.0  # seconds; a large import also asks the plugin daemon
_SAME_NAME = 100
_PAGE = 100  # recorded; later releases take 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where the account works at present; `role` is empty if the server does not say it."""

    name: str = ""
    role: str = ""

    @property
    def may_edit(self) -> bool:
        """True for the roles that import and publish; also if the role is not known."""
        return self.role in ("", "owner", "admin", "editor")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleApp:
    """An app of the workspace. `api_base_url` is what the server believes its service API to be at."""

    id: str
    name: str = ""
    mode: str = ""
    enable_api: bool = True
    api_base_url: str = ""
    created_at: float | None = None
    updated_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What the server says of an import; `status` is Dify's, `pending` waits for a confirmation."""

    id: str
    status: str
    app_id: str = ""
    current_dsl_version: str = ""
    imported_dsl_version: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A workflow as it is stored, the draft or the live version.

    Attributes:
        id: of this version; empty if nothing was ever published.
        content: graph, features and variables, with secrets masked.
    """

    id: str = ""
    hash: str = ""
    name: str = ""
    comment: str = ""
    updated_at: float | None = None
    content: Json = field(default_factory=dict, repr=False)


class ConsoleApi(Api):
    """One login at one console. Every method can raise `ApiError` and `ConnectionLost`.

    Reads are repeated by themselves; what makes something is sent once. An expired session is renewed: one
    refresh, then one login, then it is an error.

    Args:
        url: of the server, the console or one of its pages; see `address.console_url`.
        email: of the account.
        password: of the account; shown nowhere, in no error and no log.
        connection: time limits, retries, certificates.

    Raises:
        UsageError: no usable address or certificate file.
    """

    def __init__(self, url: str, *, email: str, password: str, connection: Connection | None = None) -> None:
        self._auth = login.SessionAuth(email, password)
        super().__init__(Transport(console_url(url), self._auth, connection=connection))

    def __repr__(self) -> str:
        return f"ConsoleApi({self.base_url!r}, email={self._auth.email!r})"

    def login(self) -> None:
        """Logs in, in the way that the server's version wants.

        Raises:
            AuthError: `login-refused`; `no-password-login` where the server wants another way.
            RateLimited: `login-locked`.
        """
        features = self._features()
        if features.get("enable_email_password_login") is False:
            raise AuthError(
                "this server takes no login with a password (single sign-on or e-mail codes only)",
                code="no-password-login",
                hint="use an account with a password, or import the file by hand in the console",
            )
        self._log_in()

    def _features(self) -> Json:
        """What the server says before a login; nothing if it is too old to be asked."""
        try:
            return obj(self._explained(Call(method="GET", path="/system-features")).value)
        except ApiError as err:
            if err.status == 404 and err.server_version is not None:
                return {}
            raise

    def workspace(self) -> Workspace:
        """The account's current workspace; a GET before 1.11, a POST since (recorded), so both are tried."""
        post = Call(method="POST", path="/workspaces/current", body={})
        get = Call(method="GET", path="/workspaces/current")
        newer = (version_tuple(self.server_version) or (1, 12, 0)) >= (1, 11, 0)
        for call in (post, get) if newer else (get, post):
            try:
                data = obj(self._send(call).value)
            except ApiError as err:
                if err.status not in (404, 405):
                    raise
            else:
                return Workspace(name=text(data, "name"), role=text(data, "role"))
        return Workspace()

    def apps_named(self, name: str) -> tuple[ConsoleApp, ...]:
        """The apps of exactly this name, the newest first; names are not unique."""
        params: dict[str, str | int | None] = {"page": 1, "limit": _SAME_NAME, "name": name}
        data = obj(self._send(Call(method="GET", path="/apps", params=params)).value).get("data")
        apps = [_app(obj(item)) for item in data] if isinstance(data, list) else []
        return tuple(app for app in apps if app.name == name)

    def app(self, app_id: str) -> ConsoleApp:
        """One app; `ApiError` with code `not-found` if the workspace has none of this id."""
        return _app(obj(self._get(app_id, "")))

    def export(self, app_id: str, *, include_secret: bool = False, workflow_id: str | None = None) -> str:
        """The DSL text of the draft, or of a published version.

        Raises:
            UsageError: a version is asked of a server before 1.8.1, which would give the draft.
        """
        if workflow_id and (version_tuple(self.server_version) or (1, 12, 0)) < (1, 8, 1):
            raise UsageError(
                f"Dify {self.server_version} exports the draft only; published versions since 1.8.1",
                code="too-old",
            )
        params = {
            "include_secret": "true" if include_secret else "false",
            "workflow_id": checked_id(workflow_id) if workflow_id else None,
        }
        value = self._get(app_id, "/export", params)
        found = obj(value).get("data")
        if not isinstance(found, str):
            raise ApiError("the export holds no text", code="unexpected-answer")
        return found

    def draft(self, app_id: str) -> Stored:
        """The draft."""
        return _stored(obj(self._get(app_id, "/workflows/draft")))

    def published(self, app_id: str) -> Stored:
        """The version that the service API runs; without `id` if nothing was published."""
        return _stored(obj(self._get(app_id, "/workflows/publish")))

    def import_app(self, dsl: str, *, app_id: str | None = None) -> Import:
        """Imports DSL text: a new app, or the draft, name and icon of an existing one. Sent once.

        Raises:
            ApiError: `import-failed` with Dify's reason.
        """
        body: dict[str, object] = {"mode": "yaml-content", "yaml_content": dsl}
        if app_id is not None:
            body["app_id"] = checked_id(app_id)
        return self._import("/apps/imports", body)

    def confirm(self, import_id: str) -> Import:
        """Goes on with an import that is pending, within ten minutes and once (0.15: three minutes)."""
        return self._import(f"/apps/imports/{checked_id(import_id)}/confirm", {})

    def missing_plugins(self, app_id: str) -> tuple[str, ...]:
        """What the imported file needs and the workspace lacks, as `author/name:version@checksum`.

        The server knows it for ten minutes after an import, and never after one that was confirmed. None on
        0.15, which has no plugins.
        """
        try:
            value = self._send(
                Call(method="GET", path=f"/apps/imports/{checked_id(app_id)}/check-dependencies")
            ).value
        except ApiError as err:
            if err.status == 404:  # 0.15
                return ()
            raise
        found = obj(value).get("leaked_dependencies")
        return tuple(map(_plugin, found)) if isinstance(found, list) else ()

    def installed_plugins(self) -> frozenset[str] | None:
        """The plugins of the workspace as `author/name`; None where nobody can say (0.15 has none)."""
        found: set[str] = set()
        page = 1
        while True:
            params: dict[str, str | int | None] = {"page": page, "page_size": _PAGE}
            try:
                value = self._send(Call(method="GET", path="/workspaces/current/plugin/list", params=params))
            except ApiError:  # 0.15, or a plugin daemon that is not reached
                return None
            plugins = obj(value.value).get("plugins")
            names = [text(obj(item), "plugin_id") for item in plugins] if isinstance(plugins, list) else []
            if not found.issuperset(names):
                found.update(names)
                page += 1
                if len(names) == _PAGE:
                    continue
            return frozenset(found)

    def publish(self, app_id: str, *, name: str = "", comment: str = "") -> None:
        """Publishes the draft. Sent once.

        Args:
            app_id: of the app.
            name: of the version, at most 20 characters; kept since 1.0.1, as `comment` is.
            comment: on the version, at most 100 characters.

        Raises:
            ApiError, ConnectionLost: as every method does.
        """
        given = {"marked_name": name, "marked_comment": comment}
        body: dict[str, object] = {key: value for key, value in given.items() if value}
        self._send(self._once(f"/apps/{checked_id(app_id)}/workflows/publish", body))

    def make_key(self, app_id: str) -> str:
        """Makes an API key of an app and returns it. Sent once; an app has at most ten."""
        key = text(obj(self._send(self._once(f"/apps/{checked_id(app_id)}/api-keys", {})).value), "token")
        if not key:
            raise ApiError("the answer holds no key", code="unexpected-answer")
        return key

    def _import(self, path: str, body: Mapping[str, object]) -> Import:
        call = replace(self._once(path, body), read_s=_IMPORT_S, also=400)
        answer = self._send(call)
        data = obj(answer.value)
        said = Import(
            id=text(data, "id"),
            status=text(data, "status"),
            app_id=text(data, "app_id"),
            current_dsl_version=text(data, "current_dsl_version"),
            imported_dsl_version=text(data, "imported_dsl_version"),
            error=text(data, "error"),
        )
        if said.status == "failed":
            raise ApiError(
                f"the server refused the import: {_one_line(said.error) or 'no reason given'}",
                code="import-failed",
                status=answer.status,
                server_version=self.server_version,
            )
        if answer.status == 400 or said.status not in ("pending", "completed", "completed-with-warnings"):
            raise classify(answer.status, answer.headers, self._auth.hide(answer.body), url=path)
        return said

    @staticmethod
    def _once(path: str, body: Mapping[str, object]) -> Call:
        return Call(method="POST", path=path, body=body, effect=Effect.ONCE)

    def _get(self, app_id: str, path: str, params: Mapping[str, str | int | None] | None = None) -> object:
        return self._send(
            Call(method="GET", path=f"/apps/{checked_id(app_id)}{path}", params=params or {})
        ).value

    def _send(self, call: Call) -> Answer:
        """Sends a call, and again after the session was renewed; a refused call has done nothing."""
        for renew in (self._refresh, self._log_in):
            try:
                return self.transport.send(call)
            except ApiError as err:
                if err.status != 401:
                    self._tell_in_console_words(err)
                    raise
            renew()
        return self._explained(call)

    def _refresh(self) -> None:
        """Renews the tokens; where that fails, the login that follows says why."""
        tokens = self._auth.tokens
        if tokens is None or not tokens.refresh:
            return
        body = None if tokens.cookies else {"refresh_token": tokens.refresh}
        try:
            answer = self.transport.send(
                Call(method="POST", path=login.REFRESH, body=body, effect=Effect.ONCE)
            )
            self._auth.tokens = login.tokens_of(answer)
        except AuthError:
            self._auth.tokens = None

    def _log_in(self) -> None:
        *others, last = self._auth.passwords(self.server_version)
        for password in others:
            try:
                self._log_in_with(password)
            except AuthError as err:
                if err.code != "login-refused":
                    raise
            else:
                return
        self._log_in_with(last)

    def _log_in_with(self, password: str) -> None:
        body = {"email": self._auth.email, "password": password, "remember_me": True}
        answer = self._explained(Call(method="POST", path=login.LOGIN, body=body, effect=Effect.ONCE))
        self._auth.tokens = login.tokens_of(answer)

    def _explained(self, call: Call) -> Answer:
        try:
            return self.transport.send(call)
        except ApiError as err:
            self._tell_in_console_words(err)
            raise

    def _tell_in_console_words(self, err: ApiError) -> None:
        """Gives the error a hint about the console, where the usual one is about the service API."""
        hints = {
            "wrong-base-url": "this is not Dify's console: give its address, such as https://HOST",
            "unauthorized": f"the console did not accept the session of {self._auth.email}",
            "forbidden": "this account may not do this: it takes the role editor, admin or owner",
            "not-found": "the current workspace of this account has no such app",
        }
        err.hint = hints.get(err.code, err.hint)


def _app(data: Json) -> ConsoleApp:
    return ConsoleApp(
        id=text(data, "id"),
        name=text(data, "name"),
        mode=text(data, "mode"),
        enable_api=data.get("enable_api") is not False,
        api_base_url=text(data, "api_base_url"),
        created_at=answers.moment(data.get("created_at")),
        updated_at=answers.moment(data.get("updated_at")),
    )


def _stored(data: Json) -> Stored:
    kept = ("graph", "features", "environment_variables", "conversation_variables")
    return Stored(
        id=text(data, "id"),
        hash=text(data, "hash"),
        name=text(data, "marked_name"),
        comment=text(data, "marked_comment"),
        updated_at=answers.moment(data.get("updated_at")),
        content={name: data.get(name) for name in kept},
    )


def _plugin(item: object) -> str:
    """A dependency that is missing, by the identifier that its kind has (api.md 5.3)."""
    data = obj(item)
    value = obj(data.get("value"))
    names = (
        "marketplace_plugin_unique_identifier",
        "github_plugin_unique_identifier",
        "plugin_unique_identifier",
    )
    found = next((text(value, name) for name in names if text(value, name)), "")
    return found or text(data, "type") or "a plugin that the server does not name"


def _one_line(words: str) -> str:
    return " ".join(words.split())
