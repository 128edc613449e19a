"""Tools from pasted Python: each function's signature and docstring become a tool. The text is parsed, never run.

Types: str, int, float, bool, None, Any, list[X], dict[str, X], tuple, set, Optional, Union, `X | Y`, Literal, Annotated,
date and the like, and classes of the same text (enums, dataclasses, TypedDicts, models). Anything else takes any
value. Docstrings: Google's, NumPy's and Sphinx' ways to describe parameters.
"""

import ast
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from upstream.formats.docstrings import docstring_read
from upstream.formats.tool_faults import TOOLS_MAX, NotTools, text_check

PYTHON_MAX: Final = 60_000
"""Characters; signatures of 128 functions with their docstrings are shorter."""
DEPTH_MAX: Final = 12
"""Types within types."""

_PLAIN: Final[Mapping[str, dict[str, Any]]] = {
    "str": {"type": "string"},
    "bytes": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "complex": {"type": "string"},
    "Decimal": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "dict": {"type": "object"},
    "Dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "list": {"type": "array"},
    "List": {"type": "array"},
    "Sequence": {"type": "array"},
    "Iterable": {"type": "array"},
    "tuple": {"type": "array"},
    "Tuple": {"type": "array"},
    "set": {"type": "array", "uniqueItems": True},
    "Set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"},
    "EmailStr": {"type": "string", "format": "email"},
    "Path": {"type": "string"},
}
_LISTS: Final = frozenset({"list", "List", "Sequence", "Iterable", "Collection", "set", "Set", "frozenset"})
_OBJECTS: Final = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_ENUMS: Final = frozenset({"Enum", "StrEnum", "IntEnum"})
_RECEIVERS: Final = frozenset({"self", "cls"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tools_from_python(text: str) -> list[dict[str, Any]]:
    """Return a tool for each function of the text that a caller may call; raises NotTools."""
    text_check(text)
    if len(text) > PYTHON_MAX:
        raise NotTools("too_long")
    tree = _parse(textwrap.dedent(text))
    try:
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        tools = [_tool(function, classes) for function in _functions(tree)]
    except RecursionError as error:
        raise NotTools("too_deep") from error
    if not tools:
        raise NotTools("no_function")
    if len(tools) > TOOLS_MAX:
        raise NotTools("too_many")
    return tools


def _parse(text: str) -> ast.Module:
    """Parse a text; a signature without a body gets one."""
    faults: list[SyntaxError | ValueError] = []
    for ending in ("", " ...", ": ..."):
        try:
            return ast.parse(text + ending)
        except (SyntaxError, ValueError) as error:
            faults.append(error)
        except (RecursionError, MemoryError) as error:
            raise NotTools("too_deep") from error
    first = faults[0]
    line = getattr(first, "lineno", 0) or 0
    raise NotTools("not_python", str(getattr(first, "msg", first))[:200], line) from first


def _functions(tree: ast.Module) -> Iterator[Function]:
    """Yield the functions of a module, and the public methods of classes where it has no function of its own."""
    own = [node for node in tree.body if isinstance(node, Function)]
    if own:
        yield from own
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, Function) and not member.name.startswith("_"):
                    yield member


def _tool(function: Function, classes: Mapping[str, ast.ClassDef]) -> dict[str, Any]:
    summary, words = docstring_read(ast.get_docstring(function) or "")
    types = _Types(classes)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for argument, default in _arguments(function.args):
        if argument.arg in _RECEIVERS and not properties and argument.annotation is None:
            continue
        schema = types.schema(argument.annotation)
        if argument.arg in words:
            schema["description"] = words[argument.arg]
        if default is None:
            required.append(argument.arg)
        else:
            _default_add(schema, default)
        properties[argument.arg] = schema
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    parameters["additionalProperties"] = function.args.kwarg is not None
    made: dict[str, Any] = {"name": function.name[:64]}
    if summary:
        made["description"] = summary
    return {"type": "function", "function": {**made, "parameters": parameters}}


def _arguments(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Yield each named argument with its default."""
    places = [*arguments.posonlyargs, *arguments.args]
    missing = len(places) - len(arguments.defaults)
    for number, argument in enumerate(places):
        yield argument, arguments.defaults[number - missing] if number >= missing else None
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


_UNKNOWN: Final = object()


def _default_add(schema: dict[str, Any], default: ast.expr) -> None:
    value = _literal(default)
    if value is not _UNKNOWN:
        schema["default"] = value


def _literal(node: ast.expr | None, depth: int = 0) -> Any:
    """Return the value of a literal as JSON has it; `_UNKNOWN` for everything that would have to be run."""
    match node:
        case ast.Constant(value=None | bool() | str() | int() | float() as value):
            return value if _fits_json(value) else _UNKNOWN
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value if _fits_json(value) else _UNKNOWN
        case ast.List() | ast.Tuple() | ast.Set() if depth < DEPTH_MAX:
            items = [_literal(item, depth + 1) for item in node.elts]
            return _UNKNOWN if any(item is _UNKNOWN for item in items) else items
        case ast.Dict() if depth < DEPTH_MAX:
            keys = [_literal(key) for key in node.keys]
            values = [_literal(value, depth + 1) for value in node.values]
            if all(isinstance(key, str) for key in keys) and all(value is not _UNKNOWN for value in values):
                return dict(zip(keys, values, strict=True))
    return _UNKNOWN


def _fits_json(value: object) -> bool:
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    if isinstance(value, str):
        return value.isprintable() or not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or abs(value) < 10**400


class _Types:
    """From annotations to JSON Schema, with the classes of the same text."""

    def __init__(self, classes: Mapping[str, ast.ClassDef]) -> None:
        self._classes = classes

    def schema(self, node: ast.expr | None, inside: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return a new schema for an annotation; {} for what takes any value."""
        if node is None or len(inside) > DEPTH_MAX:
            return {}
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str() as text):
                return self._quoted(text, inside)
            case ast.Name() | ast.Attribute():
                return self._named(_last_name(node), inside)
            case ast.BinOp(op=ast.BitOr()):
                return _either([self.schema(each, (*inside, "|")) for each in _alternatives(node)])
            case ast.Subscript():
                return self._generic(_last_name(node.value), node.slice, inside)
        return {}

    def _quoted(self, text: str, inside: tuple[str, ...]) -> dict[str, Any]:
        try:
            node = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        return self.schema(node, (*inside, "quoted"))

    def _named(self, name: str, inside: tuple[str, ...]) -> dict[str, Any]:
        if name in self._classes:
            return {"type": "object"} if name in inside else self._class(self._classes[name], (*inside, name))
        return dict(_PLAIN.get(name, {}))

    def _generic(self, name: str, inner: ast.expr, inside: tuple[str, ...]) -> dict[str, Any]:
        parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        within = (*inside, name)
        match name:
            case "Optional":
                return _either([self.schema(inner, within), {"type": "null"}])
            case "Union":
                return _either([self.schema(part, within) for part in parts])
            case "Literal":
                return _literals(parts)
            case "Annotated":
                return self._annotated(parts, within)
            case "Required" | "NotRequired" | "Final" | "ReadOnly" | "ClassVar":
                return self.schema(inner, within)
            case "tuple" | "Tuple":
                return self._tuple(parts, within)
        if name in _LISTS:
            items = self.schema(parts[0], within)
            return {**_PLAIN.get(name, {"type": "array"}), **({"items": items} if items else {})}
        if name in _OBJECTS:
            values = self.schema(parts[1], within) if len(parts) > 1 else {}
            return {"type": "object", **({"additionalProperties": values} if values else {})}
        return self._named(name, inside)

    def _annotated(self, parts: list[ast.expr], inside: tuple[str, ...]) -> dict[str, Any]:
        schema = self.schema(parts[0], inside)
        for part in parts[1:]:
            said = _literal(part)
            if isinstance(said, str):
                schema["description"] = said
            elif isinstance(part, ast.Call):
                schema |= _field_facts(part)
        return schema

    def _tuple(self, parts: list[ast.expr], inside: tuple[str, ...]) -> dict[str, Any]:
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
            items = self.schema(parts[0], inside)
            return {"type": "array", **({"items": items} if items else {})}
        prefix = [self.schema(part, inside) for part in parts]
        return {"type": "array", "prefixItems": prefix, "minItems": len(prefix), "maxItems": len(prefix)}

    def _class(self, node: ast.ClassDef, inside: tuple[str, ...]) -> dict[str, Any]:
        bases = {_last_name(base) for base in node.bases}
        if bases & _ENUMS:
            return _enum(node)
        summary, words = docstring_read(ast.get_docstring(node) or "")
        properties: dict[str, Any] = {}
        required: list[str] = []
        for member in node.body:
            if not isinstance(member, ast.AnnAssign) or not isinstance(member.target, ast.Name):
                continue
            name = member.target.id
            if name.startswith("_") or _last_name_of_generic(member.annotation) == "ClassVar":
                continue
            schema = self.schema(member.annotation, inside)
            if name in words:
                schema["description"] = words[name]
            if isinstance(member.value, ast.Call):
                schema |= _field_facts(member.value)
            elif member.value is not None:
                _default_add(schema, member.value)
            if not _has_default(member):
                required.append(name)
            properties[name] = schema
        made: dict[str, Any] = {"type": "object", "properties": properties}
        if summary:
            made = {"type": "object", "description": summary, "properties": properties}
        if required:
            made["required"] = required
        return {**made, "additionalProperties": False}


def _has_default(member: ast.AnnAssign) -> bool:
    """Whether a field of a class may be left out: it has a value, `Field(default=…)`, or NotRequired."""
    if _last_name_of_generic(member.annotation) == "NotRequired":
        return True
    if isinstance(member.value, ast.Call):
        named = {keyword.arg for keyword in member.value.keywords}
        first = member.value.args[0] if member.value.args else None
        given = first is not None and not (isinstance(first, ast.Constant) and first.value is ...)
        return given or bool(named & {"default", "default_factory"})
    return member.value is not None


_FACTS: Final = {
    "description": ("description", str), "title": ("title", str), "ge": ("minimum", (int, float)),
    "gt": ("exclusiveMinimum", (int, float)), "le": ("maximum", (int, float)), "lt": ("exclusiveMaximum", (int, float)),
    "multiple_of": ("multipleOf", (int, float)), "pattern": ("pattern", str), "default": ("default", object),
}  # fmt: skip


def _field_facts(call: ast.Call) -> dict[str, Any]:
    """Return what `Field(…)` says in the words of JSON Schema."""
    facts: dict[str, Any] = {}
    for keyword in call.keywords:
        name, kinds = _FACTS.get(keyword.arg or "", ("", str))
        value = _literal(keyword.value)
        if name and value is not _UNKNOWN and isinstance(value, kinds):  # type: ignore[arg-type]  # classes
            facts[name] = value
    if call.args and (value := _literal(call.args[0])) is not _UNKNOWN:
        facts["default"] = value
    return facts


def _enum(node: ast.ClassDef) -> dict[str, Any]:
    values = [
        _literal(member.value)
        for member in node.body
        if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name)
    ]
    return _of_values([value for value in values if value is not _UNKNOWN])


