"""The second computation of every bill: plain Python, exact fractions, written from the billing rules.

Belongs here: the rules once more, as slow and as plain as they read, so that the SQL has something to be compared
with; the random companies that both are run on. Does not belong here: anything imported from the product (not even
its readers), and any reading of its models.
"""
