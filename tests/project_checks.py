"""The style's rules on names, YAML, documentation, references and sizes, each as a function from a thing to its faults.

Belongs here: what can be told from a node of dbt's manifest, a YAML file's text or a Python file's. Does not belong
here: rules on SQL (`sql_checks`) and finding the files (`test_project_rules`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

Node = Mapping[str, Any]

STAGES = (
    "landing",
    "staging",
    "subscriptions",
    "metering",
    "rating",
    "invoicing",
    "settlement",
    "ledger",
)
# Drafts whose rows publication copies: a contract fails before the gate, not in a reader's report.
PUBLISHED_DRAFTS = (
    "fct_billed_periods",
    "fct_coupon_uses",
    "fct_credit_movements",
    "fct_credit_note_lines",
    "fct_credit_note_taxes",
    "fct_credit_note_uses",
    "fct_credit_notes",
    "fct_invoice_taxes",
    "fct_invoices",
    "fct_settled_lines",
    "fct_unit_draws",
    "fct_top_ups",
    "fct_usage_daily",
    "fct_wallet_draws",
)
MODEL_LINES = 140
MACRO_LINES = 60
YAML_LINES = 250
FUNCTION_LINES = 70
PYTHON_LINES = 450
MODEL_REFS = 4
# Read by nearly every model to learn what runs: not counted as an input of its rule.
RUN_MODEL = "stg_control__run"


def stage_of(node: Node) -> str:
    """The folder under `models/` (or `data_tests/`) in which the node's file lies."""
    parts = PurePosixPath(node["original_file_path"]).parts
    return parts[1] if len(parts) > 2 else ""


def name_faults(stem: str, stage: str) -> list[str]:
    """Names say what a model is: stg_<source>__<plural>, int_<stage>__<what happened>, fct_ or dim_<plural>."""
    if re.search(r"_v\d+$|_(final|new|old|tmp|temp)$", stem):
        return ["a name says what it holds, not which attempt it was"]
    if stage == "staging":
        pattern, form = r"stg_[a-z]+__[a-z0-9_]+", "stg_<source>__<plural>"
    elif stage == "landing":
        pattern = r"stg_incoming__[a-z0-9_]+|int_landing__[a-z0-9_]+|fct_[a-z0-9_]+"
        form = "stg_incoming__<shape>, int_landing__<what happened> or fct_<plural>"
    elif stage in STAGES:
        pattern = rf"int_{stage}__[a-z0-9_]+|(fct|dim)_[a-z0-9]+(_[a-z0-9]+)*"
        form = f"int_{stage}__<what happened>, fct_<plural> or dim_<plural>"
    else:
        return [f"lies in {stage!r}, which is no stage"]
    return [] if re.fullmatch(pattern, stem) else [f"must be named {form}"]


def yaml_faults(node: Node) -> list[str]:
    """One YAML per model, of the same stem, beside it."""
    expected = PurePosixPath(node["original_file_path"]).with_suffix(".yml")
    found = (node["patch_path"] or "").partition("://")[2]
    if not found:
        return [f"has no YAML; write {expected}"]
    return [] if found == str(expected) else [f"is described in {found}, not in {expected}"]


def documentation_faults(node: Node, docs: Mapping[str, str]) -> list[str]:
    """Description, rule, grain and columns. `docs` maps the name of a doc block to its text.

    The description starts with the block of the rule (`R-GRAD`: `r_grad`) and states the grain that `meta` states.
    """
    meta = node["config"]["meta"]
    rule, grain = meta.get("rule", ""), meta.get("grain", "")
    description = _one_line(node["description"])
    faults = []
    block = docs.get(rule.lower().replace("-", "_"))
    if not rule or not grain:
        faults.append("config.meta needs rule and grain")
    elif block is None:
        faults.append(f"docs/rules.md has no block {rule.lower().replace('-', '_')} for {rule}")
    elif not description.startswith(_one_line(block)):
        faults.append(f"the description must start with the doc block of {rule}")
    if f"Grain: {grain}" not in description:
        faults.append(f"the description must say `Grain: {grain}.`")
    if not node["columns"]:
        faults.append("documents no column")
    for name, column in node["columns"].items():
        if not column["data_type"]:
            faults.append(f"column {name} needs a data_type")
        if not column["description"].strip():
            faults.append(f"column {name} needs a description")
    return faults


def _one_line(text: str) -> str:
    return " ".join(text.split())


def header_faults(node: Node, rule: str | None, grain: str | None) -> list[str]:
    """The SQL file's header and the YAML name the same rule and grain."""
    meta = node["config"]["meta"]
    faults = []
    if rule != meta.get("rule"):
        faults.append(f"the SQL says {rule}, the YAML {meta.get('rule')}")
    if grain != meta.get("grain"):
        faults.append(f"the SQL's grain is {grain!r}, the YAML's {meta.get('grain')!r}")
    return faults


