"""A JSON Schema as a Python model (pydantic) or a TypeScript type, for whoever reads the answers elsewhere.

What a type cannot say (a pattern, a bound) is left out in TypeScript and becomes an argument of `Field` in Python; what
this module does not know becomes `Any` or `unknown`, never a guess. Names are made of the schema's own words.
"""

import json
import keyword
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from upstream.formats.tool_json import depth_of

DEPTH_MAX: Final = 40
MODELS_MAX: Final = 400
"""Classes of one schema; references that lead in circles make no more than there are definitions."""


class TooLarge(ValueError):
    """The schema is nested too deeply, or has more objects than anybody reads."""


def pydantic_of(schema: Any, name: str = "") -> str:
    """Return Python source: a pydantic model for each object of the schema, the outermost last. Raises TooLarge."""
    writer = _Python(schema, name)
    root = writer.type_of(writer.schema, writer.root, 0)
    ending = "" if root == writer.root else f"\n\n{writer.root} = {root}\n"
    body = "\n\n".join(writer.written.values()).rstrip("\n")
    imports = [
        "from __future__ import annotations\n" if writer.forward else "",
        f"from typing import {', '.join(sorted(writer.typing))}\n" if writer.typing else "",
        "from pydantic import BaseModel" + (", ConfigDict" if writer.strict else "") + ", Field\n"
        if writer.fields
        else "from pydantic import BaseModel" + (", ConfigDict" if writer.strict else "") + "\n",
    ]
    head = "\n".join(part for part in imports if part)
    return f"{head}\n\n{body}\n{ending}" if body else f"{head}{ending}"


def typescript_of(schema: Any, name: str = "") -> str:
    """Return TypeScript source: an interface for each object of the schema, the outermost last. Raises TooLarge."""
    writer = _TypeScript(schema, name)
    root = writer.type_of(writer.schema, writer.root, 0)
    ending = "" if root == writer.root else f"\nexport type {writer.root} = {root};\n"
    return "\n".join(writer.written.values()) + ending


