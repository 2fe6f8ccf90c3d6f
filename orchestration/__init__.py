"""Thin wiring around the dbt project: the `meterhouse` command, ingest, closes, the gate, publication, Dagster.

Belongs here: what moves bytes, takes locks, calls dbt and reports. Does not belong here: billing rules; they are
SQL models under `dbt_project/models`.
"""
