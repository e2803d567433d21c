"""Names of ledger accounts and of the legs of a posting.

In: business identifiers. Out: account names as they stand in table `postings`. Debit is positive, credit negative; the
amounts of one transaction always add up to zero. A name, once used, is never given another meaning.
"""

from __future__ import annotations


def customer(account: str) -> str:
    """Prepaid traffic account of a road user (tài khoản giao thông)."""
    return f"customer:{account}"


def operator_payable(plaza: str, provider: str) -> str:
    """What a provider owes the operator of a plaza for passages."""
    return f"operator_payable:{plaza}:{provider}"


def provider_fee(provider: str) -> str:
    """Service fee (phí dịch vụ thu) earned by a provider."""
    return f"provider_fee:{provider}"


def vat(plaza: str) -> str:
    """Value added tax contained in collected tolls of a plaza."""
    return f"vat:{plaza}"


def ticket_revenue(plaza: str) -> str:
    """Sales of monthly and quarterly tickets of a plaza."""
    return f"ticket_revenue:{plaza}"


def suspense(plaza: str) -> str:
    """Amounts that a person has to decide on: a charge without a known account, say."""
    return f"suspense:{plaza}"


def cash_in(provider: str) -> str:
    """Money that road users paid in (nạp tiền) with a provider."""
    return f"cash_in:{provider}"


def disputed(plaza: str, provider: str) -> str:
    """What a provider took, or should have taken, beyond the charge of a passage; moved by decisions on disputes."""
    return f"disputed:{plaza}:{provider}"


def refund_due(provider: str) -> str:
    """What a provider has to give back to road users by decision (hoàn tiền)."""
    return f"refund_due:{provider}"


def accepted_toll(plaza: str, provider: str) -> str:
    """What a provider owes the operator by decision for charges without a passage on record."""
    return f"accepted_toll:{plaza}:{provider}"
