"""Tools from an OpenAPI document (3.x, or Swagger 2) in JSON or YAML: each operation is a function.

Parameters and the members of a JSON body become the function's arguments. References into the document are followed;
where one leads back to itself it ends in an object without a schema. Nothing is fetched.
"""

import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import yaml

from upstream.formats.tool_faults import NotTools, text_check
from upstream.formats.tool_json import DEPTH_MAX, depth_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OPERATIONS_MAX: Final = 2_000
NODES_MAX: Final = 200_000
"""Parts of the chosen operations' schemas after references were followed."""
REFS_MAX: Final = 24
"""References that lie within each other."""
_NAME: Final = re.compile(r"[^a-zA-Z0-9-]+")
_CARRIED: Final = (
    "title",
    "summary",
    "externalDocs",
    "xml",
    "example",
    "examples",
    "discriminator",
    "deprecated",
)
"""Members of OpenAPI's schemas that say nothing about a value, or that JSON Schema spells otherwise."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document; `id` is its method and path, `summary` the first of its words."""

    id: str
    name: str
    summary: str


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """YAML as JSON people mean it: dates stay text, `no` and `on` are words, 1:30 is no number."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", "~nN"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    ("int", r"[-+]?[0-9]{1,400}", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"{_pattern}\Z"), [*_first, ""])
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def operations_of(text: str) -> list[Operation]:
    """Return the operations of an OpenAPI document in its order, at most OPERATIONS_MAX; raises NotTools."""
    document, found = _read(text)
    del document
    return [Operation(each.id, each.name, next(iter(each.words), "")) for each in found]


def tools_from_openapi(text: str, chosen: Collection[str]) -> list[dict[str, Any]]:
    """Return the tools that the chosen operations (ids of `operations_of`) become; raises NotTools."""
    document, found = _read(text)
    resolver = _Resolver(document)
    tools = [_tool(resolver, each) for each in found if each.id in chosen]
    if not tools:
        raise NotTools("no_operation")
    return tools


@dataclass(frozen=True, slots=True)
class _Found:
    """An operation as the document has it; `shared` are the parameters of its path."""

    id: str
    name: str
    words: tuple[str, ...]
    operation: dict[str, Any]
    shared: Any


def _read(text: str) -> tuple[dict[str, Any], list[_Found]]:
    text_check(text)
    document = _document(text)
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict):
        raise NotTools("no_operation")
    found = list(islice(_operations(document, paths), OPERATIONS_MAX))
    if not found:
        raise NotTools("no_operation")
    return document, found


def _document(text: str) -> Any:
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except json.JSONDecodeError as error:
        raise NotTools("not_json", error.msg, error.lineno) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotTools(
            "not_yaml", str(getattr(error, "problem", "") or ""), mark.line + 1 if mark else 0
        ) from error
    except RecursionError as error:
        raise NotTools("too_deep") from error
    except (
        ValueError,
        TypeError,
    ) as error:  # a key of a mapping that cannot be one, a number out of all bounds
        raise NotTools("not_yaml", str(error)[:200]) from error
    if depth_of(value) > DEPTH_MAX:
        raise NotTools("too_deep")
    return value


def _yaml(text: str) -> Any:
    """Return what a YAML text holds, without aliases: a few lines of them can stand for billions of values."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise NotTools("not_yaml", "aliases")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise NotTools("too_deep")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def _operations(document: dict[str, Any], paths: dict[Any, Any]) -> Iterator[_Found]:
    for path, kept in paths.items():
        item = _Resolver(document).followed(kept)
        if not isinstance(item, dict):
            continue
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                yield _found(str(path), method, operation, item.get("parameters"))


def _found(path: str, method: str, operation: dict[str, Any], shared: Any) -> _Found:
    own = operation.get("operationId")
    name = _name(own if isinstance(own, str) and own else f"{method}_{path}")
    words = [operation.get("summary"), operation.get("description")]
    said = dict.fromkeys(word.strip() for word in words if isinstance(word, str) and word.strip())
    return _Found(f"{method.upper()} {path}", name, tuple(said), operation, shared)


