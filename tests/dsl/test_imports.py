"""What three servers answered to odd files, and what we say that they answer.

The cases follow the recorded imports of the same names (Dify 0.15.3, 1.12.1 and a 1.15 in development); the
whole corpus of public files is compared where it is at hand.
"""

from __future__ import annotations

import copy
import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from difyflow.dsl.compatibility import examine
from difyflow.dsl.imports import Answer, answers

SERVERS = {"0.15.3": "0.14.2", "1.12.1": "1.10.0", "1.15-dev": "1.13.0"}

BASE: dict[str, Any] = {
    "app": {"name": "mini", "mode": "workflow", "icon": "🤖"},
    "kind": "app",
    "workflow": {
        "conversation_variables": [],
        "environment_variables": [],
        "features": {},
        "graph": {
            "edges": [{"id": "e", "source": "start", "target": "end"}],
            "nodes": [
                {"id": "start", "type": "custom", "data": {"type": "start", "title": "S", "variables": []}},
                {"id": "end", "type": "custom", "data": {"type": "end", "title": "E", "outputs": []}},
            ],
        },
    },
}
GONE = object()


def changed(path: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(BASE)
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    inside: Any = data
    for step in steps:
        inside = inside[step]
    if value is GONE:
        del inside[last]
    elif isinstance(inside, list) and last == len(inside):
        inside.append(value)
    else:
        inside[last] = value
    return data


def answer_of(server: str, source: str | bytes) -> Answer:
    found = answers(source, name="app.yml")
    return next(item for item in found if item.releases.first == SERVERS[server])


ENV = "workflow.environment_variables"
OK = "completed"


def env(**item: object) -> dict[str, Any]:
    return changed(ENV, [item])


ROWS = [
    ("app-missing", changed("app", GONE), *["failed: Missing app data in YAML content"] * 3),
    ("app-mode-missing", changed("app.mode", GONE), *["failed: loss app mode"] * 3),
    ("app-mode-unknown", changed("app.mode", "robot"), *["failed: 'robot' is not a valid AppMode"] * 3),
    ("name-missing", changed("app.name", GONE), OK, OK, OK),
    ("app-name-number", changed("app.name", 5), OK, OK, OK),
    (
        "workflow-missing",
        changed("workflow", GONE),
        *["failed: Missing workflow data for workflow/advanced chat app"] * 3,
    ),
    ("kind-other", changed("kind", "rag_pipeline"), OK, OK, OK),
    ("extra-keys", changed("more", 1), OK, OK, OK),
    ("features-missing", changed("workflow.features", GONE), OK, OK, OK),
    (
        "graph-missing",
        changed("workflow.graph", GONE),
        OK,
        *["failed: nodes not found in workflow graph"] * 2,
    ),
    ("graph-empty", changed("workflow.graph.nodes", []), OK, OK, OK),
    ("node-without-data", changed("workflow.graph.nodes.1.data", GONE), OK, *["failed: 'data'"] * 2),
    ("node-without-title", changed("workflow.graph.nodes.1.data.title", GONE), OK, OK, OK),
    ("no-type", changed("workflow.graph.nodes.1.data.type", GONE), OK, *["failed: 'type'"] * 2),
    (
        "unknown-node-type",
        changed("workflow.graph.nodes.1.data.type", "teleport"),
        OK,
        "failed: 'teleport' is not a valid NodeType",
        OK,
    ),
    (
        "start-and-trigger",
        changed("workflow.graph.nodes.2", {"id": "t", "data": {"type": "trigger-webhook"}}),
        OK,
        *["failed: Start node and trigger nodes cannot coexist in the same workflow"] * 2,
    ),
    ("env-bad-name", env(id="1", name="a b!", value="x", value_type="string"), OK, OK, OK),
    (
        "env-without-id",
        env(name="a", value="x", value_type="string"),
        "failed: Object of type function is not JSON serializable",
        OK,
        OK,
    ),
    ("env-without-name", env(id="1", value="x", value_type="string"), *["failed: missing name"] * 3),
    ("env-without-value-type", env(id="1", name="a", value="x"), *["failed: missing value type"] * 3),
    (
        "env-number-not-a-number",
        env(id="1", name="a", value="three", value_type="number"),
        *["failed: invalid number value three"] * 3,
    ),
    (
        "env-variable-unknown-type",
        env(id="1", name="x", value="abc", value_type="text"),
        *["failed: not supported value type text"] * 3,
    ),
    (
        "env-integer",
        env(id="1", name="x", value=3, value_type="integer"),
        "failed: not supported value type integer",
        OK,
        OK,
    ),
    ("dependencies-null", changed("dependencies", None), OK, OK, OK),
    (
        "dependencies-malformed",
        changed("dependencies", [{"type": "marketplace", "value": {}}]),
        OK,
        *["failed: validation errors for PluginDependency"] * 2,
    ),
    (
        "features-invalid",
        changed("workflow.features", {"file_upload": "yes"}),
        *["failed: 1 validation error for FileUploadConfig"] * 3,
    ),
    (
        "features-invalid-2",
        changed("workflow.features", {"text_to_speech": {"enabled": "maybe"}}),
        *["failed: enabled in text_to_speech must be of boolean type"] * 3,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_an_odd_file_gets_the_answer_that_the_servers_gave(row):
    _, data, *expected = row
    for (server, version), wanted in zip(
        {"0.15.3": "0.1.5", "1.12.1": "0.5.0", "1.15-dev": "0.6.0"}.items(), expected, strict=True
    ):
        found = answer_of(server, yaml.safe_dump({**data, "version": version}))
        words = f"{found.status}: {found.error}" if found.error else found.status
        assert words.startswith(wanted), server


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("- a\n- b\n", "Invalid YAML format: content must be a mapping"),
        ("5", "Invalid YAML format: content must be a mapping"),
        ("{}", "Missing app data in YAML content"),
        ("app: [unclosed\nmode: x\n", "Invalid YAML format: "),
        ("version: 0.6\napp: {mode: workflow}\n", "Invalid version type, expected str, got <class 'float'>"),
        ("x: !!python/object/apply:os.system [a]\n", "Invalid YAML format: "),
    ],
)
def test_what_is_no_document_fails_everywhere(source, error):
    assert {item.status for item in answers(source, name="x")} == {"failed"}
    assert all(item.error.startswith(error) for item in answers(source, name="x"))
    assert examine(source, name="x").needs == ()


def test_a_newer_file_waits_and_then_fails_or_not():
    data = {**BASE, "version": "0.7.0"}
    assert answer_of("1.12.1", yaml.safe_dump(data)).confirmed == "completed"
    data = {**changed("app.mode", "agent"), "version": "0.7.0"}
    found = answer_of("1.12.1", yaml.safe_dump(data))
    assert (found.status, found.confirmed, found.error) == (
        "pending",
        "failed",
        "'agent' is not a valid AppMode",
    )
    assert answer_of("1.15-dev", yaml.safe_dump(data)).error == "Invalid app mode"


def test_a_word_as_version_fails_but_once_left_an_app_behind():
    data = yaml.safe_dump({**BASE, "version": "latest"})
    assert (answer_of("0.15.3", data).status, answer_of("0.15.3", data).error) == ("failed", "")
    assert answer_of("1.12.1", data).error == "Invalid version: 'latest'"


def agreement(corpus_dir: Path, every: int) -> tuple[int, list[tuple[str, ...]]]:
    with (corpus_dir / "dsl" / "TRUTH.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))[::every]
    count, others = 0, []
    for row in rows:
        source = (corpus_dir / "dsl" / f"{row['sha8']}.yml").read_bytes()
        for server in SERVERS:
            found = answer_of(server, source)
            status = f"{found.status}>{found.confirmed}" if found.confirmed else found.status
            error = row[f"{server}_import_error"].removeprefix("-")
            # The servers' longer messages come from pydantic and from PyYAML; their beginnings are ours.
            if status == row[f"{server}_import_status"] and found.error[:30] == error[:30]:
                count += 1
            else:
                others.append((row["sha8"], server, status, found.error))
    return count, others


def test_the_answers_are_those_that_real_servers_gave_to_some_public_files(corpus_dir):
    count, others = agreement(corpus_dir, 15)
    assert others == []
    assert count == 3 * 22


@pytest.mark.long
def test_the_answers_are_those_that_real_servers_gave_to_all_public_files(corpus_dir):
    count, others = agreement(corpus_dir, 1)
    assert others == []
    assert count == 3 * 316


@pytest.mark.parametrize("kind", [["llm"], {"a": 1}, 5, True])
def test_a_node_type_that_is_no_text_is_an_answer_too(kind):
    graph = f"{{nodes: [{{data: {{type: {kind}}}}}]}}"
    text = f"version: 0.5.0\napp: {{mode: workflow}}\nworkflow: {{graph: {graph}}}\n"
    assert answer_of("1.12.1", text).error == f"{kind!r} is not a valid NodeType"
    assert examine(text, name="x").answers
