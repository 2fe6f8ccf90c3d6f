"""Which assets there are, and what each stands on: a pure function of dbt's manifest.

Belongs here: asset keys, groups, dependencies and the checks that stand on them. Does not belong here: anything that
runs (`assets`) or reads a warehouse.

The graph shows public models only. A private step is walked through: whoever reads it depends on what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration.dbt_runner import CLOSE_STAGES

# As the groups read from left to right.
STAGE_ORDER = ("inputs", "landing", "staging", *CLOSE_STAGES, "published")

CATALOG_FOLDER = dg.AssetKey("catalog_folder")
LANDING_FOLDER = dg.AssetKey("landing_folder")
CATALOG_VERSION = dg.AssetKey("catalog_version")
LANDING_USAGE = dg.AssetKey("landing_usage")
PUBLISHED_INVOICES = dg.AssetKey("published_invoices")
PREVIEW_INVOICES = dg.AssetKey("preview_invoices")

CLOSE_DATES = dg.DynamicPartitionsDefinition(name="close_date")
# Runs that have a step of this pool go one after the other: each writes the warehouse.
POOL = "warehouse"
GATE_CHECK = "gate"
STATISTICS_CHECK = "statistics"
OWNERS = ("team:billing",)

# A batch of usage is made when new files come. Who sends once a day is late after 26 hours, and missing after two days.
USAGE_IS_FRESH = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=48), warn_window=timedelta(hours=26)
)
# What is due depends on the subscriptions; somebody's month ends at least once in any 32 days.
INVOICES_ARE_FRESH = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(days=35), warn_window=timedelta(days=32)
)

# What the tables of a source schema stand for in the graph. `control` is how the steps talk to the models: it would
# be an arrow into every box.
_SOURCE_ASSETS: Mapping[str, dg.AssetKey | None] = {
    "catalog": CATALOG_VERSION,
    "reference": CATALOG_VERSION,
    "landing": LANDING_USAGE,
    "control": None,
}


class BillingTranslator(DagsterDbtTranslator):
    """dagster-dbt's reading of the manifest, but for the owner, who is a team, and the internal metadata."""

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        return OWNERS

    def public_spec(
        self, manifest: Mapping[str, Any], unique_id: str, parents: Sequence[dg.AssetKey]
    ) -> dg.AssetSpec:
        """The asset of one public model; its direct parents in dbt may be private, so `parents` are given."""
        node = manifest["nodes"][unique_id]
        return dg.AssetSpec(
            key=self.get_asset_key(node),
            deps=parents,
            description=self.get_description(node),
            metadata=self.get_metadata(node),
            group_name=stage_of(node),
            code_version=self.get_code_version(node),
            owners=self.get_owners(node),
            kinds={"dbt", "duckdb"},
            # A refused close may leave some models unbuilt, and a date on which nothing is due all of them.
            skippable=True,
        )


@dataclass(frozen=True)
class ModelAssets:
    """The assets that dbt builds, by who builds them; `relations` maps an asset to its table, `"schema"."name"`."""

    landing: tuple[dg.AssetSpec, ...]
    staging: tuple[dg.AssetSpec, ...]
    drafts: tuple[dg.AssetSpec, ...]
    issued_before: tuple[dg.AssetSpec, ...]
    relations: Mapping[dg.AssetKey, str]

    def keys_of(self, relations: Iterable[str]) -> tuple[dg.AssetKey, ...]:
        """The drafts that stand in `relations`, each written `schema.name`."""
        wanted = {'"{}"."{}"'.format(*relation.split(".")) for relation in relations}
        return tuple(spec.key for spec in self.drafts if self.relations[spec.key] in wanted)


def stage_of(node: Mapping[str, Any]) -> str:
    """The dbt group of a model: its stage."""
    return node["config"].get("group") or node.get("group") or ""


def is_public(node: Mapping[str, Any]) -> bool:
    """True for a model that other stages may read, that has a table or view of its own and is not but a step to one."""
    return (
        node["resource_type"] == "model"
        and node.get("access") != "private"
        and not node["name"].startswith("int_")
        and node["config"].get("materialized") != "ephemeral"
        and not node["config"]["meta"].get("is_step", False)
        and stage_of(node) in STAGE_ORDER
    )


def model_assets(manifest: Mapping[str, Any]) -> ModelAssets:
    """Read the public models of `manifest` as assets, each list in topological order."""
    translator = BillingTranslator()
    specs: dict[str, list[dg.AssetSpec]] = {stage: [] for stage in STAGE_ORDER}
    relations = {}
    for unique_id in _in_build_order(manifest):
        node = manifest["nodes"][unique_id]
        if not is_public(node):
            continue
        parents = sorted(set(_parent_keys(manifest, translator, node)))
        if not parents:
            # It stands on `control` alone.
            continue
        spec = translator.public_spec(manifest, unique_id, parents)
        relations[spec.key] = f'"{node["schema"]}"."{node["alias"]}"'
        specs[stage_of(node)].append(spec)
    drafts = tuple(spec for stage in CLOSE_STAGES for spec in specs[stage])
    read = {dep.asset_key for spec in (*specs["staging"], *drafts) for dep in spec.deps}
    issued = tuple(
        _issued_spec(manifest, translator, source, key)
        for key, source in sorted(_issued_sources(manifest, translator).items())
        if key in read
    )
    return ModelAssets(
        landing=tuple(specs["landing"]),
        staging=tuple(specs["staging"]),
        drafts=drafts,
        issued_before=issued,
        relations=relations,
    )