def _literals(parts: list[ast.expr]) -> dict[str, Any]:
    return _of_values([value for part in parts if (value := _literal(part)) is not _UNKNOWN])


def _of_values(values: list[Any]) -> dict[str, Any]:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    types = list(dict.fromkeys(names.get(type(value), "") for value in values))
    if not values:
        return {}
    if "" in types:
        return {"enum": values}
    return {"type": types[0] if len(types) == 1 else types, "enum": values}


def _either(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a schema that any of these satisfies: a list of types where they are plain, `anyOf` otherwise."""
    if any(not schema for schema in schemas):
        return {}
    unique = [schema for number, schema in enumerate(schemas) if schema not in schemas[:number]]
    if len(unique) == 1:
        return unique[0]
    if all(schema.keys() == {"type"} and isinstance(schema["type"], str) for schema in unique):
        return {"type": [schema["type"] for schema in unique]}
    plain = [schema for schema in unique if schema != {"type": "null"}]
    if (
        len(plain) == 1
        and len(unique) == 2
        and isinstance(plain[0].get("type"), str)
        and "enum" not in plain[0]
    ):
        return {**plain[0], "type": [plain[0]["type"], "null"]}
    return {"anyOf": unique}


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the sides of `A | B | C`, without recursion."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _last_name(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _last_name_of_generic(node: ast.expr) -> str:
    return _last_name(node.value) if isinstance(node, ast.Subscript) else _last_name(node)
