"""Worked numeric cases, run through the product: `python -m tests.cases FILE`.

Belongs here: reading a file of cases, translating each one's inputs into catalog rows and usage (or into rows of a
model's input relation), billing them all at once, and comparing. Does not belong here: any billing rule; what a case
expects stands in the file, what the product computes is read from its stored output.
"""
