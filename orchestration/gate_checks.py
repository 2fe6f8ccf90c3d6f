"""Which checks a close must pass: every dbt test that looks at a model of its stages, from dbt's manifest.

Belongs here: what a check is, whether it blocks, and what its rows mean. Does not belong here: what became of it
(`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.dbt_runner import CLOSE_STAGES
from orchestration.prepare import first_line

# Rows that stand twice are no documents that anybody could release.
STRUCTURAL_TESTS = ("unique_combination", "unique", "not_null")


@dataclass(frozen=True)
class Check:
    """One dbt test of a close: `description` says what its rows mean; a failing blocking one refuses the close.

    A blocking one whose rows name documents holds these instead, unless it `is_structural`.
    """

    unique_id: str
    name: str
    stage: str
    is_blocking: bool
    description: str
    is_structural: bool = False


# The one check that is not a dbt test: dbt builds the stages of a close, and what runs stands before them.
RUN_CHECK = Check(
    "control.run",
    "drafts_are_of_this_close",
    "staging",
    True,
    "control.run holds exactly one row, and it is this close.",
)


def expected_checks(
    manifest: Mapping[str, Any], stages: Sequence[str] = CLOSE_STAGES
) -> tuple[Check, ...]:
    """The checks that dbt runs when it builds `stages`: every data test that looks at one of their models.

    Args:
        manifest: dbt's manifest, as a dict.
        stages: names of dbt groups, in the order of the pipeline.

    Returns:
        The checks by stage, then name. A check that looks at several stages belongs to the last of them, because
        that one completes the rows it judges.
    """
    nodes = manifest["nodes"]
    checks = []
    for node in nodes.values():
        if node["resource_type"] != "test":
            continue
        groups = {
            nodes[parent]["config"].get("group")
            for parent in node["depends_on"]["nodes"]
            if parent in nodes
        }
        looked_at = [stage for stage in stages if stage in groups]
        if looked_at:
            # Whatever is not plainly a warning blocks.
            is_blocking = str(node["config"].get("severity", "error")).lower() != "warn"
            checks.append(
                Check(
                    node["unique_id"],
                    node["name"],
                    looked_at[-1],
                    is_blocking,
                    meaning_of(node),
                    node.get("test_metadata", {}).get("name") in STRUCTURAL_TESTS,
                )
            )
    return tuple(sorted(checks, key=lambda check: (stages.index(check.stage), check.name)))


def meaning_of(test: Mapping[str, Any]) -> str:
    r"""What the rows of a dbt test mean: its description, else the comment that heads its SQL, without the grain.

    Example:
        >>> meaning_of({"raw_code": "-- R-TAX: tax rows add up.\n-- Grain: one row per document.\nselect 1"})
        'R-TAX: tax rows add up.'
    """
    if test.get("description"):
        return first_line(test["description"])
    sentences = []
    for line in test.get("raw_code", "").splitlines():
        if not line.startswith("--") or line.startswith("-- Grain:"):
            break
        sentences.append(line.removeprefix("--"))
    return first_line(" ".join(sentences))
