"""Statistical checks of a close: what is unusual, against what earlier closes had.

Belongs here: the frames that are judged, the thresholds, Great Expectations, and the page that shows the results. Does
not belong here: what is wrong (that is a dbt test), and what becomes of a document that is unusual (`gate`).
"""

from orchestration.statistics.outcomes import StatisticalOutcome, suite_result
from orchestration.statistics.run import run_statistics

__all__ = ["StatisticalOutcome", "run_statistics", "suite_result"]
