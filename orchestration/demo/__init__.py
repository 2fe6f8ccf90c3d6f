"""The demo company's usage: three months of an AI platform, made up but exact.

Belongs here: usage files whose totals are designed, so that every invoice can be computed by hand, and the defects that
real usage has. Does not belong here: prices and customers, which are the catalog in `seeds/`.
"""

from orchestration.demo.generate import DemoReport, generate

__all__ = ["DemoReport", "generate"]
