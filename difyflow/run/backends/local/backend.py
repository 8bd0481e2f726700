"""The local backend: checks a workflow once, then runs it as often as asked."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from graphon.graph.graph import Graph
from graphon.nodes.code.limits import CodeNodeLimits
from graphon.runtime.init_params import InitParams
from graphon.runtime.runtime_state import RuntimeState
from graphon.runtime.variable_pool import VariablePool
from graphon.workflow_type_encoder import WorkflowRuntimeTypeConverter

from difyflow.errors import NotRunnable, UsageError
from difyflow.records.result import Tally
from difyflow.run.backend import UNWATCHED, Header, Watch
from difyflow.run.backends.local import preflight
from difyflow.run.backends.local.adapters import CodeAdapter, DocumentReader, History
from difyflow.run.backends.local.code import CodeRunner, HttpSandbox, open_runner
from difyflow.run.backends.local.engine import Limits, LocalRun
from difyflow.run.backends.local.factory import Factory, Services
from difyflow.run.backends.local.files import RunFiles
from difyflow.run.backends.local.flow import Flow, read_flow
from difyflow.run.backends.local.http import NodeHttpClient
from difyflow.run.backends.local.installed import require_client
from difyflow.run.backends.local.interrupt import Interrupt
from difyflow.run.backends.local.models import DemoModel, LocalModel
from difyflow.run.backends.local.pool import Conversation, build_pool, start_values, system_files
from difyflow.run.backends.local.providers import Endpoint
from difyflow.run.backends.local.settings import Settings
from difyflow.run.backends.local.template import SandboxedTemplates
from difyflow.run.backends.local.translate import RunIds, Translator
from difyflow.terms.form import FormField, UploadLimits

if TYPE_CHECKING:
    from difyflow.run.backends.local.clients import ModelClients

_TEARDOWN_S = 3.0  # the engine itself waits two seconds for a node that does not end
_SINCE_400_000 = (0, 4)  # DSL version from which a Dify takes 400,000 characters (its 1.9.2)


@dataclass(slots=True)
class _RunParts:
    """What belongs to one run."""

    interrupt: Interrupt
    files: RunFiles
    services: Services
    tally: Tally


@dataclass(slots=True)
class LocalBackend:
    """A workflow that runs in this process (`difyflow.run.backend.Backend`).

    Raises:
        NotRunnable: it cannot run here; every reason is in the message.
        MissingExtra: models are to be called, and the client library is not installed.
        UsageError: a setting is wrong in itself.
    """

    document: Mapping[str, object]
    target: str
    fields: tuple[FormField, ...]
    settings: Settings
    _flow: Flow = field(init=False)
    _endpoints: Mapping[str, Endpoint] = field(init=False)
    _workflow_id: str = field(init=False)
    _clients: ModelClients | None = field(init=False, default=None)
    _code: CodeRunner | None = field(init=False, default=None)
    _conversations: dict[str, Conversation] = field(init=False, default_factory=dict)
    _active: dict[str, LocalRun] = field(init=False, default_factory=dict)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # Failures are told by events and results; without a handler Python prints tracebacks to the terminal.
        logging.getLogger("graphon").addHandler(logging.NullHandler())
        self._flow = read_flow(self.document)
        digest = hashlib.sha256(json.dumps(self._flow.graph_config, sort_keys=True, default=str).encode())
        self._workflow_id = str(uuid.UUID(digest.hexdigest()[:32]))
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        report = preflight.inspect(self._flow, self.settings, self._open_code)
        self._endpoints = report.endpoints
        if not all(endpoint.is_demo for endpoint in report.endpoints.values()):
            require_client()
            from difyflow.run.backends.local.clients import ModelClients

            self._clients = ModelClients()
        reasons = list(report.reasons)
        if not reasons:
            problem = preflight.build_problem(self._flow, self._factory(self._parts(None), VariablePool()))
            reasons += [problem] if problem else []
        if reasons:
            raise NotRunnable(f"{self.target}: cannot run here", reasons=reasons)

    def _open_code(self) -> CodeRunner:
        self._code = open_runner(
            self.settings.code_runner,
            allow_plain=self.settings.allow_plain_code,
            http=self._sandbox(),
        )
        return self._code

    def _sandbox(self) -> HttpSandbox | None:
        endpoint, key = self.settings.code_endpoint, self.settings.code_key
        if endpoint is None:
            return None
        return HttpSandbox(endpoint=endpoint, api_key=key) if key else HttpSandbox(endpoint=endpoint)

    def header(self) -> Header:
        """See `difyflow.run.backend.Backend`; nothing is asked of anybody."""
        notes = [f"engine: graphon {version('graphon')}, in this process"]
        if self._code is not None:
            notes.append(f"code: {self._code.describe()}")
        notes += self._models()
        notes += self._flow.notes
        notes += self._empty_secrets()
        return Header(
            target=self.target,
            backend="local",
            app_name=self._flow.name,
            mode=self._flow.mode,
            notes=tuple(notes),
        )

    def _models(self) -> list[str]:
        """One line for each model, with the nodes that use it."""
        users: dict[str, list[str]] = {}
        for node_id, endpoint in self._endpoints.items():
            where = "answers by rules, without a model" if endpoint.is_demo else f"at {endpoint.address}"
            users.setdefault(f"{endpoint.model} {where}", []).append(repr(self._flow.nodes[node_id].title))
        return [f"model of {', '.join(titles)}: {model}" for model, titles in users.items()]

    def _empty_secrets(self) -> list[str]:
        given = self.settings.environment_variables
        return [
            f"secret environment variable {entry.get('name')!r} is empty (an export leaves secrets out)"
            for entry in self._flow.environment
            if entry.get("value_type") == "secret"
            and not (entry.get("value") or given.get(str(entry.get("name"))))
        ]

    def form(self) -> tuple[FormField, ...]:
        """See `difyflow.run.backend.Backend`."""
        return self.fields

    def limits(self) -> UploadLimits:
        """Dify's defaults."""
        return UploadLimits()

    def start(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        query: str = "",
        conversation_id: str = "",
        watch: Watch = UNWATCHED,
    ) -> LocalRun:
        """See `difyflow.run.backend.Backend`; `sys.files` may be among the inputs.

        Raises:
            UsageError: a chatflow without a query, a conversation that this backend has not begun, or inputs
                that the start node does not take.
        """
        talk = self._conversation(query, conversation_id) if self._flow.is_chat else None
        run = self._prepare(inputs, user=user, query=query, conversation=talk)
        watch.sending()
        with self._lock:
            self._active[run.translator.ids.run_id] = run
        run.begin()
        return run

    def _conversation(self, query: str, conversation_id: str) -> Conversation:
        if not query:
            raise UsageError("a chatflow needs a query: what is said to it", code="no-query")
        if not conversation_id:
            return Conversation(id=str(uuid.uuid4()))
        with self._lock:
            known = self._conversations.get(conversation_id)
        if known is None:
            raise UsageError(f"no conversation {conversation_id} was begun here", code="no-conversation")
        return known

    def kept_conversation(self, conversation_id: str) -> dict[str, object]:
        """A conversation as JSON, for `go_on_with` in another process.

        Raises:
            UsageError: none of this id was begun here, or it holds what JSON cannot (files).
        """
        with self._lock:
            known = self._conversations.get(conversation_id)
        if known is None:
            raise UsageError(f"no conversation {conversation_id} was begun here", code="no-conversation")
        return known.to_json()

    def go_on_with(self, kept: Mapping[str, object]) -> str:
        """Takes up a conversation of `kept_conversation` and gives its id.

        Raises:
            UsageError: it is none.
        """
        conversation = Conversation.from_json(kept)
        self._keep(conversation)
        return conversation.id

    def _keep(self, conversation: Conversation | None) -> None:
        if conversation is not None:
            with self._lock:
                self._conversations[conversation.id] = conversation

    def close(self) -> None:
        """Stops what is still running and frees clients and the code runner; idempotent."""
        with self._lock:
            runs = list(self._active.values())
        for run in runs:
            run.stop()
        for run in runs:
            run.join(_TEARDOWN_S)
        if self._clients is not None:
            self._clients.close()
        if self._code is not None:
            self._code.close()

    def _prepare(
        self, inputs: Mapping[str, object], *, user: str, query: str, conversation: Conversation | None
    ) -> LocalRun:
        parts = self._parts(conversation)
        run_id = str(uuid.uuid4())
        start = start_values(self._flow, inputs, parts.files)
        system: dict[str, object] = {
            "files": system_files(inputs.get("sys.files"), parts.files),
            "user_id": user,
            "app_id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.target)),
            "workflow_id": self._workflow_id,
            "workflow_run_id": run_id,
        }
        ids = RunIds(run_id=run_id, task_id=str(uuid.uuid4()), workflow_id=self._workflow_id)
        if conversation is None:
            system["timestamp"] = int(time.time())
        else:
            system |= {"query": query, "conversation_id": conversation.id}
            system["dialogue_count"] = len(conversation.turns) + 1
            chat = {"conversation_id": conversation.id, "message_id": str(uuid.uuid4())}
            ids = RunIds(run_id=run_id, task_id=ids.task_id, workflow_id=self._workflow_id, chat=chat)
        pool = build_pool(
            self._flow,
            start,
            system,
            environment=self.settings.environment_variables,
            conversation=conversation.variables if conversation else {},
        )
        factory = self._factory(parts, pool, user=user)
        graph = Graph.init(
            graph_config=self._flow.graph_config, node_factory=factory, root_node_id=self._flow.start_id
        )
        return LocalRun(
            graph=graph,
            state=factory.runtime_state,
            files=parts.files,
            interrupt=parts.interrupt,
            translator=Translator(flow=self._flow, ids=ids, start_inputs=_shown(start, system, parts.files)),
            tally=parts.tally,
            limits=Limits(
                max_time_s=self.settings.max_time_s,
                max_steps=self.settings.max_steps,
                workers=self.settings.workers,
            ),
            conversation_before=conversation,
            query=query,
            on_taken=self._keep,
            on_end=lambda: self._forget(run_id),
        )

    def _forget(self, run_id: str) -> None:
        with self._lock:
            self._active.pop(run_id, None)

    def _parts(self, conversation: Conversation | None) -> _RunParts:
        interrupt = Interrupt()
        tally = Tally(backend="local", target=self.target)
        http = NodeHttpClient(interrupt, allow_private=self.settings.allow_private_network)
        files = RunFiles(http)
        own = self.settings.documents == "difyflow"

        def model(node_id: str, named: Mapping[str, Any]) -> LocalModel:
            endpoint, parameters = self._endpoints[node_id], named.get("completion_params") or {}
            if endpoint.is_demo:
                return DemoModel(parameters=parameters)
            assert self._clients is not None, "made by _check when there is an endpoint"
            from difyflow.run.backends.local.endpoints import EndpointModel

            provider = str(named.get("provider") or "")
            return EndpointModel(endpoint, self._clients, interrupt, provider=provider, parameters=parameters)

        services = Services(
            files=files,
            http=http,
            templates=SandboxedTemplates(interrupt),
            model=model,
            code=CodeAdapter(self._code, interrupt) if self._code is not None else None,
            code_limits=code_limits(self._flow.dsl_version),
            documents=DocumentReader(files, tally.warn, self.settings.encoding) if own else None,
            max_text=max_text(self._flow.dsl_version),
            history=History(conversation.turns) if conversation is not None else None,
        )
        return _RunParts(interrupt=interrupt, files=files, services=services, tally=tally)

    def _factory(self, parts: _RunParts, pool: VariablePool, *, user: str = "") -> Factory:
        params = InitParams(
            workflow_id=self._workflow_id,
            graph_config=self._flow.graph_config,
            run_context={"user_id": user},
            call_depth=0,
        )
        state = RuntimeState(variable_pool=pool, start_at=time.time(), workflow_id=self._workflow_id)
        return Factory(services=parts.services, init_params=params, runtime_state=state)


