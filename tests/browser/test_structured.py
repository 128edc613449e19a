"""Structured output and the editor of tools: dialogs that write the rows, answers judged while they stream."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open
from tests.browser.lab import watch
from tests.browser.tools_desk import TIME, WEATHER, ToolsDesk, provider
from tests.browser.workbench import MODEL_PATIENCE
from tests.fakes import FakeUpstream, Gate
from tests.replies import Stream
from tests.served import Installation, wait_for


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(
        shared_installation,
        provider("Gateway", shared_upstream.base_url),
        hosts=shared_upstream.address,
        PLAYGROUND_LOCAL_MODEL="1",
    )


@pytest.fixture
def faults(page: Page) -> list[str]:
    return watch(page)[1]


@pytest.fixture
def desk(page: Page, house: House, upstream: FakeUpstream, faults: list[str]) -> ToolsDesk:
    desk = ToolsDesk(house.enter(page))
    desk.choose("Gateway")
    return desk


def row(desk: ToolsDesk, name: str) -> str:
    """Return the source text of a parameter as every run posts it."""
    source = json.loads(desk.page.locator("input[data-parameters]").input_value()).get(name, "")
    assert isinstance(source, str)
    return source


def schema_write(desk: ToolsDesk, label: str, text: str) -> None:
    """Put a schema in the place of the one that is there."""
    editor = desk.page.get_by_role("dialog").get_by_role("textbox", name=label)
    editor.focus()
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.insert_text(text)


@pytest.mark.slow
@pytest.mark.local_model
def test_an_answer_of_the_real_local_model_is_judged(
    desk: ToolsDesk, house: House, faults: list[str]
) -> None:
    wait_for(
        lambda: house.server.health()["local_model"]["status"] == "ready", within=60, what="the local model"
    )
    desk.page.reload()
    desk.choose_local()
    desk.page.get_by_role("button", name="Try structured output").click()
    desk.bench.send_button.click()
    answer = desk.bench.expect_state("completed", timeout=MODEL_PATIENCE)
    expect(answer.get_by_text("Valid against person")).to_be_visible()
    tree = answer.get_by_role("group", name="Answer as a tree")
    expect(tree).to_contain_text("city")
    answer.get_by_role("button", name="Text", exact=True).click()
    assert set(json.loads(answer.locator("[data-source]").inner_text())) == {"name", "age", "city"}

    desk.page.get_by_role("button", name="New chat").click()
    expect(desk.bench.answers).to_have_count(0)
    desk.choose_local()
    desk.parameter("max_tokens", "8")
    desk.offer(WEATHER)
    desk.bench.say("What is the weather in Paris?")
    answer = desk.bench.expect_state("completed", timeout=MODEL_PATIENCE)
    expect(answer).to_contain_text("tools: 1 offered, none was called")
    assert faults == []


def test_an_answer_is_judged_while_it_streams(
    desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]
) -> None:
    dialog = desk.format_open()
    dialog.get_by_role("button", name="List of objects").click()
    expect(dialog.get_by_text("A schema that strict mode takes")).to_be_visible()
    desk.page.keyboard.press("Escape")
    assert json.loads(row(desk, "response_format"))["json_schema"]["strict"] is True

    first, second = Gate(), Gate()
    good = '{"items": [{"name": "Ada", "description": "\\u00e9crivit", "score": 1.50e1}, {"name": "B'
    bad = 'ob", "description": "wrote", "score": "two"}, {"name": "Eve"'
    upstream.script("m", Stream(text=[good, first, bad, second, ', "description": "", "score": 3}]}']))
    desk.bench.say("List them")
    answer = desk.bench.answers.last
    first.wait_reached()
    expect(answer.get_by_text("Fits items so far")).to_be_visible()
    expect(answer.get_by_role("group", name="Answer as a tree")).to_contain_text("écrivit")
    expect(answer.get_by_role("group", name="Answer as a tree")).to_contain_text("1.50e1")
    first.open()
    expect(answer.get_by_text("items[1].score")).to_be_visible()
    second.open()
    desk.bench.expect_state("completed")
    expect(answer.get_by_text("1 place does not fit items")).to_be_visible()

    answer.get_by_role("button", name="Table").click()
    table = answer.get_by_role("group", name="items as a table")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.locator(".json-table__bad")).to_have_text("two")
    assert violations(desk.page) == []
    desk.page.reload()
    expect(answer.get_by_text("1 place does not fit items")).to_be_visible()
    copied = desk.page.evaluate_handle(
        "() => { const said = []; navigator.clipboard.writeText = async (t) => { said.push(t) }; return said }"
    )
    answer.get_by_text("Copy as").click()
    answer.get_by_role("button", name="Python model").click()
    expect(desk.page.get_by_text("The Python model is copied.")).to_be_visible()
    assert "class Items(BaseModel):" in copied.json_value()[0]
    assert faults == []


def test_a_pattern_that_never_ends_keeps_nobody_waiting(
    desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]
) -> None:
    """Tried on the page itself, this pattern would take longer than the universe is old."""
    dialog = desk.format_open()
    dialog.get_by_role("button", name="List of objects").click()
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}}}
    schema_write(desk, "JSON Schema", json.dumps(schema))
    desk.page.keyboard.press("Escape")
    upstream.script("m", Stream(text=[json.dumps({"name": "a" * 90 + "!"})]))
    desk.bench.say("Name it")
    answer = desk.bench.expect_state("completed")
    expect(answer.get_by_text("The schema cannot be used to check this answer.")).to_be_visible()
    answer.get_by_role("button", name="Text", exact=True).click()
    expect(answer.get_by_role("paragraph")).to_contain_text("a!")

    upstream.script("m", Stream(text=[json.dumps({"name": "a" * 90})]))
    desk.bench.say("Once more")
    again = desk.bench.expect_state("completed", nth=1)
    expect(again.get_by_text("Valid against items")).to_be_visible()
    assert faults == []


def test_tools_are_edited_and_imported_without_losing_a_letter(
    desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]
) -> None:
    kept = '{"type": "function", "x-own": 1.0, "function": {"name": "kept", "parameters": {"type":"object"}, "z": 0.70}}'
    desk.parameter("tools", f"[{kept}]")
    dialog = desk.tools_open()
    for kind, text in (
        ("JSON", json.dumps({**WEATHER["function"], "input_schema": WEATHER["function"]["parameters"]})),
        (
            "Python",
            'def add(a: int, b: int = 2) -> int:\n    """Add.\n\n    Args:\n        a: The first\n    """',
        ),
        ("OpenAPI", "paths: {/pets: {get: {operationId: listPets, summary: All pets}, post: {}}}"),
    ):
        dialog.get_by_role("button", name="Import").click()
        dialog.get_by_text(kind, exact=True).click()
        dialog.get_by_label("Text to import").fill(text)
        dialog.get_by_role("button", name="Add to the tools").click()
        if kind == "OpenAPI":
            dialog.get_by_label("GET /pets").check()
            dialog.get_by_role("button", name="Add to the tools").click()
        expect(dialog.get_by_role("form", name="Import tools")).to_be_hidden()
    names = dialog.locator("[data-tool-show]")
    expect(names).to_have_text(["kept", "get_weather", "add", "listPets"])
    tools = json.loads(row(desk, "tools"))
    assert tools[2]["function"]["parameters"]["properties"]["a"] == {
        "type": "integer",
        "description": "The first",
    }
    assert kept in row(desk, "tools")

    dialog.get_by_role("button", name="Move add up").click()
    dialog.get_by_role("button", name="Duplicate listPets").click()
    dialog.get_by_role("button", name="Delete get_weather").click()
    expect(names).to_have_text(["kept", "add", "listPets", "listPets_copy"])
    dialog.get_by_label("tool_choice").select_option(label="add, and no other")
    dialog.get_by_label("parallel_tool_calls").select_option("false")
    dialog.get_by_role("button", name="add", exact=True).click()
    schema_write(
        desk, "Parameters (JSON Schema)", '{"type": "objekt", "properties": {"a": {"$ref": "#/nowhere"}}}'
    )
    expect(dialog.get_by_text("The type must be one of")).to_be_visible()
    expect(dialog.get_by_text("There is nothing at #/nowhere")).to_be_visible()
    assert violations(desk.page) == []

    schema_write(desk, "Parameters (JSON Schema)", '{"type": "object", oops')
    expect(dialog.get_by_text("not valid JSON").first).to_be_visible()
    desk.page.keyboard.press("Escape")
    desk.bench.attempt("Hi")
    expect(desk.page.get_by_text("The schema of the tool add is not valid JSON.")).to_be_visible()
    expect(desk.bench.answers).to_have_count(0)
    desk.page.reload()
    dialog = desk.tools_open()
    dialog.get_by_role("button", name="add", exact=True).click()
    expect(dialog.get_by_role("textbox", name="Parameters (JSON Schema)")).to_contain_text("oops")
    schema_write(
        desk, "Parameters (JSON Schema)", '{"type": "object", "properties": {"a": {"type": "integer"}}}'
    )
    dialog.locator('[data-tool-field="strict"]').select_option("true")
    dialog.get_by_role("button", name="Make it strict").click()
    expect(dialog.get_by_text("A schema that strict mode takes")).to_be_visible()
    desk.page.keyboard.press("Escape")
    desk.bench.say("Hi")
    sent = upstream.wait_for_request().json
    assert sent["tools"][0] == json.loads(kept)
    assert sent["tools"][1]["function"]["parameters"] == {
        "type": "object",
        "properties": {"a": {"type": ["integer", "null"]}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert sent["parallel_tool_calls"] is False
    assert faults == []


def test_legacy_functions_are_written_to_their_own_row(desk: ToolsDesk) -> None:
    tools = row(desk, "tools")  # a new chat begins as the last one was
    dialog = desk.tools_open()
    dialog.get_by_text("functions", exact=True).click()
    dialog.get_by_role("button", name="Import").click()
    dialog.get_by_label("Text to import").fill(json.dumps([TIME]))
    dialog.get_by_role("button", name="Add to the tools").click()
    dialog.get_by_label("function_call").select_option(label="get_time, and no other")
    desk.page.keyboard.press("Escape")
    assert json.loads(row(desk, "functions")) == [TIME["function"]]
    assert json.loads(row(desk, "function_call")) == {"name": "get_time"}
    assert row(desk, "tools") == tools
