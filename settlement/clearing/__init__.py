"""Pure money: what is agreed, fee, VAT part, net payable, and the control totals that hold them together.

In: classified sums or passages with postings. Out: whole VND. Must never round twice or let a total go unexplained.
"""
