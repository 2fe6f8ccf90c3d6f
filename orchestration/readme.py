"""The README's table "where a rule lives", made from dbt's manifest: `python -m orchestration.readme`.

Belongs here: turning the manifest's rules into the table, and putting it between its markers. Does not belong here:
what a rule says (`dbt_project/docs/rules.md`) and which model bears it (the models' YAML).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from orchestration.prepare import ensure_manifest
from orchestration.workspace import REPO, Workspace

README = REPO / "README.md"
BEGIN = "<!-- where a rule lives: begin (python -m orchestration.readme) -->"
END = "<!-- where a rule lives: end -->"


def rules_table(manifest: Mapping[str, Any]) -> str:
    """A Markdown table with one row per rule: its sentence, the models that bear it and the checks that hold it.

    Args:
        manifest: dbt's manifest as parsed JSON.

    Returns:
        The table without a final newline, rules in alphabetical order, models in order of their path.
    """
    models: dict[str, list[str]] = defaultdict(list)
    for node in manifest["nodes"].values():
        meta = node.get("config", {}).get("meta", {})
        if node["resource_type"] == "model" and "rule" in meta:
            for rule in [meta["rule"], *meta.get("more_rules", [])]:
                models[rule].append(f"dbt_project/{node['original_file_path']}")
    sentences = {
        doc["name"].removeprefix("r_").upper().replace("_", "-"): " ".join(
            doc["block_contents"].split()
        )
        for doc in manifest["docs"].values()
        if doc["name"].startswith("r_")
    }
    lines = ["| rule | what it says | where it lives |", "|---|---|---|"]
    for rule in sorted(models):
        links = ", ".join(f"[{_stem(path)}]({path})" for path in sorted(models[rule]))
        sentence = sentences[rule.removeprefix("R-")].split(". ")[0].rstrip(".")
        lines.append(f"| {rule} | {sentence}. | {links} |")
    return "\n".join(lines)


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".sql")


def with_table(readme: str, table: str) -> str:
    r"""The README's text with `table` between the markers.

    Raises:
        ValueError: a marker is missing.

    Example:
        >>> with_table(f"a\n{BEGIN}\nold\n{END}\nb", "new").splitlines()[2]
        'new'
    """
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"README.md lacks the marker {BEGIN!r} or {END!r}.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> None:
    """Write the table into the README."""
    manifest = ensure_manifest(Workspace.resolve())
    text = with_table(README.read_text(encoding="utf-8"), rules_table(manifest))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
