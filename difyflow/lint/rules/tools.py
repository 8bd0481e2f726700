"""Rules about tools, agents and data sources."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_built, when_run
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("tool-input", severity="error")
def tool_input(view: View) -> Iterator[Found]:
    """The value of a tool's parameter does not have the form that its type says.

    What it does:
        Looks at `tool_parameters` of tools and `datasource_parameters`: each is `{type, value}`, where
        `mixed` holds text, `variable` a list of texts, `constant` anything plain. Null values are passed
        over, as Dify drops them.

    Why is it bad:
        Dify cannot build the node: "value must be a string". A bare text in place of `{type, value}` is
        refused, too, or by newer releases dropped without a word.

    Example:
        ```yaml
        tool_parameters: {query: '{{#start.query#}}'}
        ```

    Use instead:
        ```yaml
        tool_parameters: {query: {type: mixed, value: '{{#start.query#}}'}}
        ```

    Dify:
        Every release (`ToolNodeData.ToolInput`; recorded at 0.15.3 and 1.12.1).
    """
    for node in view.of("tool"):
        found = node.raw.get("tool_parameters")
        for name, item in found.items() if isinstance(found, dict) else ():
            said = _input_fault(item)
            if said:
                key, message = said
                place = node.at("tool_parameters", name, *key)
                yield Found(place, message, severity=when_built(view, node))


def _input_fault(item: object) -> tuple[Path, str] | None:
    """Where in an input the fault is, and what."""
    if item is None:
        return None
    if not isinstance(item, dict):
        return (), f"{shown(item)} is no input: write {{type: mixed, value: ...}} (or variable, constant)"
    kind, value = item.get("type"), item.get("value")
    if value is None:
        return None
    if kind not in ("mixed", "variable", "constant"):
        return ("type",), f"{shown(kind)} is no type of an input; it is one of: mixed, variable, constant"
    if kind == "mixed" and not isinstance(value, str):
        return ("value",), f"a mixed input holds text, and this is {shown(value)}; write it as text"
    is_texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
    if kind == "variable" and not is_texts:
        return ("value",), f"a variable input holds [node id, name], and this is {shown(value)}"
    return None


@rule("tool-config-value", severity="error", since="1.14.0")
def tool_config_value(view: View) -> Iterator[Found]:
    """A setting of a tool is a list or null.

    What it does:
        Finds values of `tool_configurations` that are neither text, number, truth value nor mapping.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        tool_configurations: {languages: [en, de]}
        ```

    Use instead:
        ```yaml
        tool_configurations: {languages: {type: constant, value: [en, de]}}
        ```

    Dify:
        1.14 and later (graphon `ToolEntity.validate_tool_configurations`).
    """
    for node in view.of("tool"):
        found = node.raw.get("tool_configurations")
        for name, value in found.items() if isinstance(found, dict) else ():
            if value is not None and isinstance(value, list):
                message = f"a setting cannot be {shown(value)}; wrap it: {{type: constant, value: ...}}"
                place = node.at("tool_configurations", name)
                yield Found(place, message, severity=when_built(view, node))


@rule("tool-name", severity="error")
def tool_name(view: View) -> Iterator[Found]:
    """A tool node does not say which tool.

    What it does:
        Finds tool nodes whose `provider_id` or `tool_name` is empty.

    Why is it bad:
        The run fails: no such tool can be found.

    Example:
        ```yaml
        data: {type: tool, title: Search, provider_id: '', provider_type: builtin, tool_name: ''}
        ```

    Use instead:
        ```yaml
        data: {type: tool, title: Search, provider_id: langgenius/tavily/tavily, provider_type: builtin,
               tool_name: tavily_search}
        ```

    Dify:
        Every release (`ToolManager.get_workflow_tool_runtime`).
    """
    for node in view.of("tool"):
        for key in ("provider_id", "tool_name"):
            value = node.raw.get(key)
            if isinstance(value, str) and not value.strip():
                message = f"`{key}` is empty, so no tool can be found, and the run fails; name the tool"
                yield Found(node.at(key), message, severity=when_run(view, node))


# --- agents ---------------------------------------------------------------------------------------------


@rule("agent-strategy", severity="error")
def agent_strategy(view: View) -> Iterator[Found]:
    """An agent node has no strategy, or not what its strategy works with.

    What it does:
        Finds agents of version 1 with an empty strategy, and agents of Dify's own strategies
        (`function_calling`, `ReAct`) without a model or a question.

    Why is it bad:
        Without a strategy the run fails. Without a model or a question the strategy refuses to begin (an
        empty question is a warning); what other plugins want a file does not say.

    Example:
        ```yaml
        agent_strategy_provider_name: ''
        agent_strategy_name: ''
        ```

    Use instead:
        ```yaml
        agent_strategy_provider_name: langgenius/agent/agent
        agent_strategy_name: function_calling
        ```

    Dify:
        1.0 and later (`AgentNode._run`; the editor marks such a node red).
    """
    for node in _first_agents(view):
        for key in ("agent_strategy_provider_name", "agent_strategy_name"):
            if node.raw.get(key) == "":
                message = "no strategy is chosen, and the run fails; choose one, such as function_calling"
                yield Found(node.at(key), message, severity=when_run(view, node))
        given = node.raw.get("agent_parameters")
        if node.raw.get("agent_strategy_provider_name") != "langgenius/agent/agent" or not isinstance(
            given, dict
        ):
            continue
        for name in ("model", "query"):
            item = given.get(name)
            value = item.get("value") if isinstance(item, dict) else item
            if not value:
                message = f"the strategy needs the parameter {name!r}, and it is not given"
                severity = "warning" if value == "" else when_run(view, node)
                yield Found(node.at("agent_parameters", name), message, severity=severity)


def _first_agents(view: View) -> Iterator[NodeView]:
    for node in view.of("agent"):
        if (
            "agent_node_kind" not in node.raw
            and "agent_binding" not in node.raw
            and node.raw.get("version") != "2"
        ):
            yield node


@rule("agent-tools", severity="warning")
def agent_tools(view: View) -> Iterator[Found]:
    """A tool of an agent has no name.

    What it does:
        Finds tools in `agent_parameters` that are enabled and have no provider or no name, and strategies
        of Dify's own without any enabled tool.

    Why is it bad:
        Such a tool is one that the agent cannot call. An agent without tools answers like a plain model.

    Example:
        ```yaml
        agent_parameters: {tools: {type: constant, value: [{enabled: true, provider_name: '', tool_name: x}]}}
        ```

    Use instead:
        ```yaml
        agent_parameters: {tools: {type: constant, value: [{enabled: true, tool_name: tavily_search,
          provider_name: langgenius/tavily/tavily}]}}
        ```

    Dify:
        1.0 and later (`AgentNode._generate_agent_parameters`).
    """
    for node in _first_agents(view):
        given = node.raw.get("agent_parameters")
        item = given.get("tools") if isinstance(given, dict) else None
        tools = item.get("value") if isinstance(item, dict) else None
        if not isinstance(tools, list):
            continue
        for index, tool in enumerate(tools):
            if not isinstance(tool, dict) or tool.get("enabled") is False:
                continue
            for key in ("provider_name", "tool_name"):
                if not tool.get(key):
                    place = node.at("agent_parameters", "tools", "value", index, key)
                    yield Found(place, f"this tool has no {key}, so the agent cannot call it")


@rule("agent-second", severity="error")
def agent_second(view: View) -> Iterator[Found]:
    """An agent of version 2 is not what Dify takes for one.

    What it does:
        Looks at agent nodes with `agent_node_kind` or `agent_binding`: `version` is the text `2`, the kind is
        `dify_agent`, the binding is known, and declared outputs have a name, a known type and each their own
        name.

    Why is it bad:
        Dify refuses the node when the file is imported, when it is published, or when it is built.

    Example:
        ```yaml
        data: {type: agent, title: Ask, agent_node_kind: dify_agent}
        ```

    Use instead:
        ```yaml
        data: {type: agent, title: Ask, version: '2', agent_node_kind: dify_agent,
               agent_binding: {binding_type: inline_agent, package_ref: agent_1}}
        ```

    Dify:
        1.15 and later (`DifyAgentNodeData`, `DeclaredOutputConfig`).
    """
    for node in view.of("agent"):
        if "agent_node_kind" not in node.raw and "agent_binding" not in node.raw:
            continue
        if node.raw.get("version") != "2":
            message = (
                f"the version is {shown(node.raw.get('version'))}, and this kind of agent needs version '2'"
            )
            yield Found(node.at("version"), message)
        if node.raw.get("agent_node_kind") != "dify_agent":
            message = f"the kind is {shown(node.raw.get('agent_node_kind'))}; Dify knows dify_agent only"
            yield Found(node.at("agent_node_kind"), message)
        binding = node.raw.get("agent_binding")
        kind = binding.get("binding_type") if isinstance(binding, dict) else None
        if kind not in ("inline_agent", "roster_agent"):
            message = f"the binding is {shown(kind)}; it is one of: inline_agent, roster_agent"
            yield Found(node.at("agent_binding"), message)
        yield from _declared_faults(node)


_DECLARED = ("string", "number", "object", "array", "boolean", "file")


def _declared_faults(node: NodeView) -> Iterator[Found]:
    job = node.raw.get("agent_job")
    listed = job.get("declared_outputs") if isinstance(job, dict) else None
    seen: set[str] = set()
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(item, dict):
            continue
        name, place = item.get("name"), node.at("agent_job", "declared_outputs", index)
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or len(name) > 255:
            yield Found((*place, "name"), f"{shown(name)} is no name: letters, digits and _, no digit first")
        elif name in seen:
            yield Found((*place, "name"), f"two outputs are named {name!r}; each needs a name of its own")
        seen.add(str(name))
        if item.get("type") not in _DECLARED:
            message = (
                f"{shown(item.get('type'))} is no type of an output; it is one of: {', '.join(_DECLARED)}"
            )
            yield Found((*place, "type"), message)


@rule("datasource-type", severity="error")
def datasource_type(view: View) -> Iterator[Found]:
    """The kind of a data source is none that Dify knows.

    What it does:
        Finds data sources whose `provider_type` is none of the four kinds.

    Why is it bad:
        Dify cannot find the provider, and the run fails.

    Example:
        ```yaml
        provider_type: file
        ```

    Use instead:
        ```yaml
        provider_type: local_file
        ```

    Dify:
        1.9 and later (`DatasourceProviderType`).
    """
    known = ("local_file", "online_document", "website_crawl", "online_drive")
    for node in view.of("datasource"):
        kind = node.raw.get("provider_type")
        if isinstance(kind, str) and kind not in known:
            message = f"{kind!r} is no kind of data source; it is one of: {', '.join(known)}"
            yield Found(node.at("provider_type"), message, severity=when_run(view, node))
