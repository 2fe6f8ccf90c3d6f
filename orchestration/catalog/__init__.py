"""The company's catalog folder: read, validated row by row, and loaded as one version under its content hash.

Belongs here: everything between the CSV files and the rows of schema `catalog`. Does not belong here: what the rows
mean for an invoice (the dbt models), and which columns there are (the source YAML, by way of `contracts`).
"""

from orchestration.catalog.load import CatalogVersion, check_catalog, load_catalog

__all__ = ["CatalogVersion", "check_catalog", "load_catalog"]
