"""Tools from Python, OpenAPI and other APIs' JSON; schemas as code."""

import json
from typing import Any

import pytest

from upstream.formats.schema_code import pydantic_of, typescript_of
from upstream.formats.tool_faults import NotTools
from upstream.formats.tool_json import tools_from_json
from upstream.formats.tool_openapi import operations_of, tools_from_openapi
from upstream.formats.tool_python import tools_from_python

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}}


def parameters_of(source: str) -> dict[str, Any]:
    (tool,) = tools_from_python(source)
    parameters: dict[str, Any] = tool["function"]["parameters"]
    return parameters


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("int", {"type": "integer"}),
        ("str | None", {"type": ["string", "null"]}),
        ("Optional[float]", {"type": ["number", "null"]}),
        ("'list[bool]'", {"type": "array", "items": {"type": "boolean"}}),
        ("typing.Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Literal[1, None]", {"type": ["integer", "null"], "enum": [1, None]}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("set[str]", {"type": "array", "uniqueItems": True, "items": {"type": "string"}}),
        ("Annotated[int, Field(ge=1, le=9)]", {"type": "integer", "minimum": 1, "maximum": 9}),
        ("int | list[int]", {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
        ("datetime.date", {"type": "string", "format": "date"}),
        ("Whatever", {}),
    ],
)  # fmt: skip
def test_an_annotation_becomes_a_schema(annotation: str, schema: dict[str, Any]) -> None:
    parameters = parameters_of(f"def f(a: {annotation}):\n    return 1/0")
    assert parameters["properties"] == {"a": schema}
    assert parameters["required"] == ["a"]


def test_defaults_docstrings_and_receivers() -> None:
    parameters = parameters_of('''
        class Shop:
            async def buy(self, item: str, count: int = 1, *, gift: bool = False, note=compute()) -> None:
                """Buy something.

                Parameters
                ----------
                item : str
                    What to buy,
                    by its name.
                count : int

                Returns
                -------
                None
                """
    ''')
    assert parameters == {
        "type": "object",
        "properties": {
            "item": {"type": "string", "description": "What to buy, by its name."},
            "count": {"type": "integer", "default": 1},
            "gift": {"type": "boolean", "default": False},
            "note": {},
        },
        "required": ["item"],
        "additionalProperties": False,
    }


def test_classes_of_the_same_text_become_objects() -> None:
    parameters = parameters_of('''
class Size(Enum):
    S = "s"
    L = "l"

class Node(BaseModel):
    """A node.

    :param size: How large
    """
    size: Size = Size.S
    children: list["Node"]
    label: str = Field(..., description="Shown", min_length=1)

def draw(node: Node): ...
''')
    node = parameters["properties"]["node"]
    assert node["required"] == ["children", "label"]
    assert node["properties"]["size"] == {"type": "string", "enum": ["s", "l"], "description": "How large"}
    assert node["properties"]["children"] == {"type": "array", "items": {"type": "object"}}
    assert node["properties"]["label"] == {"type": "string", "description": "Shown"}


@pytest.mark.parametrize(("text", "line"), [("def f(:\n  pass", 1), ("def f(a):\npass", 2)])
def test_a_syntax_error_names_its_line(text: str, line: int) -> None:
    with pytest.raises(NotTools) as caught:
        tools_from_python(text)
    assert (caught.value.code, caught.value.line) == ("not_python", line)


@pytest.mark.parametrize(
    "value",
    [
        {"name": "f", "description": "d", "input_schema": {"type": "object"}},
        {"name": "f", "description": "d", "inputSchema": {"type": "object"}},
        {"tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "object"}}]}]},
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
        {"model": "m", "messages": [], "tools": [{"type": "function", "function": FUNCTION}]},
        {"functions": [{"name": "f", "description": "d", "parameters": {"type": "object"}}]},
    ],
)  # fmt: skip
def test_tools_of_every_api_are_the_same_tool(value: Any) -> None:
    assert tools_from_json(json.dumps(value)) == [{"type": "function", "function": FUNCTION}]


OPENAPI = """
openapi: 3.0.3
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: integer}, description: Which pet}
    put:
      operationId: pets.update
      summary: Change a pet
      parameters:
        - $ref: '#/components/parameters/Dry'
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
components:
  parameters:
    Dry: {name: dry, in: query, schema: {type: boolean}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string, example: no}
        born: {type: string, nullable: true, default: 2020-01-01}
        parent: {$ref: '#/components/schemas/Pet'}
"""


def test_an_operation_becomes_a_function() -> None:
    (operation,) = operations_of(OPENAPI)
    assert (operation.id, operation.name, operation.summary) == (
        "PUT /pets/{petId}",
        "pets_update",
        "Change a pet",
    )
    (tool,) = tools_from_openapi(OPENAPI, {operation.id})
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "petId": {"type": "integer", "description": "Which pet"},
            "dry": {"type": "boolean"},
            "name": {"type": "string"},
            "born": {"type": ["string", "null"], "default": "2020-01-01"},
            "parent": {"type": "object"},
        },
        "required": ["petId", "name"],
    }


SCHEMA = {
    "type": "object",
    "title": "order",
    "additionalProperties": False,
    "required": ["lines", "class"],
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "class": {"enum": ["a", "b"], "description": 'Say "a"\nor b'},
        "total": {"type": ["number", "null"], "minimum": 0},
    },
    "$defs": {
        "line": {"type": "object", "properties": {"of": {"$ref": "#/$defs/line"}, "x-y": {"const": 1}}}
    },
}


def test_a_schema_becomes_models_that_parse_what_it_describes() -> None:
    code = pydantic_of(SCHEMA)
    compile(code, "<made>", "exec")
    assert "class Order(BaseModel):" in code
    assert 'field_class: Literal["a", "b"] = Field(description=' in code
    assert "total: float | None = Field(default=None, ge=0)" in code
    assert "of: Line | None = None" in code
    assert 'x_y: Literal[1] | None = Field(default=None, alias="x-y")' in code


def test_a_schema_becomes_interfaces() -> None:
    code = typescript_of(SCHEMA)
    assert "export interface Order {" in code
    assert '  /** Say "a" or b */\n  class: "a" | "b";' in code
    assert '  "x-y"?: 1;' in code
    assert (
        typescript_of({"type": "array", "items": {"type": "string"}}, "names")
        == "\nexport type Names = string[];\n"
    )