def max_text(dsl_version: str) -> int:
    """Characters that a code output or a template may have on the Dify that wrote the file.

    80,000 before Dify 1.9.2, then 400,000 (`CODE_MAX_STRING_LENGTH`, `TEMPLATE_TRANSFORM_MAX_LENGTH`).
    The DSL version is all that a file says of its Dify: up to 0.3 it is older than that. 0.4 was written by
    1.8.0 to 1.9.x and gets the larger limit.
    """
    numbers = tuple(int(part) for part in dsl_version.split(".")[:2] if part.isdigit())
    return 400_000 if numbers >= _SINCE_400_000 else 80_000


def code_limits(dsl_version: str) -> CodeNodeLimits:
    """What a Code node may return: Dify's defaults (`CODE_MAX_*`, `CODE_MIN_NUMBER`)."""
    return CodeNodeLimits(
        max_string_length=max_text(dsl_version),
        max_number=2**63 - 1,
        min_number=-(2**63),
        max_precision=20,
        max_depth=5,
        max_number_array_length=1000,
        max_string_array_length=30,
        max_object_array_length=30,
    )


def _shown(start: Mapping[str, object], system: Mapping[str, object], files: RunFiles) -> dict[str, Any]:
    """The inputs of the start node as JSON, `sys.*` with its prefix."""
    from graphon.file.runtime import use_workflow_file_runtime

    values = {**start, **{f"sys.{name}": value for name, value in system.items()}}
    with use_workflow_file_runtime(files):
        encoder = WorkflowRuntimeTypeConverter()
        return {key: encoder.value_to_json_encodable_recursive(value) for key, value in values.items()}
