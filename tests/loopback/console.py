"""The console of a Dify server of a given version: logins, apps, drafts, imports, versions, keys.

It imitates what the recordings show (`auth/`, `import/`, `export/`, `draft/`, `publish/`, `apps/`; on 0.15.3
`console/`, `overwrite/`). `release` gives another `X-Version` and with it the login scheme of that release.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import yaml

from loopback.recordings import load
from loopback.server import Answer, Seen, Server

EMAIL, PASSWORD = "admin@example.com", "Loopback-geheim-1"
_DSL = {"0.15.3": "0.1.5", "1.12.1": "0.5.0", "1.15-dev": "0.6.0"}
_NEW = {
    "wrong": "auth/login-wrong-password",
    "spelling": "auth/login-plain-password",
    "locked": "auth/login-locked-out",
    "anonymous": "auth/apps-no-csrf",
    "bad-refresh": "auth/refresh-unknown-token",
    "features": "auth/system-features",
    "workspace": "auth/workspace-current",
    "app": "apps/detail",
    "no-app": "export/unknown-app",
    "import": "import/overwrite-flow",
    "import-no-app": "import/overwrite-unknown-app",
    "confirm-unknown": "import/confirm-unknown-id",
    "unpublished": "publish/seed-published-before",
    "draft": "draft/secret-get",
    "key": "apps/key-create-flow",
}
_NAMES = {
    "0.15.3": {
        "wrong": "console/05-login-wrong-password",
        "anonymous": "console/07-no-token",
        "bad-refresh": "console/09-refresh-token-bad",
        "workspace": "console/11-workspace-current",
        "app": "console/12-app-detail",
        "no-app": "export/13-export-unknown-app",
        "import": "overwrite/04-import-over-app-id",
        "import-no-app": "overwrite/09-import-over-unknown-app-id",
        "confirm-unknown": "import/confirm-unknown",
        "unpublished": "console/14-published-workflow-before-publish",
        "draft": "console/13-draft-workflow",
        "key": "console/15-api-key-create",
    },
    "1.12.1": _NEW,
    "1.15-dev": _NEW,
}
_MASK = "*" * 20


@dataclass(kw_only=True)
class App:
    """An app of the workspace: its draft as the data of a DSL file, and the live version."""

    data: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    live: dict[str, Any] | None = None
    name: str = ""
    comment: str = ""
    version_id: str = ""
    keys: list[str] = field(default_factory=list)
    edits: int = 1
    enable_api: bool = True

    def secrets(self) -> dict[str, Any]:
        """The stored secrets by name."""
        listed = self.data["workflow"].get("environment_variables", [])
        return {item["name"]: item["value"] for item in listed if item["value_type"] == "secret"}


class Console(Server):
    """The console of one account and one workspace.

    Attributes:
        apps: by id.
        logins: passwords that were tried, as they were spelled.
        wrong: number of wrong passwords so far; five lock the account.
        missing: identifiers of plugins that the next import lacks.
        says_version: False = a proxy takes `X-Version` away.
    """

    def __init__(
        self, version: str = "1.12.1", *, release: str | None = None, role: str = "owner", **options: Any
    ) -> None:
        super().__init__(**options)
        self.version, self.role = version, role
        self.release = release or load(version, _NAMES[version]["app"]).headers["x-version"]
        self.apps: dict[str, App] = {}
        self.logins: list[str] = []
        self.wrong = 0
        self.missing: list[str] = []
        self.waiting: dict[str, tuple[str, str | None]] = {}
        self.says_version = True
        self._access = self._refresh = self._csrf = ""
        number = tuple(int(part) for part in self.release.split("."))
        self.in_cookies, self.coded = number >= (1, 9, 2), number >= (1, 11, 2)
        base = "/console/api"
        self.on("GET", f"{base}/system-features", self._features)
        self.on("POST", f"{base}/login", self._login)
        self.on("POST", f"{base}/refresh-token", self._renew)
        self.on("POST" if version != "0.15.3" else "GET", f"{base}/workspaces/current", self._workspace)
        self.on("GET", f"{base}/apps", self._list)
        self.on("GET", f"{base}/apps/[^/]+", self._detail)
        self.on("GET", f"{base}/apps/[^/]+/export", self._export)
        self.on("GET", f"{base}/apps/[^/]+/workflows/draft", self._draft)
        self.on("GET", f"{base}/apps/[^/]+/workflows/publish", self._live)
        self.on("POST", f"{base}/apps/[^/]+/workflows/publish", self._publish)
        self.on("POST", f"{base}/apps/[^/]+/api-keys", self._key)
        self.on("POST", f"{base}/apps/imports", self._import)
        self.on("POST", f"{base}/apps/imports/[^/]+/confirm", self._confirm)
        if version != "0.15.3":
            self.on("GET", f"{base}/apps/imports/[^/]+/check-dependencies", self._dependencies)
            plugins = load("1.12.1", "providers/plugin-list")
            self.on("GET", f"{base}/workspaces/current/plugin/list", Answer.of(plugins))

    def reply(self, seen: Seen) -> Answer:
        """Checks the session first, as the release does."""
        answer = super().reply(seen)
        if not seen.path.endswith(("/login", "/refresh-token", "/system-features")) and not self._known(seen):
            answer = self._recorded("anonymous")
        own = {name: value for name, value in answer.headers.items() if name.lower() != "x-version"}
        return answer.but(headers={**own, "X-Version": self.release} if self.says_version else own)

    def expire(self) -> None:
        """Ends the session; its refresh token goes on."""
        self._access = "expired"

    def forget(self) -> None:
        """Ends the session and its refresh token."""
        self._access = self._refresh = "expired"

    def add(self, data: dict[str, Any]) -> App:
        """An app that is there already."""
        app = App(data=copy.deepcopy(data))
        self.apps[app.id] = app
        return app

    # Sessions

    def _known(self, seen: Seen) -> bool:
        if not self.in_cookies:
            return seen.headers.get("authorization") == f"Bearer {self._access}"
        cookies = _cookies(seen)
        csrf = cookies.get("csrf_token") == seen.headers.get("x-csrf-token") == self._csrf
        return cookies.get("access_token") == self._access and (csrf or "/workflows/draft" in seen.path)

    def _features(self, _seen: Seen) -> Answer:
        if self.version == "0.15.3":
            return Answer.json({"enable_email_password_login": True})
        return self._recorded("features")

    def _login(self, seen: Seen) -> Answer:
        said = seen.json()
        self.logins.append(said["password"])
        if self.wrong >= 5 and self.in_cookies:
            return self._recorded("locked")
        password = said["password"]
        if self.coded:
            try:
                password = base64.b64decode(password, validate=True).decode()
            except ValueError:
                return self._recorded("spelling")
        if (said["email"], password) != (EMAIL, PASSWORD):
            self.wrong += 1
            return self._recorded("wrong")
        return self._tokens()

    def _tokens(self) -> Answer:
        number = uuid.uuid4().hex
        self._access, self._refresh, self._csrf = (
            f"{kind}-{number}" for kind in ("access", "refresh", "csrf")
        )
        if not self.in_cookies:
            data = {"access_token": self._access, "refresh_token": self._refresh}
            return Answer.json({"result": "success", "data": data})
        cookies = [
            f"access_token={self._access}; Max-Age=3600; HttpOnly; Path=/; SameSite=Lax",
            f"refresh_token={self._refresh}; Max-Age=2592000; HttpOnly; Path=/; SameSite=Lax",
            f"csrf_token={self._csrf}; Max-Age=3600; Path=/; SameSite=Lax",
        ]
        answer = Answer.json({"result": "success"})
        return answer.but(headers={**answer.headers, "Set-Cookie": cookies})

    def _renew(self, seen: Seen) -> Answer:
        sent = _cookies(seen).get("refresh_token") if self.in_cookies else seen.json()["refresh_token"]
        return self._tokens() if sent == self._refresh else self._recorded("bad-refresh")

    def _workspace(self, _seen: Seen) -> Answer:
        recorded = self._load("workspace").json()
        return Answer.json({**recorded, "role": self.role})

    # Apps

    def _list(self, seen: Seen) -> Answer:
        wanted = seen.query.get("name", "")
        rows = [self._shown(app) for app in reversed(self.apps.values()) if wanted in _name(app)]
        return Answer.json({"page": 1, "limit": 100, "total": len(rows), "has_more": False, "data": rows})

    def _detail(self, seen: Seen) -> Answer:
        app = self._app(seen)
        return Answer.json(self._shown(app)) if app else self._recorded("no-app")

    def _shown(self, app: App) -> dict[str, Any]:
        about = app.data["app"]
        kept = {
            "id": app.id,
            "name": about.get("name", ""),
            "mode": about["mode"],
            "enable_api": app.enable_api,
        }
        return {**self._load("app").json(), **kept, "api_base_url": f"{self.url}/v1"}

    def _export(self, seen: Seen) -> Answer:
        app = self._app(seen)
        if app is None:
            return self._recorded("no-app")
        data = copy.deepcopy(app.data)
        data["version"] = _DSL[self.version]
        if self.version == "1.12.1":
            data["app"]["icon"] = "\N{ROBOT FACE}"
        if self.version != "0.15.3":
            data["workflow"].setdefault("rag_pipeline_variables", [])
        for item in data["workflow"].get("environment_variables", []):
            item.setdefault("selector", ["env", item["name"]])
            if item["value_type"] == "secret" and seen.query.get("include_secret") != "true":
                item["value"] = ""
            if item["value_type"] == "number" and self.version != "0.15.3":
                item["value_type"] = "integer" if isinstance(item["value"], int) else "float"
        return Answer.json({"data": yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True)})

    def _draft(self, seen: Seen) -> Answer:
        app = self._app(seen)
        return (
            Answer.json({**self._load("draft").json(), **_stored(app.data)})
            if app
            else self._recorded("no-app")
        )

    def _live(self, seen: Seen) -> Answer:
        app = self._app(seen)
        if app is None or app.live is None:
            return self._recorded("unpublished")
        shown = {**self._load("draft").json(), **_stored(app.live)}
        marks = {"marked_name": app.name, "marked_comment": app.comment}
        kept = {} if self.version == "0.15.3" else marks
        return Answer.json({**shown, **kept, "id": app.version_id, "version": "2026-11-22 11:03:56"})

    def _publish(self, seen: Seen) -> Answer:
        app = self._app(seen)
        assert app is not None
        if self.version != "0.15.3" and not seen.headers.get("content-type", "").startswith(
            "application/json"
        ):
            return Answer.json({"code": "unsupported_media_type", "message": "x", "status": 415}, 415)
        app.live, app.version_id = copy.deepcopy(app.data), str(uuid.uuid4())
        said = (seen.json() or {}) if seen.body else {}
        app.name, app.comment = said.get("marked_name", ""), said.get("marked_comment", "")
        return Answer.json({"result": "success", "created_at": 1795345910})

    def _key(self, seen: Seen) -> Answer:
        app = self._app(seen)
        assert app is not None
        if len(app.keys) == 10:
            return Answer.of(load("0.15.3", "console/22-api-key-limit"))
        app.keys.append(f"app-{uuid.uuid4().hex[:24]}")
        return Answer.json({**self._load("key").json(), "token": app.keys[-1]}, 201)

    # Imports

    def _import(self, seen: Seen) -> Answer:
        said = seen.json()
        text, app_id = said["yaml_content"], said.get("app_id")
        if app_id is not None and app_id not in self.apps:
            return self._recorded("import-no-app")
        try:
            data = yaml.load(text, yaml.CSafeLoader)
        except yaml.YAMLError as err:
            return self._outcome("failed", None, error=f"Invalid YAML format: {err}")
        version = str(data.get("version") or "0.1.0")
        if self._order(version) == "pending":
            import_id = str(uuid.uuid4())
            self.waiting[import_id] = (text, app_id)
            return self._outcome("pending", app_id, import_id=import_id, version=version)
        return self._store(data, app_id, self._order(version), version)

    def _confirm(self, seen: Seen) -> Answer:
        import_id = seen.path.split("/")[-2]
        if import_id not in self.waiting:
            return self._recorded("confirm-unknown")
        text, app_id = self.waiting.pop(import_id)
        self.missing = []  # the file's dependencies are not kept (recorded)
        data = yaml.load(text, yaml.CSafeLoader)
        return self._store(data, app_id, "completed", str(data["version"]), import_id=import_id)

    def _order(self, version: str) -> str:
        own = [int(part) for part in _DSL[self.version].split(".")]
        new = [int(part) for part in version.split(".")]
        if self.version == "0.15.3":
            return (
                "completed" if new == own else "pending" if new[:2] != own[:2] else "completed-with-warnings"
            )
        return "pending" if new > own else "completed-with-warnings" if new[:2] < own[:2] else "completed"

    def _store(
        self,
        data: dict[str, Any],
        app_id: str | None,
        status: str,
        version: str,
        import_id: str | None = None,
    ) -> Answer:
        types = [node["data"].get("type") for node in data["workflow"]["graph"]["nodes"]]
        if "teleport" in types and self.version == "1.12.1":  # leaves an app without a draft behind
            self.add({**data, "workflow": {"graph": {"nodes": [], "edges": []}, "features": {}}})
            return self._outcome("failed", None, error="'teleport' is not a valid NodeType")
        app = self.apps[app_id] if app_id else self.add(data)
        stored = app.secrets()
        app.data, app.edits = copy.deepcopy(data), app.edits + 1
        for item in app.data["workflow"].get("environment_variables", []):
            if item["value"] == "[__HIDDEN__]" or (item["value"] == _MASK and self.version == "1.15-dev"):
                item["value"] = stored.get(item["name"], item["value"])
        return self._outcome(status, app.id, version=version, import_id=import_id)

    def _outcome(
        self,
        status: str,
        app_id: str | None,
        *,
        version: str = "",
        import_id: str | None = None,
        error: str = "",
    ) -> Answer:
        said = self._load("import").json()
        said.update(id=import_id or str(uuid.uuid4()), status=status, app_id=app_id, error=error)
        said.update(current_dsl_version=_DSL[self.version], imported_dsl_version=version)
        return Answer.json(said, {"pending": 202, "failed": 400}.get(status, 200))

    def _dependencies(self, _seen: Seen) -> Answer:
        found = [
            {
                "type": "marketplace",
                "value": {"marketplace_plugin_unique_identifier": one, "version": None},
                "current_identifier": None,
            }
            for one in self.missing
        ]
        return Answer.json({"leaked_dependencies": found})

    def _app(self, seen: Seen) -> App | None:
        return self.apps.get(seen.path.split("/")[4])

    def _load(self, name: str) -> Any:
        return load(self.version, _NAMES[self.version][name])

    def _recorded(self, name: str) -> Answer:
        return Answer.of(self._load(name))


def _stored(data: dict[str, Any]) -> dict[str, Any]:
    """A workflow as the console shows it, its secrets masked."""
    workflow = copy.deepcopy(data["workflow"])
    for item in workflow.get("environment_variables", []):
        if item["value_type"] == "secret":
            item["value"] = _MASK
    kept = ("graph", "features", "environment_variables", "conversation_variables")
    text = json.dumps({"graph": workflow.get("graph"), "features": workflow.get("features")}, sort_keys=True)
    return {
        **{name: workflow.get(name) for name in kept},
        "hash": hashlib.sha256(f"{text}None".encode()).hexdigest(),
    }


def _cookies(seen: Seen) -> dict[str, str]:
    pairs = (part.partition("=") for part in seen.headers.get("cookie", "").split("; "))
    return {name: value for name, _, value in pairs}


def _name(app: App) -> str:
    return str(app.data["app"].get("name", ""))
