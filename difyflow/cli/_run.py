"""What `difyflow run` does between its options and its exit code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from difyflow.cli import _exit, _show
from difyflow.cli._live import open_view
from difyflow.cli._talk import CHAT_MODES, open_talk
from difyflow.cli._targets import ServerOptions, open_server, server_url
from difyflow.dsl.app import App
from difyflow.errors import UsageError
from difyflow.records.result import Result, RunStatus
from difyflow.run import output as out
from difyflow.run.backend import Backend
from difyflow.run.inputs import check, parse_pairs
from difyflow.run.runner import execute
from difyflow.terms.form import FormField, LocalFile

_LOCAL_ONLY = ("model_endpoint", "model_config", "code_endpoint", "encoding", "allow_private_network", "env")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `difyflow run`, as the command line names them."""

    target: str
    pairs: tuple[str, ...] = ()
    inputs_file: str | None = None
    file: str | None = None
    output_name: str = ""
    force: bool = False
    format_: str = "text"
    query: str = ""
    conversation: str = ""
    user: str = ""
    form: str | None = None
    key_env: str = "DIFY_API_KEY"
    ca_file: str | None = None
    insecure: bool = False
    model_endpoint: str | None = None
    model_config: str | None = None
    code_runner: str = "auto"
    code_endpoint: str | None = None
    allow_private_network: bool = False
    encoding: str | None = None
    env: tuple[str, ...] = ()
    max_file_size: float | None = None
    timeout: float = 1200
    strict: bool = False
    quiet: bool = False


def run(options: Options) -> int:
    """Runs once and shows the result; returns the exit code."""
    plan = None
    if options.file and options.file != "-":
        plan = out.Plan(Path(options.file), output=options.output_name, force=options.force)
        plan.check()
    backend, app = open_target(options)
    try:
        header = backend.header()
        talk = open_talk(
            backend,
            header.mode,
            conversation=options.conversation,
            user=options.user,
            local=app is not None,
        )
        check_query(options, header.mode)
        form = form_of(options, backend)
        inputs = check(form, given(options), limits=backend.limits(), max_file_mb=options.max_file_size)
        with open_view(header, quiet=options.quiet) as view:
            result = execute(
                backend,
                inputs,
                on_event=view.event,
                user=talk.user,
                query=options.query,
                conversation_id=talk.id,
            )
        view.end(result)
        talk.keep(result)
    finally:
        backend.close()
    if header.mode in CHAT_MODES and not options.quiet and (words := talk.how_to_go_on()):
        _show.note(f"  this conversation goes on with {words}")
    return _deliver(options, result, plan, _source(app, inputs), talk.user)


def check_query(options: Options, mode: str) -> None:
    """Before anything is uploaded: a chatflow needs a message, and a workflow takes none.

    Raises:
        UsageError: it is not so.
    """
    if mode in CHAT_MODES and not options.query:
        raise UsageError("a chatflow needs a message", code="no-query", hint="give it with --query")
    if mode not in CHAT_MODES and options.query:
        raise UsageError("a workflow takes no message", code="not-a-chatflow", hint="leave --query out")


def open_target(options: Options) -> tuple[Backend, App | None]:
    """The backend that the target asks for, and the app where it is known."""
    url = server_url(options.target, os.environ)
    if url is not None:
        named = [name for name in _LOCAL_ONLY if getattr(options, name)]
        if named:
            raise UsageError(
                f"--{named[0].replace('_', '-')} is for local runs, and {url} is a server",
                hint="a server uses the models and code runner that it was set up with",
            )
        if options.insecure:
            _show.note("WARNING: --insecure: the server's certificate is NOT checked")
        server = ServerOptions(
            options.key_env,
            options.ca_file,
            options.insecure,
            options.timeout,
            shared_user=bool(options.user),
        )
        return open_server(url, server, os.environ), None
    from difyflow.cli._targets import open_local

    return open_local(options.target, options, os.environ)


def form_of(options: Options, backend: Backend) -> tuple[FormField, ...]:
    """The form to check against; where a file is named, it counts and the server's differences are told."""
    if options.form is None:
        return backend.form()
    from difyflow.build.load import load

    wanted = load(options.form).form()
    for line in _differences(wanted, backend.form()):
        _show.note(f"warning: {options.form} and {options.target}: {line}")
    return wanted


