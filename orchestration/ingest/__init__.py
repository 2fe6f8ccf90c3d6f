"""From usage files to typed, deduplicated events: what `meterhouse ingest` and the first step of a close do.

Belongs here: finding files, turning them into lines, and the batch around the dbt build of stage `landing`. Does not
belong here: what a line means; shapes, types, rejection and deduplication are SQL models under `models/landing`.
"""

from orchestration.ingest.files import FileProblem
from orchestration.ingest.run import IngestReport, LoadedFile, ingest

__all__ = ["FileProblem", "IngestReport", "LoadedFile", "ingest"]
