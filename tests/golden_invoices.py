"""What every golden file asks of a published invoice.

Belongs here: the comparison. Does not belong here: any expected amount; each stands beside its arithmetic.
"""

from __future__ import annotations

from decimal import Decimal as D

from tests.conftest import ClosedCompany

# Lines as (fee type, quantity, amount), tax, prepaid credit, amount due.
Golden = tuple[list[tuple[str, object, str]], str, str, str]


def check_invoice(demo: ClosedCompany, customer: str, close_date: str, expected: Golden) -> str:
    """The one invoice of a customer and close has these lines, in this order, and amounts; returns its number."""
    lines, tax, prepaid, due = expected
    invoice = demo.finance(
        f"""
        select invoice_number, fees_amount, tax_amount, total_amount, prepaid_credit_amount, amount_due, status
        from invoices where payer_customer_id = '{customer}' and close_date = '{close_date}'
        """
    )
    assert len(invoice) == 1
    number, fees, *amounts, status = invoice[0]
    found = demo.finance(
        f"""
        select fee_type, quantity, amount from invoice_lines
        where invoice_number = '{number}' order by line_number
        """
    )
    assert found == [(fee_type, D(quantity), D(amount)) for fee_type, quantity, amount in lines]
    assert fees == sum(D(amount) for _, _, amount in lines)
    assert amounts == [D(tax), fees + D(tax), D(prepaid), D(due)]
    assert status == ("paid" if D(due) == 0 else "open")
    return number
