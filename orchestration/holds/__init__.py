"""Documents that are set aside instead of being published: which, with what, and what is decided about them.

Belongs here: from the documents that checks name to the groups that are held, the rows that go with each, and release
and discard. Does not belong here: judging (`gate`), writing what is published (`publish`), and what later closes know
of held rows (the model `stg_issued__publications`).
"""
