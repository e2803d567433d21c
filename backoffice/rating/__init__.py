"""What a passage costs: passage, tariff in force and contract in, charge out. Pure."""