def _differences(ours: tuple[FormField, ...], theirs: tuple[FormField, ...]) -> list[str]:
    there = {field.variable: field for field in theirs}
    here = {field.variable: field for field in ours}
    lines = [f"input {name!r} is not on the target" for name in here.keys() - there.keys()]
    lines += [f"input {name!r} is only on the target" for name in there.keys() - here.keys()]
    for name in here.keys() & there.keys():
        for key in (
            "type",
            "required",
            "max_length",
            "options",
            "allowed_file_types",
            "allowed_file_extensions",
        ):
            mine, yours = getattr(here[name], key), getattr(there[name], key)
            if (mine or None) != (yours or None):
                lines.append(f"input {name!r}: {key} is {mine!r} in the file and {yours!r} on the target")
    return sorted(lines)


def given(options: Options) -> dict[str, object]:
    """Inputs from the file, then those of the options over them."""
    found: dict[str, object] = {}
    if options.inputs_file:
        from difyflow.dsl.reader import read_values

        found.update(read_values(Path(options.inputs_file)))
    found.update(parse_pairs(options.pairs))
    return found


def _source(app: App | None, inputs: Mapping[str, object]) -> dict[str, object]:
    """What the provenance of a corpus says besides the run."""
    files = [
        item.path
        for value in inputs.values()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, LocalFile)
    ]
    source: dict[str, object] = {"documents": [path.name for path in files]}
    if files:
        source["paths"] = [str(path.absolute()) for path in files]
    if app is not None:
        source["workflow_sha256"] = hashlib.sha256(app.render().encode("utf-8", "surrogatepass")).hexdigest()
    return source


def _deliver(
    options: Options, result: Result, plan: out.Plan | None, source: Mapping[str, object], user: str
) -> int:
    """Writes the result where it belongs; what cannot be written as planned goes to standard output."""
    written = out.Written()
    if plan is not None and result.ok and (result.outputs or result.answer):
        try:
            written = out.write(result, plan, source=source)
        except UsageError:
            _show.write_text(_json(dict(result.outputs) or {"answer": result.answer}))
            _show.note("the outputs went to standard output instead, so that the run is not lost")
            raise
        if not options.quiet:
            _tell_written(written, plan)
    if options.format_ == "json":
        _show.write_text(_json(result.to_json() | {"user": user} | _written_json(written)))
    elif plan is None and result.ok:
        _show.write_text(_text(result, options.output_name))
    return _code(options, result, written)


def _text(result: Result, name: str) -> str:
    if not name and not result.answer and len(result.outputs) > 1:
        return _json(dict(result.outputs))
    text = out.text_of(result, output=name)
    return text if text.endswith("\n") or not text else f"{text}\n"


def _tell_written(written: out.Written, plan: out.Plan) -> None:
    found = written.collection
    if found is None:
        _show.note(f"wrote {plan.path}")
        return
    if found.samples:
        _show.note(f"wrote {plan.path}: {len(found.samples)} samples")
    if found.repairs:
        repairs = ", ".join(f"{name} {count}" for name, count in sorted(found.repairs.items()))
        _show.note(f"  repaired: {repairs}")
    if found.rejects:
        _show.note(f"  {len(found.rejects)} rejected, see {plan.rejected}")
    if written.empty:
        _show.note(f"no sample could be read from the output; {plan.path} was not written")


def _written_json(written: out.Written) -> dict[str, object]:
    found = written.collection
    return {
        "files": [str(path) for path in written.files],
        "samples": len(found.samples) if found else None,
        "rejected": len(found.rejects) if found else None,
        "repairs": dict(found.repairs) if found else None,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _code(options: Options, result: Result, written: out.Written) -> int:
    if result.status is RunStatus.UNKNOWN:
        return _exit.UNKNOWN
    if result.status is RunStatus.STOPPED:
        return _exit.INTERRUPTED
    if not result.ok or written.empty:
        return _exit.FINDINGS
    warned = result.warnings or result.status is not RunStatus.SUCCEEDED
    return _exit.FINDINGS if options.strict and warned else _exit.FINE