class _Writer(ABC):
    """Walks a schema; a language says how things are written."""

    def __init__(self, schema: Any, name: str) -> None:
        if depth_of(schema) > DEPTH_MAX * 3:
            raise TooLarge
        self.schema = schema if isinstance(schema, dict) else {}
        self.written: dict[str, str] = {}
        self._taken: set[str] = set()
        self._refs: dict[str, str] = {}
        self._open: set[str] = set()
        self.forward = False
        self.root = self.name_for(name or str(self.schema.get("title") or "Answer"))

    def name_for(self, words: str) -> str:
        """Return a free class name made of these words."""
        parts = re.findall(r"[A-Za-z0-9]+", words)
        made = "".join(part[:1].upper() + part[1:] for part in parts)[:60] or "Model"
        made = f"Model{made}" if made[0].isdigit() or keyword.iskeyword(made) or made in _OWN else made
        name, number = made, 2
        while name in self._taken:
            name, number = f"{made}{number}", number + 1
        self._taken.add(name)
        if len(self._taken) > MODELS_MAX:
            raise TooLarge
        return name

    def type_of(self, schema: Any, name: str, depth: int) -> str:
        """Return the type of a schema; an object with members is written under `name`."""
        if depth > DEPTH_MAX:
            raise TooLarge
        if not isinstance(schema, dict):
            return self.anything()
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema["$ref"], depth)
        if "const" in schema:
            return self.literals([schema["const"]])
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self.literals(schema["enum"])
        for either in ("anyOf", "oneOf"):
            if isinstance(schema.get(either), list) and schema[either]:
                return self.union(
                    [
                        self.type_of(each, self._part(name, number), depth + 1)
                        for number, each in enumerate(schema[either])
                    ]
                )
        if isinstance(schema.get("allOf"), list) and len(schema["allOf"]) == 1:
            return self.type_of(schema["allOf"][0], name, depth + 1)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return (
                self.union([self._kind(schema, kind, name, depth) for kind in kinds])
                if kinds
                else self.anything()
            )
        return self._kind(schema, kinds, name, depth)

    def _part(self, name: str, number: int) -> str:
        return name if name == self.root and not self.written and number == 0 else f"{name} {number + 1}"

    def _kind(self, schema: dict[str, Any], kind: Any, name: str, depth: int) -> str:
        members = schema.get("properties")
        if kind == "object" or (kind is None and isinstance(members, dict)):
            if isinstance(members, dict) and members:
                return self._object(schema, members, name, depth)
            more = schema.get("additionalProperties")
            return self.mapping(
                self.type_of(more, f"{name} value", depth + 1) if isinstance(more, dict) else self.anything()
            )
        if kind == "array":
            items = schema.get("items")
            return self.list(
                self.type_of(items, f"{name} item", depth + 1) if isinstance(items, dict) else self.anything()
            )
        return self.plain(kind if isinstance(kind, str) else "")

    def _object(self, schema: dict[str, Any], members: dict[str, Any], name: str, depth: int) -> str:
        own = (
            name
            if name == self.root and name not in self.written
            else self.name_for(str(schema.get("title") or name))
        )
        required = schema.get("required")
        needed = {each for each in required if isinstance(each, str)} if isinstance(required, list) else set()
        types = {
            member: self.type_of(each, f"{'' if own == self.root else own} {member}", depth + 1)
            for member, each in members.items()
        }
        self.written[own] = self.object(own, schema, types, needed)
        return own

    def _reference(self, reference: str, depth: int) -> str:
        if reference == "#":
            self.forward = True
            return self.root
        if reference in self._refs:
            self.forward = self.forward or reference in self._open
            return self._refs[reference]
        at: Any = self.schema
        for step in reference.removeprefix("#/").split("/") if reference.startswith("#/") else [""]:
            at = at.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
        if not isinstance(at, dict):
            return self.anything()
        words = reference.rsplit("/", 1)[-1]
        if not isinstance(at.get("properties"), dict):
            self._refs[reference] = self.anything()  # while its own type is looked for
            self._refs[reference] = made = self.type_of(at, words, depth + 1)
            return made
        name = self.name_for(words)
        self._refs[reference] = name
        self._open.add(reference)
        required = at.get("required")
        needed = {each for each in required if isinstance(each, str)} if isinstance(required, list) else set()
        types = {
            member: self.type_of(each, f"{name} {member}", depth + 1)
            for member, each in at["properties"].items()
        }
        self._open.discard(reference)
        self.written[name] = self.object(name, at, types, needed)
        return name

    # What a language says

    @abstractmethod
    def anything(self) -> str: ...

    @abstractmethod
    def plain(self, kind: str) -> str: ...

    @abstractmethod
    def literals(self, values: list[Any]) -> str: ...

    @abstractmethod
    def union(self, types: list[str]) -> str: ...

    @abstractmethod
    def list(self, of: str) -> str: ...

    @abstractmethod
    def mapping(self, to: str) -> str: ...

    @abstractmethod
    def object(
        self, name: str, schema: Mapping[str, Any], types: Mapping[str, str], needed: set[str]
    ) -> str: ...


_OWN: Final = frozenset(
    {"Any", "Literal", "BaseModel", "Field", "ConfigDict", "True", "False", "None", "Record", "Array"}
)
_BOUNDS: Final = {
    "minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt", "multipleOf": "multiple_of",
    "minLength": "min_length", "maxLength": "max_length", "minItems": "min_length", "maxItems": "max_length",
}  # fmt: skip


class _Python(_Writer):
    """pydantic 2, Python 3.10 and later."""

    def __init__(self, schema: Any, name: str) -> None:
        self.typing: set[str] = set()
        self.fields = self.strict = False
        super().__init__(schema, name)

    def anything(self) -> str:
        self.typing.add("Any")
        return "Any"

    def plain(self, kind: str) -> str:
        known = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
        return known.get(kind) or self.anything()

    def literals(self, values: list[Any]) -> str:
        usable = [value for value in values if value is None or isinstance(value, str | bool | int)]
        if len(usable) < len(values):
            return self.anything()
        self.typing.add("Literal")
        return f"Literal[{', '.join(dict.fromkeys(_repr(value) for value in usable))}]"

    def union(self, types: list[str]) -> str:
        unique = list(dict.fromkeys(types))
        return "Any" if "Any" in unique else " | ".join(unique)

    def list(self, of: str) -> str:
        return f"list[{of}]"

    def mapping(self, to: str) -> str:
        return f"dict[str, {to}]"

    def object(self, name: str, schema: Mapping[str, Any], types: Mapping[str, str], needed: set[str]) -> str:
        lines = [f"class {name}(BaseModel):"]
        if isinstance(schema.get("description"), str) and schema["description"].strip():
            lines += [f"    {_docstring(schema['description'])}", ""]
        if schema.get("additionalProperties") is False:
            self.strict = True
            lines += ['    model_config = ConfigDict(extra="forbid")', ""]
        used: set[str] = set()
        for member, type in types.items():
            field = _identifier(member, used, name)
            lines.append(
                f"    {field}: {self._member(schema['properties'][member], type, member, field, member in needed)}"
            )
        return "\n".join(lines) + "\n"

    def _member(self, schema: Any, type: str, member: str, field: str, needed: bool) -> str:
        facts = _facts(schema)
        if field != member:
            facts["alias"] = member
        if not needed:
            type = type if type in ("Any", "None") or type.endswith("| None") else f"{type} | None"
        if not facts:
            return type if needed else f"{type} = None"
        self.fields = True
        arguments = ", ".join(f"{name}={_repr(value)}" for name, value in facts.items())
        return f"{type} = Field({arguments})" if needed else f"{type} = Field(default=None, {arguments})"


