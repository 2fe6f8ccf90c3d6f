"""What a person reads in the terminal: status, invoices and credit notes, one of them as a statement.

Belongs here: reading what is published and drawing it. Does not belong here: computing any amount.
"""
