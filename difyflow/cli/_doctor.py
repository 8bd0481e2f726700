"""What the command `doctor` looks at: this machine, the environment, a server. No key is ever shown."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import Literal

from difyflow import __version__
from difyflow.cli import _exit, _show
from difyflow.cli._console import open_console
from difyflow.cli._service import Where, connection
from difyflow.cli._targets import server_url
from difyflow.client.abilities import version_tuple
from difyflow.client.app_api import AppApi
from difyflow.client.faults import Retries
from difyflow.client.proxies import proxy_for, without_password
from difyflow.errors import ApiError, AuthError, ConnectionLost, DifyflowError

Status = Literal["ok", "info", "warning", "fault"]
_MARKS: Mapping[Status, str] = {"ok": "✓", "info": "·", "warning": "!", "fault": "✗"}
_CORE, _ENGINE = ((3, 11), (3, 14)), ((3, 12), (3, 13))
_SERVERS = ((0, 15, 0), (1, 16, 999))
_SKEW_S = 60.0
_ONCE = Retries(unreachable=1, broken=1, rate_limited=1)  # somebody waits for the answer
_KEY = re.compile(r"(DIFY\w*_(KEY|EMAIL|PASSWORD)|\w+_API_KEY)\Z")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. Only a `fault` makes the command fail."""

    name: str
    status: Status
    text: str
    hint: str = ""


def run(where: Where, format_: str, *, console: str | None = None) -> int:
    """Looks at everything and says it; 1 if something is at fault."""
    checks = []
    for check in _all(where, console):
        checks.append(check)
        if format_ == "text":
            _show.write_text(_line(check))
    if format_ == "json":
        good = all(check.status != "fault" for check in checks)
        data = {"ok": good, "checks": [asdict(check) for check in checks]}
        _show.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    return _exit.FINDINGS if any(check.status == "fault" for check in checks) else _exit.FINE


def _line(check: Check) -> str:
    hint = f"\n    {check.hint}" if check.hint else ""
    return _show.harmless(f"{_MARKS[check.status]} {check.name:<12} {check.text}{hint}\n")


def _all(where: Where, console: str | None) -> Iterator[Check]:
    yield from _machine()
    yield from _extras()
    yield _code_runner()
    yield from _keys(os.environ, where.key_env)
    named = where.server or os.environ.get("DIFY_BASE_URL", "")
    url = server_url("server", os.environ) if named == "server" else named
    yield from _proxy(url, os.environ)
    yield from _certificates(os.environ)
    if not url:
        yield Check(name="server", status="info", text="none named", hint="--server URL, or DIFY_BASE_URL")
    else:
        yield from _server(url, where)
    if console is not None:
        yield from _console(console, where)


def _machine() -> Iterator[Check]:
    running = sys.version_info[:2]
    text = f"{platform.python_version()} ({sys.executable})"
    if not _CORE[0] <= running <= _CORE[1]:
        yield Check(name="python", status="fault", text=text, hint="difyflow is made for Python 3.11 to 3.14")
    elif running not in _ENGINE:
        yield Check(
            name="python",
            status="warning",
            text=text,
            hint="local runs need Python 3.12 or 3.13",
        )
    else:
        yield Check(name="python", status="ok", text=text)
    yield Check(
        name="difyflow", status="ok", text=f"{__version__} on {platform.system()} {platform.machine()}"
    )


def _extras() -> Iterator[Check]:
    """Each extra with what of it is installed."""
    try:
        wanted = metadata.requires("difyflow") or []
    except metadata.PackageNotFoundError:
        yield Check(name="extras", status="info", text="difyflow runs from its source and is not installed")
        return
    extras: dict[str, list[str]] = {}
    for line in wanted:
        package, of = _REQUIREMENT.match(line), _EXTRA.search(line)
        if package and of and of[1] != "dev":
            extras.setdefault(of[1], []).append(package[1])
    for extra, packages in sorted(extras.items()):
        missing = [name for name in packages if not _installed(name)]
        if missing:
            hint = f"pip install 'difyflow[{extra}]'"
            text = f"{extra}: without {', '.join(missing)}"
            yield Check(name="extra", status="info", text=text, hint=hint)
        else:
            shown = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
            yield Check(name="extra", status="ok", text=f"{extra}: {shown}")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _code_runner() -> Check:
    from difyflow.run.backends.local.code import open_runner

    try:
        runner = open_runner("auto")
    except DifyflowError as err:
        return Check(name="code runner", status="warning", text=err.message, hint=err.hint or "")
    try:
        return Check(name="code runner", status="ok", text=runner.describe())
    finally:
        runner.close()