def _in_build_order(manifest: Mapping[str, Any]) -> Iterator[str]:
    """All models, parents first; among equals by name, so that the order does not depend on the file system."""
    seen: set[str] = set()

    def visit(unique_id: str) -> Iterator[str]:
        if unique_id in seen or not unique_id.startswith("model."):
            return
        seen.add(unique_id)
        for parent in sorted(manifest["nodes"][unique_id]["depends_on"]["nodes"]):
            yield from visit(parent)
        yield unique_id

    for unique_id in sorted(manifest["nodes"]):
        yield from visit(unique_id)


def _parent_keys(
    manifest: Mapping[str, Any], translator: BillingTranslator, node: Mapping[str, Any]
) -> Iterator[dg.AssetKey]:
    """The assets that `node` stands on: its nearest public parents, at or before its own stage.

    Landing reads a few staging views (which metrics sum which field); that arrow would go backwards, so landing
    depends on what those views read.
    """
    last_stage = STAGE_ORDER.index(stage_of(node))
    queue = list(node["depends_on"]["nodes"])
    seen = set()
    while queue:
        unique_id = queue.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        if unique_id.startswith("source."):
            key = _source_key(translator, manifest["sources"][unique_id])
            if key is not None:
                yield key
        elif unique_id in manifest["nodes"]:
            parent = manifest["nodes"][unique_id]
            parents = parent["depends_on"]["nodes"]
            is_asset = is_public(parent) and STAGE_ORDER.index(stage_of(parent)) <= last_stage
            if is_asset and not _stands_on_control_alone(manifest, parents):
                yield translator.get_asset_key(parent)
            else:
                queue.extend(parents)


def _stands_on_control_alone(manifest: Mapping[str, Any], parents: Sequence[str]) -> bool:
    return all(
        parent.startswith("source.")
        and _SOURCE_ASSETS.get(manifest["sources"][parent]["source_name"], CATALOG_VERSION) is None
        for parent in parents
    )


def _source_key(translator: BillingTranslator, source: Mapping[str, Any]) -> dg.AssetKey | None:
    name = source["source_name"]
    if name in _SOURCE_ASSETS:
        return _SOURCE_ASSETS[name]
    # `issued` has keys of its own in the YAML, unlike the publishing asset's: the graph would be a circle.
    return translator.get_asset_key(source)


def _issued_sources(
    manifest: Mapping[str, Any], translator: BillingTranslator
) -> dict[dg.AssetKey, Mapping[str, Any]]:
    keys = {}
    for source in manifest["sources"].values():
        key = _source_key(translator, source)
        if source["source_name"] == "issued" and key is not None:
            keys[key] = source
    return keys


def _issued_spec(
    manifest: Mapping[str, Any],
    translator: BillingTranslator,
    source: Mapping[str, Any],
    key: dg.AssetKey,
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=key,
        description=f"{source['description']}\n\nAs earlier closes left it; append-only.",
        metadata=translator.get_metadata(source),
        group_name="inputs",
        owners=OWNERS,
        kinds={"duckdb"},
    )


def folder_specs() -> tuple[dg.AssetSpec, ...]:
    """What a company brings: the graph starts where its data does."""
    return (
        dg.AssetSpec(
            key=CATALOG_FOLDER,
            description="Prices, plans, customers, subscriptions, credits and tax, as CSV files.",
            group_name="inputs",
            owners=OWNERS,
            kinds={"csv"},
        ),
        dg.AssetSpec(
            key=LANDING_FOLDER,
            description="Usage as it arrives: JSONL, CSV and Parquet files, never changed here.",
            group_name="inputs",
            owners=OWNERS,
            kinds={"json", "csv", "parquet"},
        ),
    )


def stage_check_name(stage: str) -> str:
    """The name of the asset check that stands for all dbt tests of `stage`."""
    return f"{stage}_checks"


def draft_check_specs(drafts: Sequence[dg.AssetSpec]) -> tuple[dg.AssetCheckSpec, ...]:
    """One check per stage, on the last model of it, and on the last model of all the gate's and the statistical one.

    Every dbt test would cost events without telling more: a stage's check lists its failing tests in a table.
    """
    last_of_stage = {spec.group_name: spec.key for spec in drafts}
    stage_checks = [
        dg.AssetCheckSpec(
            stage_check_name(stage),
            asset=key,
            blocking=True,
            partitions_def=CLOSE_DATES,
            description=f"Every dbt test of the stage {stage} ran on the rows of this close and passed.",
        )
        for stage, key in last_of_stage.items()
        if stage in CLOSE_STAGES
    ]
    gate = dg.AssetCheckSpec(
        GATE_CHECK,
        asset=drafts[-1].key,
        blocking=True,
        partitions_def=CLOSE_DATES,
        description="Every blocking check ran on exactly these rows and passed: they may be published.",
    )
    statistics = dg.AssetCheckSpec(
        STATISTICS_CHECK,
        asset=drafts[-1].key,
        partitions_def=CLOSE_DATES,
        description="Nothing in this close is unusual against earlier ones. Documents that are named are held; "
        "a warning that names none waits for the job `acknowledge`.",
    )
    return (*stage_checks, gate, statistics)
