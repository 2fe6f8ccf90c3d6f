"""Scripts that make `seeds/reference/` from well-kept packages.

Belongs here: one script per file, the same bytes at every run with the same pinned package. Does not belong here: data
that differ between companies.
"""