def _keys(environ: Mapping[str, str], key_env: str) -> Iterator[Check]:
    """Names of variables only."""
    names = sorted(name for name, value in environ.items() if value and _KEY.match(name) and name != key_env)
    if key_env not in environ or not environ[key_env].strip():
        yield Check(
            name="key",
            status="info",
            text=f"{key_env} is not set",
            hint="it is the key of an app on a server",
        )
    else:
        odd = environ[key_env] != environ[key_env].strip()
        yield Check(name="key", status="ok", text=f"{key_env} is set" + (", with spaces around it" * odd))
    if names:
        yield Check(name="other keys", status="ok", text=f"set: {', '.join(names)}")


def _proxy(url: str | None, environ: Mapping[str, str]) -> Iterator[Check]:
    names = sorted(name for name in environ if name.upper() in _PROXIES and environ[name])
    if not names:
        yield Check(name="proxy", status="ok", text="none")
        return
    text = ", ".join(f"{name}={without_password(environ[name])}" for name in names)
    if url:
        proxy = proxy_for(url)
        text += f"; the server is reached {f'through {proxy}' if proxy else 'directly'}"
    yield Check(name="proxy", status="info", text=text)


def _certificates(environ: Mapping[str, str]) -> Iterator[Check]:
    for name in _CERTIFICATES:
        if environ.get(name):
            yield Check(name="certificates", status="info", text=f"{name} is {environ[name]}")


def _server(url: str, where: Where) -> Iterator[Check]:
    key = os.environ.get(where.key_env, "").strip()
    try:
        how = replace(connection(where), retries=_ONCE)
        api = AppApi(url, key or "without-a-key", connection=how)
    except DifyflowError as err:
        yield _fault("server", err)
        return
    try:
        yield from _reached(api)
        if api.server_version and key:
            yield from _app(api)
    except (ApiError, ConnectionLost) as err:
        yield _fault("app" if api.server_version else "server", err)
    finally:
        api.close()


def _reached(api: AppApi) -> Iterator[Check]:
    version = api.probe()
    if not version:
        hint = "a proxy or a web page answered: give the address of the API, such as https://HOST/v1"
        yield Check(name="server", status="fault", text=f"{api.base_url} is no Dify", hint=hint)
        return
    at = version_tuple(version)
    if at is None or not _SERVERS[0] <= at <= _SERVERS[1]:
        hint = "difyflow knows Dify 0.15 to 1.16"
        yield Check(name="server", status="warning", text=f"{api.base_url}, Dify {version}", hint=hint)
    else:
        yield Check(name="server", status="ok", text=f"{api.base_url}, Dify {version}")
    skew = api.transport.clock_skew_s
    if skew is None:
        yield Check(name="clock", status="info", text="the server does not tell the time")
    elif abs(skew) > _SKEW_S:
        way = "ahead" if skew > 0 else "behind"
        hint = "times of runs are the server's; signed links may seem expired"
        yield Check(name="clock", status="warning", text=f"the server is {abs(skew):.0f} s {way}", hint=hint)
    else:
        yield Check(name="clock", status="ok", text=f"the server's agrees within {_SKEW_S:.0f} s")


def _app(api: AppApi) -> Iterator[Check]:
    try:
        info = api.info()
    except AuthError as err:
        yield _fault("app", err)
        return
    mode = info.mode or api.mode()
    known = mode in ("workflow", "advanced-chat", "chat")
    hint = "" if known else "difyflow runs workflow and chatflow apps"
    yield Check(name="app", status="ok" if known else "warning", text=f"{info.name} ({mode})", hint=hint)
    try:
        form = api.parameters().form
    except ApiError as err:
        if err.code != "not-published":
            raise
        yield Check(name="published", status="fault", text="no", hint=err.hint or "")
    else:
        inputs = ", ".join(field.variable for field in form) or "none"
        yield Check(name="published", status="ok", text=f"yes; inputs: {inputs}")


def _console(url: str, where: Where) -> Iterator[Check]:
    """The login, as `push` does it, and what the account may do."""
    try:
        api = open_console(url, os.environ, ca_file=where.ca_file, insecure=where.insecure)
    except DifyflowError as err:
        yield _fault("console", err)
        return
    try:
        yield Check(name="console", status="ok", text=f"{api.base_url}, Dify {api.server_version or '?'}")
        workspace = api.workspace()
    except (ApiError, ConnectionLost) as err:
        yield _fault("account", err)
        return
    finally:
        api.close()
    role = workspace.role or "of unknown role"
    text = f"logged in, {role} in the workspace {workspace.name!r}"
    hint = "" if workspace.may_edit else "push takes the role editor, admin or owner"
    yield Check(name="account", status="ok" if workspace.may_edit else "warning", text=text, hint=hint)


def _fault(name: str, err: DifyflowError) -> Check:
    return Check(name=name, status="fault", text=err.message, hint=err.hint or "")
