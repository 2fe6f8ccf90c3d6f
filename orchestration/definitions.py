"""What Dagster loads: the code location of the folders that `METERHOUSE_*`, or the defaults, name.

Belongs here: `defs`, and nothing else. Does not belong here: what stands in it; see `orchestration.dagster_graph`.

`dagster dev -m orchestration.definitions` shows it; `make ui` does that with the workspace's own history.
"""

from orchestration.dagster_graph.location import build_definitions
from orchestration.prepare import ensure_manifest
from orchestration.workspace import Workspace

_workspace = Workspace.resolve()

defs = build_definitions(_workspace, ensure_manifest(_workspace))