def _tool(resolver: "_Resolver", found: _Found) -> dict[str, Any]:
    own = found.operation.get("parameters")
    declared = [
        *(found.shared if isinstance(found.shared, list) else []),
        *(own if isinstance(own, list) else []),
    ]
    function: dict[str, Any] = {"name": found.name}
    if found.words:
        function["description"] = "\n\n".join(found.words)
    function["parameters"] = _arguments(resolver, declared, found.operation.get("requestBody"))
    return {"type": "function", "function": function}


def _arguments(resolver: "_Resolver", declared: list[Any], body: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in map(resolver.followed, declared):
        if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
            continue
        if parameter.get("in") == "body":  # Swagger 2
            _body_add(properties, required, resolver.schema(parameter.get("schema")), needed=True)
            continue
        if parameter.get("in") == "cookie":
            continue
        name = parameter["name"]
        schema = (
            parameter.get("schema") if isinstance(parameter.get("schema"), dict) else _old_schema(parameter)
        )
        properties[name] = resolver.schema(schema)
        if isinstance(parameter.get("description"), str):
            properties[name].setdefault("description", parameter["description"])
        if parameter.get("required") is True or parameter.get("in") == "path":
            required.append(name)
    body = resolver.followed(body)
    if isinstance(body, dict):
        content = body.get("content")
        schema = _json_schema_of(content) if isinstance(content, dict) else None
        if schema is not None:
            _body_add(properties, required, resolver.schema(schema), needed=body.get("required") is True)
    arguments: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        arguments["required"] = list(dict.fromkeys(required))
    return arguments


def _body_add(
    properties: dict[str, Any], required: list[str], schema: dict[str, Any], *, needed: bool
) -> None:
    """Put a body's members among the arguments; a body that is no plain object becomes the argument `body`."""
    members = schema.get("properties")
    if isinstance(members, dict) and not members.keys() & properties.keys():
        properties.update(members)
        names = schema.get("required")
        if needed and isinstance(names, list):
            required += [name for name in names if isinstance(name, str)]
        return
    properties["body"] = schema
    if needed:
        required.append("body")


def _json_schema_of(content: dict[Any, Any]) -> Any:
    for kind, media in content.items():
        if "json" in str(kind) and isinstance(media, dict):
            return media.get("schema")
    first = next(iter(content.values()), None)
    return first.get("schema") if isinstance(first, dict) else None


def _old_schema(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter of Swagger 2 says about its value."""
    names = ("type", "format", "enum", "items", "default", "minimum", "maximum", "pattern")
    return {name: parameter[name] for name in names if name in parameter}


def _name(text: str) -> str:
    return _NAME.sub("_", text).strip("_")[:64] or "operation"


class _Resolver:
    """Follows references within one document, and bounds what comes of them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._nodes = 0

    def followed(self, value: Any) -> Any:
        """Return what a reference leads to; anything else as it is."""
        seen: set[str] = set()
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            if value["$ref"] in seen:
                return {}
            seen.add(value["$ref"])
            value = self._lookup(value["$ref"])
        return value

    def schema(self, value: Any) -> dict[str, Any]:
        """Return a schema with its references followed, in the words of JSON Schema."""
        made = self._schema(value, ())
        return made if isinstance(made, dict) else {}

    def _lookup(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return {}
        at: Any = self._document
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            at = at.get(name) if isinstance(at, dict) else None
        return at if at is not None else {}

    def _schema(self, value: Any, inside: tuple[str, ...]) -> Any:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise NotTools("too_deep")
        if isinstance(value, list):
            return [self._schema(item, inside) for item in value]
        if not isinstance(value, dict):
            return value if _is_json_scalar(value) else str(value)
        reference = value.get("$ref")
        if isinstance(reference, str):
            if reference in inside or len(inside) >= REFS_MAX:
                return {"type": "object"}
            return self._schema(self._lookup(reference), (*inside, reference))
        return _in_json_schema(
            {
                str(key): self._properties(member, inside)
                if key == "properties"
                else self._schema(member, inside)
                for key, member in value.items()
                if key not in _CARRIED and not str(key).startswith("x-")
            }
        )

    def _properties(self, value: Any, inside: tuple[str, ...]) -> Any:
        """Members by their names, which may be any word: `title`, `example` …"""
        if not isinstance(value, dict):
            return {}
        return {str(name): self._schema(member, inside) for name, member in value.items()}


def _in_json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """`nullable` of OpenAPI 3.0 as a type of JSON Schema."""
    if schema.pop("nullable", None) is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


def _is_json_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool | int)
