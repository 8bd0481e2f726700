"""Templates are starting points that work."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations

import pytest

import difyflow
from difyflow.build import templates
from difyflow.cli import main
from difyflow.dsl.imports import answer
from difyflow.dsl.releases import needs, releases_of
from difyflow.errors import UsageError
from difyflow.nodes._record import numbers

ON_A_SERVER = {"agent", "approval", "rag-chatflow"}
"""These say in their docstring that they need a server; all others run here."""


@pytest.mark.parametrize("template", templates.names())
@pytest.mark.parametrize("name", ["my-flow", '论语 "语料" \\ {x}', "a\nb"])
def test_a_template_makes_a_flow_that_renders_and_carries_the_name(tmp_path, template, name):
    made = templates.make(name, tmp_path / "flow", template=template)
    assert tmp_path / "flow" / "flow.py" in made
    app = difyflow.load(tmp_path / "flow")
    assert app.name == name.replace("\n", "")
    assert difyflow.read(app.render()) == app
    assert app.problems() == ()
    assert templates.summary(template)


def test_there_is_one_to_begin_with_for_what_people_build():
    assert set(templates.names()) >= {
        "minimal",
        "corpus",
        "rag-chatflow",
        "router",
        "each-file",
        "loop",
        "agent",
        "http-report",
        "form",
        "approval",
    }


@pytest.fixture(params=templates.names())
def template(request):
    return request.param


@pytest.fixture
def folder(template, tmp_path):
    templates.make("made", tmp_path / template, template=template)
    return tmp_path / template


@pytest.fixture
def app(folder):
    return difyflow.load(folder)


def test_the_first_line_names_the_version_and_the_release_that_it_is_for(template, app):
    stated = re.search(r"\(DSL (\S+), Dify (\d+\.\d+)\)\.$", templates.summary(template))
    assert stated is not None
    version, release = stated.groups()
    assert app.version == version
    assert release == ".".join(releases_of(version)[-1].first.split(".")[:2])


def test_the_release_that_it_is_for_imports_and_knows_all_of_it(app):
    releases = releases_of(app.version)[-1]
    assert answer(app.data(), releases).status == "completed"
    assert [item.what for item in needs(app) if numbers(item.since) > numbers(releases.first)] == []


def test_ids_are_readable_and_edges_lead_somewhere(app):
    ids = {node.id for node in app.nodes}
    assert len(ids) == len(app.nodes)
    assert all(re.fullmatch("[a-z][a-z0-9_]{1,30}", node_id) for node_id in ids)
    assert all({edge.source, edge.target} <= ids for edge in app.graph.edges)
    handles = {node.id: {item.id for item in node.data.source_handles()} for node in app.nodes}
    assert all(edge.sourceHandle in handles[edge.source] for edge in app.graph.edges)


def test_every_way_out_of_a_branch_leads_on(app):
    taken = {(edge.source, edge.sourceHandle) for edge in app.graph.edges}
    ways = {(node.id, item.id) for node in app.nodes for item in node.data.source_handles()}
    assert {way for way in ways if way not in taken} <= {
        (node.id, "source") for node in app.nodes if node.container_id or node.data.type == "answer"
    }


def test_nodes_do_not_overlap_and_lie_inside_of_their_containers(app):
    boxes = {}
    for node in app.nodes:
        assert node.position is not None
        boxes[node.id] = (node.position.x, node.position.y, node.width, node.height)
    for one, other in combinations(app.nodes, 2):
        if one.parentId == other.parentId:
            (x, y, width, height), (u, v, wide, high) = boxes[one.id], boxes[other.id]
            apart = x + width <= u or u + wide <= x or y + height <= v or v + high <= y
            assert apart, (one.id, other.id)
    for node in app.nodes:
        if node.parentId:
            x, y, width, height = boxes[node.id]
            assert x >= 0 and y >= 0
            assert x + width <= boxes[node.parentId][2]
            assert y + height <= boxes[node.parentId][3]


def test_what_needs_a_server_says_so(template, folder):
    text = (folder / "flow.py").read_text(encoding="utf-8")
    assert ("Needs a Dify server" in text) == (template in ON_A_SERVER)


def test_the_list_of_templates_shows_them_all(capfdbinary):
    assert main.run(["new", "--list"]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split()[0] for line in lines] == list(templates.names())
    assert all(len(line) <= 120 for line in lines)


class Releases(BaseHTTPRequestHandler):
    """Answers as the web service of the template `http-report` does."""

    def do_GET(self):
        found = [
            {"name": "", "tag_name": "1.2.0", "published_at": "2026-01-02T03:04:05Z", "html_url": "https://x"}
        ]
        body = json.dumps(found).encode()
        status = 200 if self.path == "/repos/a/b/releases?per_page=10" else 404
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Releases)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run_here(tmp_path, capfdbinary):
    """Makes a template and runs it with the rule-based responder; gives what it says."""

    def run(template, *arguments, change=("", "")):
        templates.make("made", tmp_path / template, template=template)
        flow = tmp_path / template / "flow.py"
        flow.write_text(flow.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
        options = ["--model-endpoint", "demo", "--code-runner", "unsafe-subprocess", "-q"]
        code = main.run(["run", str(tmp_path / template), *options, *map(str, arguments)])
        captured = capfdbinary.readouterr()
        assert code == 0, captured.err.decode()
        return captured.out.decode()

    return run


@pytest.mark.local
def test_minimal_answers(run_here):
    assert "sea" in run_here("minimal", "--input", "question=Is the sea calm?")


@pytest.mark.local
def test_router_takes_the_way_of_the_class(run_here):
    assert run_here("router", "--query", "I want my money back for this invoice").startswith("Please fill in")


@pytest.mark.local
def test_router_lets_the_model_help(run_here):
    assert "error message" in run_here("router", "--query", "It shows an error message and does not work")


@pytest.mark.local
def test_each_file_has_its_part_of_the_report(run_here, tmp_path):
    (tmp_path / "a.txt").write_text("Rain falls on the roof. Children jump into puddles.")
    (tmp_path / "b.txt").write_text("A ship sails on the sea. The sea is calm today.")
    files = [f"--input=documents=@{tmp_path / name}" for name in ("a.txt", "b.txt")]
    report = run_here("each-file", *files, "--input", "length=one sentence")
    assert re.search(r"## 1\n\n.*puddles.*\n\n## 2\n\n.*sea", report, re.DOTALL)


@pytest.mark.local
def test_loop_ends_after_its_rounds(run_here):
    found = json.loads(run_here("loop", "--input", "task=A haiku about rain"))
    assert set(found) == {"text", "remarks"}
    assert "haiku" in found["text"]


@pytest.mark.local
def test_form_is_filled_in(run_here):
    found = json.loads(
        run_here(
            "form", "--input", "letter=Please send 3 red chairs to Oak Street 5", "--input", "urgent=true"
        )
    )
    assert found["order"].startswith("3 x ")
    assert found["order"].endswith("URGENT")
    assert found["mood"] in ("calm", "annoyed", "angry")


@pytest.mark.local
def test_http_report_lists_what_the_service_says(run_here, service):
    change = ("https://api.github.com", service)
    report = run_here("http-report", "--input", "repository=a/b", "--allow-private-network", change=change)
    assert report == "# a/b: the last 1 releases\n\n- 2026-01-02 [1.2.0](https://x)\n"


@pytest.mark.local
def test_http_report_says_that_the_service_cannot_be_reached(run_here):
    change = ("https://api.github.com", "http://127.0.0.1:9")
    said = run_here("http-report", "--input", "repository=a/b", "--allow-private-network", change=change)
    assert "refused" in said


@pytest.mark.local
@pytest.mark.parametrize("template", sorted(ON_A_SERVER))
def test_what_needs_a_server_is_not_begun_here(template, tmp_path, capfdbinary):
    templates.make("made", tmp_path / "made", template=template)
    inputs = ["--input", "topic=x"] if template == "approval" else ["--query", "x"]
    code = main.run(["run", str(tmp_path / "made"), "--model-endpoint", "demo", *inputs])
    assert code == 2
    assert b"run it on a server" in capfdbinary.readouterr().err


def test_an_existing_folder_is_left_alone(tmp_path):
    with pytest.raises(UsageError, match="exists"):
        templates.make("x", tmp_path, template="minimal")


def test_an_unknown_template_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="corpus"):
        templates.make("x", tmp_path / "x", template="nope")


def test_a_place_that_takes_no_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        templates.make("x", tmp_path / "file" / "x", template="minimal")
