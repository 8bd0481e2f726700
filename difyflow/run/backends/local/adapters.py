"""Small adapters that nodes of the engine are built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphon.entities.base_node_data import BaseNodeData
from graphon.enums import WorkflowNodeExecutionStatus
from graphon.file.models import File
from graphon.model_runtime.entities.llm_entities import LLMMode
from graphon.model_runtime.entities.message_entities import (
    AssistantPromptMessage,
    PromptMessage,
    TextPromptMessageContent,
    UserPromptMessage,
)
from graphon.node_events.base import NodeRunResult
from graphon.nodes.base.node import Node
from graphon.nodes.code.entities import CodeLanguage
from graphon.runtime.init_params import InitParams
from graphon.runtime.runtime_state import RuntimeState
from graphon.variables.segments import ArrayFileSegment, ArrayStringSegment, FileSegment
from graphon.workflow_type_encoder import WorkflowRuntimeTypeConverter

from difyflow.errors import DifyflowError
from difyflow.run.backends.local.code import CodeRunner
from difyflow.run.backends.local.documents import extract
from difyflow.run.backends.local.files import RunFiles
from difyflow.run.backends.local.interrupt import Interrupt

MAX_TURNS = 500  # of a conversation, as Dify's own memory


class CodeExecutionError(Exception):
    """Code gave no result. A fail branch sees this name as `error_type`, as on a server."""


@dataclass(frozen=True, slots=True)
class CodeAdapter:
    """The engine's code executor over one of our runners."""

    runner: CodeRunner
    interrupt: Interrupt

    def execute(self, *, language: CodeLanguage, code: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Calls `main`; files arrive as mappings.

        Raises:
            CodeExecutionError: it gave no result, or the runner failed.
        """
        plain = WorkflowRuntimeTypeConverter().to_json_encodable(dict(inputs))
        try:
            outcome = self.runner.run(str(language.value), code, plain, stop=self.interrupt.event)
        except DifyflowError as err:
            raise CodeExecutionError(str(err)) from err
        if outcome.error is not None:
            raise CodeExecutionError(outcome.error.message)
        return outcome.result or {}

    def is_execution_error(self, error: Exception) -> bool:
        """True for what makes the node fail; anything else would be a bug of ours."""
        return isinstance(error, CodeExecutionError)


class PromptList:
    """Prompts as Dify's run record shows them (`process_data.prompts`, 1.12.1)."""

    def serialize(self, *, model_mode: LLMMode, prompt_messages: Sequence[PromptMessage]) -> object:  # noqa: ARG002  # the engine's protocol
        """A list of `{role, text, files}`."""
        return [
            {"role": message.role.value, "text": message.get_text_content(), "files": _parts(message)}
            for message in prompt_messages
        ]


def _parts(message: PromptMessage) -> list[dict[str, object]]:
    """What else a message holds, without the content itself."""
    content = message.content if isinstance(message.content, list) else []
    return [
        {"type": part.type.value, "filename": part.filename, "mime_type": part.mime_type}
        for part in content
        if not isinstance(part, TextPromptMessageContent)
    ]


@dataclass(frozen=True, slots=True)
class History:
    """Earlier turns of a conversation, (query, answer), the oldest first: the engine's memory."""

    turns: tuple[tuple[str, str], ...] = ()

    def get_history_prompt_messages(
        self,
        max_token_limit: int = 0,  # noqa: ARG002  # the context size is not known here, so nothing is cut by it
        message_limit: int | None = None,
    ) -> Sequence[PromptMessage]:
        """The last turns; a limit counts turns, as Dify's `window.size` does."""
        limit = min(message_limit or MAX_TURNS, MAX_TURNS)
        messages: list[PromptMessage] = []
        for query, answer in self.turns[-limit:]:
            messages += [UserPromptMessage(content=query), AssistantPromptMessage(content=answer)]
        return messages


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads documents with our extractor.

    Attributes:
        encoding: of text files; None = detected.
        warn: takes what the extractor wants to be known.
    """

    files: RunFiles
    warn: Callable[[str], None]
    encoding: str | None = None

    def read(self, file: File) -> str:
        """The text of a file.

        Raises:
            DifyflowError: it cannot be read; the message says why and how to mend it.
        """
        name = file.filename or "document"
        data = self.files.load_file_bytes(file=file)
        found = extract(data, name=name, mime_type=file.mime_type, encoding=self.encoding)
        for note in found.notes:
            self.warn(note if note.startswith(name) else f"{name}: {note}")
        return found.text


class DocumentData(BaseNodeData):
    """Node data of the document extractor."""

    variable_selector: Sequence[str]


class DocumentNode(Node[DocumentData]):
    """Document extractor: the engine's node, with our extractor in place of its own."""

    node_type = "document-extractor"

    def __init__(
        self,
        node_id: str,
        data: DocumentData,
        *,
        init_params: InitParams,
        runtime_state: RuntimeState,
        reader: DocumentReader,
    ) -> None:
        super().__init__(node_id=node_id, data=data, init_params=init_params, runtime_state=runtime_state)
        self._reader = reader

    @classmethod
    def version(cls) -> str:
        """The only version there is."""
        return "1"

    def _run(self) -> NodeRunResult:
        selector = list(self.node_data.variable_selector)
        variable = self.runtime_state.variable_pool.get(selector)
        if variable is None:
            return _failed({}, f"File variable not found for selector: {selector}")
        if variable.value and not isinstance(variable, ArrayFileSegment | FileSegment):
            return _failed({}, f"Variable {selector} is not an ArrayFileSegment")
        value = variable.value
        files = [file for file in value if file] if isinstance(value, list) else [value] if value else []
        record = {"inputs": {"variable_selector": selector}, "process_data": {"documents": files}}
        try:
            texts = [self._reader.read(file) for file in files]
        except DifyflowError as err:
            return _failed(record, str(err))
        except (OSError, ValueError) as err:
            return _failed(record, f"cannot read the document: {err}")
        whole = isinstance(variable, FileSegment)
        output = texts[0] if whole else ArrayStringSegment(value=texts)
        return NodeRunResult(status=WorkflowNodeExecutionStatus.SUCCEEDED, outputs={"text": output}, **record)


def _failed(record: Mapping[str, Any], error: str) -> NodeRunResult:
    return NodeRunResult(
        status=WorkflowNodeExecutionStatus.FAILED, error=error, error_type="DocumentExtractorError", **record
    )
