"""Preview: what the next invoices would say if their periods ended with the usage known now.

Belongs here: the scratch warehouse, the dates that are drafted in it, and the file of drafts. Does not belong here: how
drafts look in a terminal (`look.preview`), and what an invoice says, which the models of a close compute.
"""

from orchestration.preview.run import PreviewReport, preview

__all__ = ["PreviewReport", "preview"]
