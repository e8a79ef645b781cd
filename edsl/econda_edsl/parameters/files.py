"""Files of parameters: YAML, TOML or JSON, read so that every scalar keeps its text.

YAML takes `NO` for false and `010` for 8; here the type that a parameter declares says what a text means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from econda_edsl.parameters.given import Given, Plain
from econda_edsl.parameters.notation import BadNotation, read_json

_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map"))  # fmt: skip


class BadParams(Exception):
    """A file of parameters that cannot be read; the message says which, why and what to do."""


def read_params(data: bytes, name: str = "params.yaml") -> dict[str, Given]:
    """The parameters of a file by name, each with the place where it stands. Raises `BadParams`.

    The end of `name` says how it is read: `.json`, `.toml`, and anything else as YAML.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadParams(f"`{name}` is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    read = {"json": _json, "toml": _toml}.get(name.rpartition(".")[2].lower(), _yaml)
    return read(text, name)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadParams(f"`{name}` must be a mapping of parameter names to values, such as `rate: 0.1`; correct it")
    return value


def _json(text: str, name: str) -> dict[str, Given]:
    try:
        value = read_json(text) if text.strip() else {}
    except BadNotation as error:
        raise BadParams(f"`{name}`: {error}; correct it") from error
    return {key: Given(each, name) for key, each in _mapping(value, name).items()}


def _toml(text: str, name: str) -> dict[str, Given]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise BadParams(f"`{name}` is not valid TOML: {' '.join(str(error).split())[:300]}; correct it") from error
    return {key: Given(_toml_value(item), name) for key, item in document.items()}


def _toml_value(item: Any) -> Any:
    """A table, list, text, or a scalar as it is written."""
    if isinstance(item, dict):
        return {key: _toml_value(each) for key, each in item.items()}
    if isinstance(item, list):
        return [_toml_value(each) for each in item]
    if isinstance(item, bool):
        return item
    return str(item) if isinstance(item, str) else Plain(item.as_string())


def _yaml(text: str, name: str) -> dict[str, Given]:
    import yaml

    try:
        node = _loader(yaml)(text).get_single_node()
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
            return {}
        if not isinstance(node, yaml.MappingNode):
            _mapping(None, name)
        return _yaml_mapping(node, yaml, lambda value, line: Given(value, f"{name}:{line}"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadParams(f"`{name}` is not valid YAML: {' '.join(str(error).split())[:300]}; correct it") from error


def _yaml_value(node: Any, yaml: Any) -> Any:
    if node.tag not in _TAGS:
        raise yaml.YAMLError(f"the tag `{node.tag}` in line {node.start_mark.line + 1} is not allowed; leave it out")
    if isinstance(node, yaml.MappingNode):
        return _yaml_mapping(node, yaml, lambda value, _: value)
    if isinstance(node, yaml.SequenceNode):
        return [_yaml_value(each, yaml) for each in node.value]
    if node.style is not None:
        return node.value
    return Plain(node.value) if node.value else None


def _yaml_mapping(node: Any, yaml: Any, made: Callable[[Any, int], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.YAMLError(f"a key in line {line} is not a name")
        if key.value in found:
            raise yaml.YAMLError(f"`{key.value}` in line {line} is given twice")
        found[key.value] = made(_yaml_value(value, yaml), line)
    return found


def _loader(yaml: Any) -> Any:
    """Nodes with their texts; without aliases, which let a short text stand for an enormous value."""

    class Loader(yaml.BaseLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases (`*name`) are not allowed; write the value out")
            return super().compose_node(parent, index)

    return Loader
