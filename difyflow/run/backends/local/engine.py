"""One run: the engine in a thread of its own, its events through a queue, a clock and a stop.

The engine ends a run only between nodes, and waits up to two seconds for the node that it was in. So the
events go through a queue that ends with the terminal event, the clock is ours, and a stop wakes whatever
the nodes wait for.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from graphon.engine.command.entities import UpdateVariablesCommand
from graphon.engine.engine import Engine
from graphon.engine.filter import EngineEventFilterContext, ResponseStreamFilter, filter_engine_events
from graphon.engine.layer.base import Layer
from graphon.engine.layer.builtin.execution_limits import ExecutionLimitsLayer
from graphon.engine_events.base import EngineEvent
from graphon.engine_events.node import NodeRunVariableUpdatedEvent
from graphon.file.runtime import use_workflow_file_runtime
from graphon.graph.graph import Graph
from graphon.runtime.runtime_state import RuntimeState

from difyflow.records.events import Event, WorkflowFinished
from difyflow.records.result import Result, Tally
from difyflow.run.backends.local.files import RunFiles
from difyflow.run.backends.local.interrupt import Interrupt
from difyflow.run.backends.local.pool import Conversation
from difyflow.run.backends.local.translate import Translator

_LOG = logging.getLogger(__name__)
_NO_TIME_LIMIT = 10**9  # the engine's own limit looks at the clock only between nodes; ours does it better


class _KeepConversation(Layer):
    """Carries conversation variables that are set inside an iteration out of it, as a server does.

    graphon 0.8.0 leaves them in the iteration's copy of the pool.
    """

    def on_event(self, event: EngineEvent) -> None:
        if (
            isinstance(event, NodeRunVariableUpdatedEvent)
            and event.container_id
            and event.variable.selector[:1] == ["conversation"]
            and self.command_channel is not None
        ):
            self.command_channel.send_command(UpdateVariablesCommand(updates=[event.variable]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run is ended from outside."""

    max_time_s: float
    max_steps: int
    workers: int


@dataclass(slots=True, kw_only=True)
class LocalRun:
    """One run under way (`difyflow.run.backend.Run`).

    Attributes:
        on_taken: told the conversation after this turn, once the events were taken; None for a workflow.
        on_end: called when the engine has let go of everything.
    """

    graph: Graph
    state: RuntimeState
    files: RunFiles
    interrupt: Interrupt
    translator: Translator
    tally: Tally
    limits: Limits
    conversation_before: Conversation | None = None
    query: str = ""
    on_taken: Callable[[Conversation | None], None]
    on_end: Callable[[], None]
    _queue: queue.SimpleQueue[Event | BaseException | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _engine: Engine | None = None
    _began: float = 0.0
    _stopping: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Starts the engine; the events wait until they are asked for."""
        self._engine = Engine(
            graph=self.graph,
            runtime_state=self.state,
            workers=self.limits.workers,
            file_runtime=self.files,
        )
        self._engine.add_layer(_KeepConversation())
        self._engine.add_layer(ExecutionLimitsLayer(self.limits.max_steps, _NO_TIME_LIMIT))
        self.translator.used = lambda: (self.state.total_tokens, self.state.node_run_steps)
        self._began = time.monotonic()
        clock = threading.Timer(self.limits.max_time_s, self._time_is_up)
        clock.daemon = True
        clock.start()
        self._thread = threading.Thread(target=self._run, args=(clock,), name="difyflow-run", daemon=True)
        self._thread.start()

    def events(self) -> Iterator[Event]:
        """See `difyflow.run.backend.Run`; leaving the loop early stops the run."""
        events = self._taken()
        try:
            for event in events:  # `yield from` would close them on the way out  # noqa: UP028
                yield event
        finally:
            self.stop()  # does nothing to a run that has ended
            for _rest in events:
                pass
            self.on_taken(self.conversation())

    def _taken(self) -> Iterator[Event]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            self.tally.add(item)
            yield item

    def stop(self) -> None:
        """See `difyflow.run.backend.Run`."""
        self._abort("stopped", "Stopped by user.")

    def result(self) -> Result:
        """See `difyflow.run.backend.Run`."""
        return self.tally.result()

    def conversation(self) -> Conversation | None:
        """The conversation after this turn; None for a workflow. Complete once the run has ended."""
        before = self.conversation_before
        if before is None:
            return None
        variables = dict(self.state.variable_pool.get_by_prefix("conversation"))
        result = self.tally.result()
        said = ((self.query, result.answer),) if result.ok else ()
        return Conversation(id=before.id, variables=variables, turns=(*before.turns, *said))

    def join(self, timeout_s: float) -> None:
        """Waits until the engine's threads have ended, at most that long."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _abort(self, status: str, error: str) -> None:
        with self._stopping:
            if self.interrupt.fired:
                return
            self.translator.stop = (status, error)
            if self._engine is not None:
                self._engine.request_abort(error)
            self.interrupt.fire()

    def _time_is_up(self) -> None:
        limit, spent = self.limits.max_time_s, time.monotonic() - self._began
        self._abort("failed", f"Aborted: Maximum execution time exceeded: {spent:.2f}s > {limit:g}s")

    def _run(self, clock: threading.Timer) -> None:
        ended = False
        try:
            for event in self._engine_events():
                with use_workflow_file_runtime(self.files):
                    ours = list(self.translator.feed(event))
                for one in ours:
                    self._queue.put(one)
                if any(isinstance(one, WorkflowFinished) for one in ours):
                    ended = True
                    self._queue.put(None)
        except Exception as err:
            # After the terminal event the engine raises the error of a failed node once more.
            _LOG.debug("the engine raised %r", err)
            if not ended:
                self._queue.put(err)
        finally:
            clock.cancel()
            self._queue.put(None)
            self.on_end()

    def _engine_events(self) -> Iterator[EngineEvent]:
        assert self._engine is not None
        context = EngineEventFilterContext.from_engine(self._engine)
        yield from filter_engine_events(self._engine.run(), context=context, filters=[ResponseStreamFilter()])
