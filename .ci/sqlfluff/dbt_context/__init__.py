"""What dbt has in its Jinja context and sqlfluff's emulation of it has not: the project's macros and variables.

Belongs here: for every macro of `macros/` a stand-in that renders as a call, `name(arguments)`, of the linted SQL.
A macro is one expression (the style says so), so this parses; and a linter has no business in what it expands to, which
is deep enough to take most of its time. Does not belong here: ref, source, config and the like, which sqlfluff has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

_REPO = Path(__file__).resolve().parents[3]
_MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
_ORDERING = re.compile(r"\b(nulls (first|last)|asc|desc)\b")
_VARS = yaml.safe_load((_REPO / "dbt_project/dbt_project.yml").read_text("utf-8")).get("vars", {})


def _rendered(argument: Any) -> str:
    if isinstance(argument, list | tuple):
        return ", ".join(map(_rendered, argument)) or "null"
    text = "null" if argument is None else str(argument)
    # What a macro puts behind its own `order by` is no expression; as a text it can stand anywhere.
    return "'" + text.replace("'", "''") + "'" if _ORDERING.search(text) else text


def _stand_in(name: str) -> Callable[..., str]:
    def call(*arguments: Any, **named: Any) -> str:
        return f"{name}({', '.join(map(_rendered, [*arguments, *named.values()]))})"

    return call


def var(name: str, default: Any = None) -> Any:
    """A variable of dbt_project.yml, or `default`."""
    return _VARS.get(name, default)


globals().update(
    (name, _stand_in(name))
    for file in sorted((_REPO / "macros").rglob("*.sql"))
    for name in _MACRO.findall(file.read_text("utf-8"))
)
