"""Draw random examples in a process of their own: `python -m tests.oracle.draw WINDOW COUNT SEED > examples.pickle`.

Belongs here: making a draw depend on window, count and seed alone. Does not belong here: what is drawn.

Hypothesis mixes the constants of every imported local module into what it draws, so that a seed gives other examples
in a run of one test than in a run of all. A fresh process always has the same modules.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .random_companies import examples
from .random_rows import WINDOWS, Example, Window

ROOT = Path(__file__).resolve().parents[2]


def draw_examples(window: Window, *, count: int, seed_number: int) -> list[Example]:
    """`count` random customers; the same arguments give the same ones, whatever else is imported."""
    command = [sys.executable, "-m", __name__, window.name, str(count), str(seed_number)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    return list(pickle.loads(done.stdout))


def draw_here(window: Window, *, count: int, seed_number: int) -> list[Example]:
    """As `draw_examples`, in this process: depends on the local modules that it has imported.

    Ten at a time, without the first: that is always the simplest, and from the eleventh on Hypothesis mostly repeats
    parts of one example, so that many would be alike.
    """
    drawn: list[Example] = []
    for round_number in range(count):
        if len(drawn) >= count:
            break
        drawn.extend(_drawn_apart(window, seed_number * 100_000 + round_number)[1:])
    assert len(drawn) >= count, f"only {len(drawn)} of {count} examples could be drawn"
    return drawn[:count]


def _drawn_apart(window: Window, seed_number: int) -> list[Example]:
    drawn: list[Example] = []

    @seed(seed_number)
    @settings(
        max_examples=10,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(examples(window))
    def collect(example: Example) -> None:
        drawn.append(example)

    collect()
    return drawn


def main(window_name: str, count: str, seed_number: str) -> None:
    """Write the pickled examples to standard output."""
    drawn = draw_here(WINDOWS[window_name], count=int(count), seed_number=int(seed_number))
    sys.stdout.buffer.write(pickle.dumps(drawn))


if __name__ == "__main__":
    main(*sys.argv[1:])
