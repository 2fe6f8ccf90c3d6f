"""What the file of thresholds may state, and the message that names what it may not.

Belongs here: reading the file. Does not belong here: when a check trips (`test_statistics_thresholds`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.statistics.thresholds import FILE, load_thresholds


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("highest_ratio: 5       #", "highest_ratio: 0.5 #", "highest_ratio: .*greater than or equal to 1"),
        ("minimum_history: 3     #", "minimum_history: 1 #", "minimum_history: .*greater than or equal to 2"),
        ("minimum_history: 3     #", "minimum_histories: 3 #", "minimum_histories: Extra inputs"),
        ("usual_share: 0.95", "usual_share: 95", "usual_share: .*less than or equal to 1"),
        ("weeks: 8 ", "weeks: 2 ", "minimum_weeks is above weeks"),
        ("{default: 100, ", "{", "smallest_change has no default"),
        ("JPY: 10000", "Yen: 10000", "smallest_change.Yen"),
        ("is_on: true", "is_on: [", "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_threshold_is_named(tmp_path: Path, written, instead, message) -> None:
    file = tmp_path / "check_thresholds.yml"
    text = FILE.read_text(encoding="utf-8")
    assert written in text
    file.write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=message) as refusal:
        load_thresholds(tmp_path)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)
