"""Double entry in whole VND: balanced transactions, reversals, balances. Pure, append only."""