def column_faults(node: Node, columns: Sequence[str] | None) -> list[str]:
    """The YAML documents the columns that the SQL has, in its order. None: the SQL does not tell."""
    if columns is None or list(node["columns"]) == list(columns):
        return []
    documented = list(node["columns"])
    missing = [name for name in columns if name not in documented]
    unknown = [name for name in documented if name not in columns]
    if missing or unknown:
        return [f"columns without documentation: {missing}; documented but not there: {unknown}"]
    return ["the YAML lists the columns in another order than the SQL"]


def contract_faults(node: Node) -> list[str]:
    """Rows that are published come from models with an enforced contract."""
    if node["name"] not in PUBLISHED_DRAFTS or node["config"]["contract"]["enforced"]:
        return []
    return ["its rows are published: enforce its contract"]


def access_faults(node: Node) -> list[str]:
    """Steps are private to their stage; what a stage hands on is not."""
    is_private = node["config"]["access"] == "private"
    # The shapes of events are read by ingest alone.
    should_be = node["name"].startswith(("int_", "stg_incoming__"))
    if is_private == should_be:
        return []
    return [
        "must be private to its stage" if should_be else "may not be private: other stages read it"
    ]


def reference_faults(node: Node, models: Mapping[str, Node]) -> list[str]:
    """Stages read only what came before them, and only public models of it; sources are read by staging.

    Args:
        node: the model looked at.
        models: every model by its unique id.
    """
    stage = stage_of(node)
    parents = [models[key] for key in node["depends_on"]["nodes"] if key in models]
    counted = [parent for parent in parents if parent["name"] != RUN_MODEL]
    is_step = node["name"].startswith("int_")
    faults = []
    if len(counted) > MODEL_REFS and not node["config"]["meta"].get("is_union"):
        names = ", ".join(parent["name"] for parent in counted)
        faults.append(f"reads {len(counted)} models, {MODEL_REFS} at most (unions exempt): {names}")
    for parent in parents:
        other, name = stage_of(parent), parent["name"]
        # Staging is the door to what ingest has landed, ingest learns from it what runs: these two know each other.
        if {stage, other} == {"landing", "staging"}:
            continue
        if STAGES.index(other) > STAGES.index(stage):
            faults.append(f"reads {name} of the later stage {other}")
        elif other != stage and name.startswith("int_"):
            faults.append(f"reads {name}, a step inside {other}")
        elif other == stage != "landing" and is_step and name.startswith(("fct_", "dim_")):
            faults.append(f"a step reads {name}, a result of its own stage")
    if stage not in ("staging", "landing") and any(
        key.startswith("source.") for key in node["depends_on"]["nodes"]
    ):
        faults.append("reads a source; only staging does")
    return faults


def check_faults(node: Node) -> list[str]:
    """A singular test is named for what must never be true, and stores the rows that are."""
    faults = []
    if not re.fullmatch(r"chk_[a-z0-9_]+", node["name"]):
        faults.append("must be named chk_<what must never be true>")
    if not node["config"]["store_failures"]:
        faults.append("must store its failures, so that the offenders can be read")
    return faults


def model_size_faults(sql: str) -> list[str]:
    """A longer model is probably two rules."""
    return _too_long("", len(sql.splitlines()), MODEL_LINES)


def yaml_size_faults(text: str) -> list[str]:
    """A YAML's lines, unit tests not counted."""
    counted, is_unit_test = 0, False
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith(("#", "-")):
            is_unit_test = line.startswith("unit_tests:")
        counted += not is_unit_test
    return _too_long("", counted, YAML_LINES)


def macro_faults(node: Node) -> list[str]:
    """A macro is one pure expression: no ref, no source, no variable, no query; and it is short."""
    sql = re.sub(r"{#.*?#}", "", node["macro_sql"], flags=re.DOTALL)
    faults = _too_long(f"{node['name']} ", len(node["macro_sql"].strip().splitlines()), MACRO_LINES)
    faults += [
        f"{node['name']} may not use {word.strip('(')}"
        for word in ("ref(", "source(", "var(", "run_query(", "statement(")
        if re.search(rf"(?<![\w.]){re.escape(word)}", sql)
    ]
    return faults


def _too_long(what: str, lines: int, limit: int) -> list[str]:
    return [f"{what}has {lines} lines, {limit} at most"] if lines > limit else []


def python_faults(text: str) -> list[str]:
    """Sizes of a Python file and of its functions."""
    faults = _too_long("", len(text.splitlines()), PYTHON_LINES)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            faults += _too_long(f"{node.name}() ", length, FUNCTION_LINES)
    return faults


def docstring_faults(text: str) -> list[str]:
    """A module's docstring has two parts: what belongs in it, and what does not."""
    said = _one_line(ast.get_docstring(ast.parse(text)) or "")
    if not text.strip() or ("elongs here:" in said and "not belong here:" in said):
        return []
    return ["the module docstring must say what belongs here and what does not belong here"]


def note_faults(text: str) -> list[str]:
    """Notes about work to be done do not stand in the tree."""
    # Put together here, so that this file does not find itself.
    words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    return [
        f"line {number} is a note to oneself: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(rf"\b({'|'.join(words)})\b", line)
    ]