def _facts(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {}
    facts: dict[str, Any] = {}
    if isinstance(schema.get("description"), str):
        facts["description"] = schema["description"]
    if "enum" in schema or "const" in schema or "$ref" in schema:
        return facts
    for name, spelled in _BOUNDS.items():
        value = schema.get(name)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and value == value
            and abs(value) < 1e300
        ):
            facts[spelled] = value
    return facts


def _identifier(member: str, used: set[str], model: str) -> str:
    """Return a field's name: the member's own where Python and pydantic take it."""
    made = re.sub(r"\W", "_", member)
    if (
        not made.isidentifier()
        or not made.isascii()
        or keyword.iskeyword(made)
        or made.startswith(("_", "model_"))
    ):
        made = f"field_{re.sub(r'[^0-9A-Za-z]+', '_', member).strip('_')}".rstrip("_")
    if made in _METHODS or made == model:
        made = f"{made}_"
    name, number = made, 2
    while name in used:
        name, number = f"{made}_{number}", number + 1
    used.add(name)
    return name


_METHODS: Final = frozenset(
    {"copy", "dict", "json", "schema", "schema_json", "construct", "validate", "parse_obj", "parse_raw", "parse_file",
     "from_orm", "update_forward_refs", "str", "int", "float", "bool", "list", "Any", "Literal", "Field"}
)  # fmt: skip


def _repr(value: Any) -> str:
    """Return a literal of Python on one line."""
    if not isinstance(value, str):
        return repr(value)
    return json.dumps(value) if value.isascii() and value.isprintable() else repr(value)


def _docstring(text: str) -> str:
    flat = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{flat}{" " if flat.endswith(chr(34)) else ""}"""'


class _TypeScript(_Writer):
    """Interfaces and types."""

    def anything(self) -> str:
        return "unknown"

    def plain(self, kind: str) -> str:
        known = {
            "string": "string",
            "integer": "number",
            "number": "number",
            "boolean": "boolean",
            "null": "null",
        }
        return known.get(kind, "unknown")

    def literals(self, values: list[Any]) -> str:
        if any(isinstance(value, dict | list | float) for value in values):
            return "unknown"
        return " | ".join(dict.fromkeys(json.dumps(value) for value in values))

    def union(self, types: list[str]) -> str:
        unique = list(dict.fromkeys(types))
        return "unknown" if "unknown" in unique else " | ".join(unique)

    def list(self, of: str) -> str:
        return f"({of})[]" if " | " in of else f"{of}[]"

    def mapping(self, to: str) -> str:
        return f"Record<string, {to}>"

    def object(self, name: str, schema: Mapping[str, Any], types: Mapping[str, str], needed: set[str]) -> str:
        lines = [*_comment(schema, ""), f"export interface {name} {{"]
        for member, type in types.items():
            lines += _comment(schema["properties"][member], "  ")
            key = member if re.fullmatch(r"[A-Za-z_$][\w$]*", member, re.ASCII) else json.dumps(member)
            lines.append(f"  {key}{'' if member in needed else '?'}: {type};")
        return "\n".join([*lines, "}"]) + "\n"


def _comment(schema: Any, indent: str) -> list[str]:
    said = schema.get("description") if isinstance(schema, dict) else None
    if not isinstance(said, str) or not said.strip():
        return []
    return [f"{indent}/** {' '.join(said.split()).replace('*/', '* /')} */"]
