"""What the command `chat` does: a line is a message, the answer comes as it is made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from difyflow.cli import _exit, _run, _show
from difyflow.cli._live import title_of
from difyflow.cli._talk import CHAT_MODES, Talk, open_talk
from difyflow.client.faults import stops_everything
from difyflow.dsl.app import App
from difyflow.errors import ApiError, ConnectionLost, InputError, UsageError
from difyflow.records import events as ev
from difyflow.records.result import Result, RunStatus
from difyflow.run.backend import Backend
from difyflow.run.inputs import check
from difyflow.run.runner import execute

_HELP = "/new begins another conversation, /exit leaves, //text sends /text; Ctrl-C stops an answer"


def run(options: _run.Options) -> int:
    """Keeps a conversation going until the input ends; 1 if an answer failed, 5 if one was lost.

    Raises:
        UsageError: the target is no chatflow, or its inputs do not fit.
        ApiError, ConnectionLost: the server cannot be asked what it has.
    """
    backend, app = _run.open_target(options)
    try:
        header = backend.header()
        if header.mode not in CHAT_MODES:
            raise UsageError(
                f"{options.target} is of mode {header.mode!r} and not a chatflow",
                code="not-a-chatflow",
                hint="difyflow run runs a workflow",
            )
        talk = open_talk(
            backend, header.mode, conversation=options.conversation, user=options.user, local=app is not None
        )
        form = _run.form_of(options, backend)
        inputs = check(form, _run.given(options), limits=backend.limits(), max_file_mb=options.max_file_size)
        if not options.quiet:
            for line in (title_of(header), *(f"  {note}" for note in header.notes), _opening(app), _HELP):
                if line:
                    _show.note(line)
        loop = _Loop(backend, inputs, talk, quiet=options.quiet)
        loop.run()
    finally:
        backend.close()
    if not options.quiet and (words := talk.how_to_go_on()):
        _show.note(f"this conversation goes on with {words}")
    return loop.code


def _opening(app: App | None) -> str:
    """What the app says first; of a server's app, the editor shows it and we do not ask."""
    return str(app.workflow.features.opening_statement or "") if app and app.workflow else ""


@dataclass(slots=True)
class _Loop:
    """Messages and answers in turn; `code` is the exit code so far."""

    backend: Backend
    inputs: dict[str, object]
    talk: Talk
    quiet: bool
    code: int = field(default=_exit.FINE, init=False)

    def run(self) -> None:
        while (line := self._line()) is not None:
            command = line.strip()
            if command == "/exit":
                return
            if command == "/new":
                self.talk.begin_anew()
                _show.note("a new conversation")
            elif command.startswith("/") and not command.startswith("//"):
                _show.note(f"no such command: {command}\n  {_HELP}")
            elif command:
                self._answer(line[1:] if command.startswith("//") else line)

    def _line(self) -> str | None:
        """The next line; None at the end of the input. A prompt only where somebody sees it."""
        seen = sys.stdin.isatty() and not self.quiet
        if seen:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if seen and not line:
            sys.stderr.write("\n")
        return line.rstrip("\r\n") if line else None

    def _answer(self, query: str) -> None:
        show = _Answer()
        try:
            result = execute(
                self.backend,
                self.inputs,
                on_event=show.event,
                user=self.talk.user,
                query=query,
                conversation_id=self.talk.id,
            )
        except (ApiError, ConnectionLost, InputError) as fault:
            show.end("")
            if stops_everything(fault):
                raise
            _show.note(f"error: {fault}")
            self.code = max(self.code, _exit.exit_code(fault))
            return
        show.end(result.answer)
        self.talk.keep(result)
        self._judge(result)

    def _judge(self, result: Result) -> None:
        for warning in result.warnings:
            _show.note(f"warning: {warning}")
        if result.status is RunStatus.STOPPED:
            _show.note("stopped")
        elif not result.ok:
            _show.note(f"{result.status}: {result.error}")
            lost = result.status is RunStatus.UNKNOWN
            self.code = max(self.code, _exit.UNKNOWN if lost else _exit.FINDINGS)


@dataclass(slots=True)
class _Answer:
    """One answer on standard output as it is made."""

    write: Callable[[str], None] = field(default=_show.write_text)
    shown: str = ""

    def event(self, event: ev.Event) -> None:
        """Shows what the event adds to the answer, or says that a person is asked."""
        match event:
            case ev.Message():
                self._add(event.answer)
            case ev.MessageReplace():
                self._replace(event.answer)
            case ev.HumanInputRequired():
                _show.note(f"{event.node_title} waits for a person; form {event.form_token or event.form_id}")
            case _:
                pass

    def end(self, answer: str) -> None:
        """The rest of the answer, where the stream did not bring all of it, and the end of the line."""
        if answer.startswith(self.shown):
            self._add(answer[len(self.shown) :])
        elif answer:
            self._replace(answer)
        if self.shown and not self.shown.endswith("\n"):
            self.write("\n")

    def _add(self, text: str) -> None:
        if text:
            self.write(_show.harmless(text))
            self.shown += text

    def _replace(self, text: str) -> None:
        if self.shown and not self.shown.endswith("\n"):
            self.write("\n")
        self.shown = ""
        self._add(text)
