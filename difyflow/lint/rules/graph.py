"""Rules about the graph as a whole: where a run begins and ends."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NODES, View

_GRAPH = ("workflow", "graph")
_PLACEHOLDERS = ("start-placeholder", "datasource-empty")
_FARTHEST = 50


@rule("graph-nodes", severity="error")
def graph_nodes(view: View) -> Iterator[Found]:
    """The graph has no list of nodes.

    What it does:
        Finds a `workflow.graph` without `nodes`, or with nodes or edges that are no list of mappings.

    Why is it bad:
        Dify 1.10 and later refuse the import ("nodes not found in workflow graph"); with older ones the list
        of all apps breaks.

    Example:
        ```yaml
        workflow: {graph: {edges: []}}
        ```

    Use instead:
        ```yaml
        workflow: {graph: {nodes: [], edges: []}}
        ```

    Dify:
        Every release (`Workflow.walk_nodes`; Dify issue 28971; recorded at 1.12.1).
    """
    if not view.has_graph or not view.workflow:
        return
    graph = view.workflow.get("graph")
    if not isinstance(graph, dict):
        yield Found(_GRAPH, "there is no graph; it needs `nodes` and `edges`")
        return
    for key in ("nodes", "edges"):
        found = graph.get(key)
        if found is None and key == "nodes":
            yield Found(
                (*_GRAPH, key), "the graph has no `nodes`: the import fails, or the list of apps breaks"
            )
        elif found is not None and not isinstance(found, list):
            yield Found((*_GRAPH, key), f"`{key}` is no list, and nothing can read the graph")
        for index, item in enumerate(found if isinstance(found, list) else ()):
            if not isinstance(item, dict):
                yield Found(
                    (*_GRAPH, key, index), f"this is no mapping, and nothing can read the graph's {key}"
                )


@rule("graph-empty", severity="warning")
def graph_empty(view: View) -> Iterator[Found]:
    """The graph has no nodes.

    What it does:
        Finds graphs with an empty list of nodes.

    Why is it bad:
        The app opens and cannot be run: "Graph must have at least one node".

    Example:
        ```yaml
        graph: {nodes: [], edges: []}
        ```

    Use instead:
        A start node at least; `difyflow new` makes a whole workflow.

    Dify:
        Every release (`Graph.init`).
    """
    if view.has_graph and view.graph.get("nodes") == []:
        yield Found(NODES, "the graph has no nodes, and cannot be run")


@rule("graph-no-start", severity="error")
def graph_no_start(view: View) -> Iterator[Found]:
    """The graph has no node to begin with.

    What it does:
        Finds graphs without a start node, a trigger or a datasource.

    Why is it bad:
        A run fails: "Root node id None not found in the graph".

    Example:
        ```yaml
        nodes: [{id: ask, data: {type: llm}}]
        ```

    Use instead:
        ```yaml
        nodes: [{id: start, data: {type: start, variables: []}}, {id: ask, data: {type: llm}}]
        ```

    Dify:
        Every release (recorded at 0.15.3; `INVALID_ROOT` in 1.12).
    """
    if view.kind == "snippet" or not view.nodes:
        return
    if not any(node.data.ENTRY or node.kind == "start-placeholder" for node in view.nodes):
        yield Found(NODES, "there is no start node and no trigger, and a run has nowhere to begin")


@rule("graph-many-starts", severity="error")
def graph_many_starts(view: View) -> Iterator[Found]:
    """The graph has several start nodes.

    What it does:
        Finds a second node of type `start`.

    Why is it bad:
        A run begins at one of them; what follows the others never runs, and their inputs are not asked for.

    Example:
        ```yaml
        nodes: [{id: a, data: {type: start}}, {id: b, data: {type: start}}]
        ```

    Use instead:
        One start node with the inputs of both.

    Dify:
        Every release (`Graph._find_root_node_id`; `SINGLETON` in the editor).
    """
    for node in list(view.of("start"))[1:]:
        yield Found(
            node.at("type"), "there is another start node already, and a run begins at one of them only"
        )


@rule("graph-start-and-trigger", severity="error", since="1.10")
def graph_start_and_trigger(view: View) -> Iterator[Found]:
    """A start node and a trigger are in one graph.

    What it does:
        Finds triggers beside a start node.

    Why is it bad:
        Dify refuses the import: "Start node and trigger nodes cannot coexist in the same workflow".

    Example:
        ```yaml
        nodes: [{id: a, data: {type: start}}, {id: b, data: {type: trigger-webhook}}]
        ```

    Use instead:
        One of them.

    Dify:
        1.10 and later (`validate_graph_structure`).
    """
    if any(True for _ in view.of("start")):
        for node in view.nodes:
            if node.kind.startswith("trigger-"):
                yield Found(node.at("type"), "a trigger cannot be beside a start node: the import is refused")


@rule("graph-trigger-limit", severity="info", since="1.10")
def graph_trigger_limit(view: View) -> Iterator[Found]:
    """The graph has more than two triggers.

    What it does:
        Counts the triggers.

    Why is it bad:
        On the sandbox plan of Dify's cloud, such a workflow cannot be published.

    Example:
        Three `trigger-webhook` nodes.

    Use instead:
        Two triggers, or another plan.

    Dify:
        1.10 and later, cloud (`publish_workflow`).
    """
    triggers = [node for node in view.nodes if node.kind.startswith("trigger-")]
    for node in triggers[2:]:
        yield Found(node.at("type"), f"there are {len(triggers)} triggers; the sandbox plan has two at most")


@rule("graph-no-answer", severity="warning")
def graph_no_answer(view: View) -> Iterator[Found]:
    """A chatflow has no answer node.

    What it does:
        Finds apps of mode `advanced-chat` without `answer`.

    Why is it bad:
        The chat answers nothing, and the editor does not publish it.

    Example:
        ```yaml
        nodes: [{id: start, data: {type: start}}, {id: ask, data: {type: llm}}]
        ```

    Use instead:
        ```yaml
        nodes: [..., {id: say, data: {type: answer, answer: '{{#ask.text#}}'}}]
        ```

    Dify:
        Every release (`answer` is required by the editor).
    """
    if view.is_chat and view.nodes and not any(True for _ in view.of("answer")):
        yield Found(NODES, "a chatflow without an answer node says nothing")


@rule("graph-wrong-mode", severity="warning")
def graph_wrong_mode(view: View) -> Iterator[Found]:
    """A node is of a type that this kind of app does not have.

    What it does:
        Finds `answer` in workflows, `end` and triggers in chatflows.

    Why is it bad:
        The editor refuses to import such a file into an open app, and its checks break. What an `answer` says
        is in no output of a workflow; what an `end` puts out is not said in a chat.

    Example:
        ```yaml
        app: {mode: workflow}
        nodes: [{id: say, data: {type: answer}}]
        ```

    Use instead:
        ```yaml
        app: {mode: workflow}
        nodes: [{id: end, data: {type: end, outputs: [...]}}]
        ```

    Dify:
        Every release (`getInvalidNodeTypes`).
    """
    wrong: tuple[str, ...] = ()
    if view.mode == "workflow":
        wrong = ("answer",)
    elif view.is_chat:
        wrong = ("end", "trigger-webhook", "trigger-schedule", "trigger-plugin")
    for node in view.of(*wrong):
        word = "chatflows" if node.kind == "answer" else "workflows"
        yield Found(node.at("type"), f"{node.kind} is a node of {word}, and this app is of mode {view.mode}")


@rule("graph-no-end", severity="warning")
def graph_no_end(view: View) -> Iterator[Found]:
    """A workflow has no end node.

    What it does:
        Finds apps of mode `workflow` without `end`. One that a trigger begins needs none.

    Why is it bad:
        A run has no outputs.

    Example:
        ```yaml
        nodes: [{id: start, data: {type: start}}, {id: ask, data: {type: llm}}]
        ```

    Use instead:
        ```yaml
        nodes: [..., {id: end, data: {type: end, outputs: [{variable: text, value_selector: [ask, text]}]}}]
        ```

    Dify:
        Every release; the editor does not ask for it.
    """
    if (
        view.mode == "workflow"
        and any(True for _ in view.of("start"))
        and not any(True for _ in view.of("end"))
    ):
        yield Found(NODES, "a workflow without an end node puts nothing out")


@rule("graph-no-result", severity="error")
def graph_no_result(view: View) -> Iterator[Found]:
    """No way leads from the start to the end.

    What it does:
        Finds graphs whose `end` or `answer` nodes are all out of reach.

    Why is it bad:
        The run succeeds and all its outputs are lost.

    Example:
        ```yaml
        edges: [{source: start, target: ask}]   # and none from ask to end
        ```

    Use instead:
        ```yaml
        edges: [{source: start, target: ask}, {source: ask, target: end}]
        ```

    Dify:
        Every release: what no edge leads to does not run.
    """
    results = [*view.of("end", "answer")]
    if results and any(node.data.ENTRY for node in view.nodes) and not any(map(view.is_reached, results)):
        node = results[0]
        yield Found(node.path, f"no way leads to this node or another {node.kind}: a run puts nothing out")
