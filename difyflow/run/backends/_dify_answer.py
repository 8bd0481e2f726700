"""Answers of a Dify server that are no stream, as the events that they stand for."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.client.answers import ChatAnswer, RunRecord
from difyflow.client.sse import BadLine
from difyflow.records import events as ev
from difyflow.records.result import RunStatus


def end_of(record: RunRecord) -> ev.Event:
    """The last event of a run, as its record tells it."""
    if record.status == RunStatus.PAUSED:
        return ev.WorkflowPaused(
            workflow_run_id=record.id,
            outputs=record.outputs,
            elapsed_s=record.elapsed_s,
            total_tokens=record.total_tokens,
            total_steps=record.total_steps,
        )
    return ev.WorkflowFinished(
        workflow_run_id=record.id,
        id=record.id,
        workflow_id=record.workflow_id,
        status=record.status,
        outputs=record.outputs,
        error=record.error,
        elapsed_s=record.elapsed_s,
        total_tokens=record.total_tokens,
        total_steps=record.total_steps,
        created_at=record.created_at,
        finished_at=record.finished_at,
    )


class Answered:
    """The answer of a blocking run, as the events that it stands for; takes the place of an open stream."""

    def __init__(self, events: tuple[ev.Event, ...]) -> None:
        self._events = events
        self.bad_lines: tuple[BadLine, ...] = ()

    @classmethod
    def by_run(cls, record: RunRecord) -> Answered:
        """Of a workflow."""
        begun = ev.WorkflowStarted(
            task_id=record.task_id, workflow_run_id=record.id, workflow_id=record.workflow_id
        )
        return cls((begun, end_of(record)))

    @classmethod
    def by_chat(cls, said: ChatAnswer) -> Answered:
        """Of a chatflow: it names no run, and a run that failed is an error instead."""
        usage = said.metadata.get("usage")
        tokens = usage.get("total_tokens") if isinstance(usage, dict) else 0
        end = ev.WorkflowFinished(
            task_id=said.task_id,
            status=RunStatus.SUCCEEDED,
            outputs={"answer": said.answer},
            total_tokens=tokens if isinstance(tokens, int) else 0,
        )
        answer = ev.MessageReplace(
            task_id=said.task_id,
            conversation_id=said.conversation_id,
            message_id=said.message_id,
            answer=said.answer,
        )
        return cls((answer, end, ev.MessageEnd(conversation_id=said.conversation_id)))

    def __iter__(self) -> Iterator[ev.Event]:
        return iter(self._events)

    def __enter__(self) -> Answered:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def finish(self) -> None:
        """Nothing is open."""
