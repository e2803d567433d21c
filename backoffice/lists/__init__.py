"""What the lanes are told: the tag list, version by version, and the tariffs.

In: accounts, tags, top-ups, charges, tariff files. Out: toll.tag-list.v1 and toll.tariff.v1. Versions rise by exactly
one and are on disk before anybody hears of them; one process publishes.
"""
