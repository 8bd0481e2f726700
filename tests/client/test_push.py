"""A push as a plan and what comes of it, over consoles that behave as recorded."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from difyflow.client.masks import fingerprint, is_mask, with_kept_secrets, with_values, without_secrets
from difyflow.client.push import Action, Wish, apply, plan
from difyflow.dsl.reader import read
from difyflow.errors import ApiError, ConnectionLost, UsageError

VERSIONS = [
    pytest.param("0.15.3", marks=pytest.mark.long),
    "1.12.1",
    pytest.param("1.15-dev", marks=pytest.mark.long),
]
SECRET = "secret-env-value-42"
MASKS = ("", "*" * 20, "secret************42", "[__HIDDEN__]")


def app_of(data):
    return read(yaml.dump(data, Dumper=yaml.CSafeDumper))


def changed(data, *, value=None, title=None):
    """A copy with another value of the secret, or another title of the first node."""
    data = copy.deepcopy(data)
    if value is not None:
        for item in data["workflow"]["environment_variables"]:
            if item["value_type"] == "secret":
                item["value"] = value
    if title is not None:
        data["workflow"]["graph"]["nodes"][0]["data"]["title"] = title
    return data


def yes(_said):
    return True


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_app_is_made_published_and_given_a_key(console, connect, flow, version):
    server = console(version)
    api = connect(server)
    planned = plan(api, app_of(flow(version)), Wish(publish=True, name="v1", comment="erste", make_key=True))

    assert (planned.action, planned.publishes, server.apps) == (Action.CREATE, True, {})
    done = apply(api, planned, confirm=yes)

    app = server.apps[done.app_id]
    assert done.published and app.live == app.data and done.version_id == app.version_id
    assert app.keys == [done.key] and done.key not in repr(done)
    assert app.secrets() == {"TOKEN": SECRET} and SECRET not in repr(planned)
    assert done.api_base_url == f"{server.url}/v1"
    assert (app.name, app.comment) == ("v1", "erste")
    assert any("no names and comments" in note for note in done.notes) == (version == "0.15.3")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_app_is_updated_and_what_is_live_stays_until_it_is_published(console, connect, flow, version):
    server = console(version)
    app = server.add(flow(version))
    app.live = copy.deepcopy(app.data)
    api = connect(server)

    planned = plan(api, app_of(changed(flow(version), title="Other")), Wish(), app_id=app.id)
    done = apply(api, planned, confirm=yes)

    assert planned.action is Action.UPDATE and planned.target.name == "Line rewriter"
    assert done.app_id == app.id and len(server.apps) == 1 and not done.published
    assert app.data["workflow"]["graph"]["nodes"][0]["data"]["title"] == "Other"
    assert app.live["workflow"]["graph"]["nodes"][0]["data"]["title"] != "Other"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_there_already_is_not_imported_again_nor_published_twice(console, connect, flow, version):
    server = console(version)
    app = server.add(flow(version))
    app.live, app.version_id = copy.deepcopy(app.data), "x"
    api = connect(server)

    planned = plan(api, app_of(flow(version)), Wish(publish=True), app_id=app.id)
    done = apply(api, planned, confirm=yes)

    assert planned.action is Action.SAME and planned.does_nothing
    assert done.status == "same" and app.edits == 1
    assert not server.calls("POST", ".*/(imports|publish)")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", MASKS)
def test_a_secret_that_the_file_does_not_hold_is_kept_and_no_mask_is_written(
    console, connect, flow, version, value
):
    server = console(version)
    app = server.add(flow(version))
    api = connect(server)
    ours = app_of(changed(flow(version), value=value, title="Other"))

    planned = plan(api, ours, Wish(), app_id=app.id)
    apply(api, planned, confirm=yes)

    assert any("TOKEN" in note and "kept" in note for note in planned.notes)
    assert app.secrets() == {"TOKEN": SECRET}
    sent = server.calls("POST", "/console/api/apps/imports")[0].json()["yaml_content"]
    assert "***" not in sent and "HIDDEN" not in sent


def test_a_secret_of_the_file_replaces_that_of_the_server(console, connect, flow):
    server = console()
    app = server.add(flow())
    api = connect(server)

    planned = plan(api, app_of(changed(flow(), value="new one")), Wish(), app_id=app.id)
    apply(api, planned, confirm=yes)

    assert planned.action is Action.UPDATE and app.secrets() == {"TOKEN": "new one"}


@pytest.mark.parametrize("value", MASKS[1:])
def test_a_mask_that_stands_for_nothing_is_refused_before_anything_is_sent(console, connect, flow, value):
    server = console()
    api = connect(server)

    with pytest.raises(UsageError, match="TOKEN") as caught:
        plan(api, app_of(changed(flow(), value=value)), Wish())

    assert caught.value.code == "mask" and "--env TOKEN" in caught.value.hint
    assert server.apps == {}


def test_an_empty_secret_of_a_new_app_is_told(console, connect, flow):
    planned = plan(connect(console()), app_of(changed(flow(), value="")), Wish())

    assert any("'TOKEN' is empty" in note for note in planned.notes)


def test_a_draft_that_changed_since_the_pull_is_not_overwritten_without_force(console, connect, flow):
    server = console()
    app = server.add(flow())
    api = connect(server)
    pulled = fingerprint(read(api.export(app.id)))
    ours = app_of(changed(flow(), title="Ours"))
    plan(api, ours, Wish(pulled=pulled), app_id=app.id)

    app.data = changed(flow(), title="Theirs")
    with pytest.raises(UsageError) as caught:
        plan(api, ours, Wish(pulled=pulled), app_id=app.id)
    forced = plan(api, ours, Wish(pulled=pulled, force=True), app_id=app.id)

    assert caught.value.code == "draft-changed" and "--force" in caught.value.hint
    assert forced.action is Action.UPDATE


@pytest.mark.parametrize("version", VERSIONS)
def test_a_newer_file_is_announced_and_imported_only_when_confirmed(console, connect, flow, version):
    server = console(version)
    api = connect(server)
    planned = plan(api, app_of(flow(version, version="0.9.0")), Wish(publish=True))
    asked = []

    declined = apply(api, planned, confirm=lambda said: asked.append(said.status))
    assert planned.asks and any("0.9.0" in note for note in planned.notes)
    assert declined.declined and asked == ["pending"] and server.apps == {}

    done = apply(api, planned, confirm=yes)
    assert done.status == "completed" and len(server.apps) == 1 and done.published


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_an_older_file_is_imported_with_the_servers_warning(console, connect, flow, version):
    api = connect(console(version))
    planned = plan(api, app_of(flow(version, version="0.3.0")), Wish())
    done = apply(api, planned, confirm=yes)

    assert done.status == "completed-with-warnings"
    assert any("0.3.0" in note for note in planned.notes) and any("0.3.0" in note for note in done.notes)


def plugin(identifier):
    value = {"marketplace_plugin_unique_identifier": identifier}
    return {"type": "marketplace", "current_identifier": None, "value": value}


def test_missing_plugins_are_those_that_the_server_names(console, connect, flow):
    server = console()
    api = connect(server)
    server.missing = ["langgenius/tongyi:0.0.20@1b1b"]

    done = apply(api, plan(api, app_of(flow()), Wish()), confirm=yes)

    assert done.missing == ("langgenius/tongyi:0.0.20@1b1b",)


def test_after_a_confirmed_import_the_plugins_are_compared_with_those_of_the_workspace(
    console, connect, flow
):
    server = console()
    api = connect(server)
    there = "langgenius/siliconflow:0.0.99@2c2c"  # another version than the recorded one is installed
    needed = [plugin(there), plugin("langgenius/tongyi:0.0.20@1b1b"), {"type": "odd", "value": {}}]
    newer = app_of(flow(dependencies=needed, version="0.6.0"))

    done = apply(api, plan(api, newer, Wish(force=True)), confirm=yes)

    assert done.missing == ("langgenius/tongyi:0.0.20@1b1b",)


def test_where_the_plugins_cannot_be_learned_that_is_said(console, connect, flow, loopback):
    server = console()
    api = connect(server)
    fault = {"code": "internal_server_error", "message": "Failed to request plugin daemon", "status": 500}
    server.on("GET", ".*/plugin/list", loopback.Answer.json(fault, 500))
    newer = app_of(flow(dependencies=[plugin("langgenius/tongyi:0.0.20@1b1b")], version="0.6.0"))

    done = apply(api, plan(api, newer, Wish()), confirm=yes)

    assert done.missing == () and any("plugins" in note for note in done.notes)


def test_a_file_that_this_release_refuses_is_not_sent_since_it_would_leave_an_empty_app(
    console, connect, flow
):
    server = console("1.12.1")
    api = connect(server)
    data = flow()
    data["workflow"]["graph"]["nodes"][1]["data"]["type"] = "teleport"

    with pytest.raises(UsageError) as caught:
        plan(api, app_of(data), Wish())
    assert caught.value.code == "would-be-refused" and "teleport" in caught.value.message
    assert server.apps == {}

    with pytest.raises(ApiError) as refused:
        apply(api, plan(api, app_of(data), Wish(force=True)), confirm=yes)
    assert "teleport" in refused.value.message and "delete" in refused.value.hint


def test_a_workflow_does_not_go_over_a_chatflow(console, connect, flow):
    server = console()
    chat = flow()
    chat["app"]["mode"] = "advanced-chat"
    app = server.add(chat)

    with pytest.raises(UsageError, match="advanced-chat"):
        plan(connect(server), app_of(flow()), Wish(force=True), app_id=app.id)


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])
def test_apps_without_a_graph_are_not_pushed(console, connect, mode):
    app = read(f"app: {{mode: {mode}, name: x}}\nkind: app\nversion: 0.5.0\nmodel_config: {{}}\n")

    with pytest.raises(UsageError, match=mode):
        plan(connect(console()), app, Wish())


def test_somebody_who_may_not_import_learns_it_before(console, connect, flow):
    server = console("1.12.1", role="normal")

    with pytest.raises(UsageError, match="'normal'"):
        plan(connect(server), app_of(flow()), Wish())


def test_apps_of_the_same_name_are_told_before_another_is_made(console, connect, flow):
    server = console()
    app = server.add(flow())

    assert plan(connect(server), app_of(flow()), Wish()).namesakes == (app.id,)


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        (Wish(comment="x"), "--comment is for a version, so it needs --publish"),
        (Wish(name="x"), "--version-name is for a version, so it needs --publish"),
        (Wish(publish=True, comment="x" * 101), "--comment has 101 characters; Dify takes 100"),
        (Wish(publish=True, name="版" * 21), "--version-name has 21 characters; Dify takes 20"),
    ],
)
def test_a_name_or_comment_that_cannot_be_kept_is_refused(console, connect, flow, wish, word):
    with pytest.raises(UsageError) as caught:
        plan(connect(console()), app_of(flow()), wish)
    assert word in str(caught.value)


def lose_answer(server, path, loopback):
    """The server does what is asked and its answer never arrives."""
    real = next(
        replies for method, pattern, replies in server._routes if method == "POST" and pattern.fullmatch(path)
    )

    def reply(seen):
        real[0](seen)
        return loopback.Answer(reset=True)

    server.on("POST", path, reply)


def test_a_new_app_whose_answer_was_lost_is_found_and_not_made_twice(console, connect, flow, loopback):
    server = console()
    server.add(flow())
    api = connect(server)
    planned = plan(api, app_of(flow()), Wish())
    lose_answer(server, "/console/api/apps/imports", loopback)

    done = apply(api, planned, confirm=yes)

    assert len(server.apps) == 2 and done.app_id == list(server.apps)[1]
    assert len(server.calls("POST", "/console/api/apps/imports")) == 1


def test_a_new_app_that_was_lost_on_its_way_is_an_error_that_says_so(console, connect, flow, loopback):
    server = console()
    api = connect(server)
    planned = plan(api, app_of(flow()), Wish())
    server.on("POST", "/console/api/apps/imports", loopback.Answer(reset=True))

    with pytest.raises(ConnectionLost) as caught:
        apply(api, planned, confirm=yes)

    assert "no new app" in caught.value.hint


@pytest.mark.parametrize("arrived", [True, False])
def test_a_publication_whose_answer_was_lost_is_looked_up(console, connect, flow, loopback, arrived):
    server = console()
    app = server.add(flow())
    api = connect(server)
    planned = plan(api, app_of(flow()), Wish(publish=True), app_id=app.id)
    path = f"/console/api/apps/{app.id}/workflows/publish"
    if arrived:
        lose_answer(server, path, loopback)
        assert apply(api, planned, confirm=yes).published and app.live == app.data
    else:
        server.on("POST", path, loopback.Answer(reset=True))
        with pytest.raises(ConnectionLost) as caught:
            apply(api, planned, confirm=yes)
        assert "not published" in caught.value.hint and f"--app {app.id}" in caught.value.hint


@pytest.mark.parametrize("path", [".*/check-dependencies", "/console/api/apps/[^/]+", ".*/export"])
def test_a_fault_after_the_import_names_the_app_so_that_no_second_one_is_made(
    console, connect, flow, loopback, path
):
    server = console()
    api = connect(server)
    planned = plan(api, app_of(flow()), Wish(make_key=True))
    server.on("GET", path, loopback.Answer.html(502, "Bad Gateway"))

    with pytest.raises(ApiError) as caught:
        apply(api, planned, confirm=yes)

    (app,) = server.apps.values()
    assert f"--app {app.id}" in caught.value.hint and app.keys == []


def test_a_switched_off_api_is_told(console, connect, flow):
    server = console()
    app = server.add(flow())
    app.enable_api = False
    api = connect(server)

    done = apply(api, plan(api, app_of(changed(flow(), title="x")), Wish(), app_id=app.id), confirm=yes)

    assert any("API access" in note for note in done.notes)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fingerprint_of_a_file_is_that_of_its_export(console, connect, flow, version):
    server = console(version)
    api = connect(server)
    ours = app_of(flow(version))
    done = apply(api, plan(api, ours, Wish()), confirm=yes)

    assert done.fingerprint == fingerprint(ours) == fingerprint(without_secrets(ours))
    assert fingerprint(app_of(changed(flow(version), title="x"))) != done.fingerprint


@pytest.mark.long
@given(st.one_of(st.text(max_size=12), st.sampled_from(MASKS)), st.text(max_size=12), st.booleans())
def test_whatever_the_file_and_the_server_hold_no_mask_is_ever_sent(value, stored, same):
    ours = app_of(small(value))
    theirs = app_of(small(stored)) if same else None
    try:
        kept, _ = with_kept_secrets(ours, theirs)
    except UsageError as err:
        assert err.code == "mask" and is_mask(value)
        return
    (sent,) = [item.value for item in kept.workflow.environment_variables]
    assert sent == (value if value and not is_mask(value) else stored if theirs else "")


def small(value):
    """A file with one secret."""
    secret = {"id": "i", "name": "S", "value": value, "value_type": "secret"}
    return {"app": {"mode": "workflow", "name": "x"}, "workflow": {"environment_variables": [secret]}}


@pytest.mark.parametrize("value", ["sk-abc************yz", "*" * 20, "[__HIDDEN__]", "ab************"])
def test_masks_of_all_releases_are_known(value):
    assert is_mask(value)


@pytest.mark.parametrize("value", ["", "***", "secret", "a*b*c", 7, None, "p" * 40 + "*" * 20])
def test_a_secret_is_not_taken_for_a_mask(value):
    assert not is_mask(value)


def test_a_secret_is_matched_by_id_before_name(flow):
    ours, theirs = changed(flow(), value=""), flow()
    for item in ours["workflow"]["environment_variables"]:
        item["name"] = {"TOKEN": "RENAMED"}.get(item["name"], item["name"])

    kept, _ = with_kept_secrets(app_of(ours), app_of(theirs))

    assert {item.name: item.value for item in kept.workflow.environment_variables}["RENAMED"] == SECRET


def test_values_are_given_by_name_to_variables_that_hold_text(flow):
    app = with_values(app_of(flow()), {"TOKEN": "given"})
    assert [item.value for item in app.workflow.environment_variables if item.name == "TOKEN"] == ["given"]
    for name in ("LIMIT", "NOT_THERE"):
        with pytest.raises(UsageError, match=name) as caught:
            with_values(app, {name: "x"})
        assert "PREFIX, TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    "odd",
    [
        "{environment_variables: {a: 1}}",
        "{environment_variables: [1, {name: a, value_type: secret, value: 3}, null]}",
        "{environment_variables: [{name: [], value_type: secret}]}",
        "{}",
        "[]",
    ],
)
def test_odd_variables_are_let_through_as_they_are(odd):
    app = read(f"app: {{mode: workflow, name: x}}\nworkflow: {odd}\n")

    assert fingerprint(app) == fingerprint(without_secrets(app))
    assert with_kept_secrets(app, app)[0].data()["app"] == app.data()["app"]
