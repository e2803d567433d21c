"""A plaza's day and the provider's account of it, with every way in which a provider errs, and the truth beside it."""
