"""Pure matching of station rows with provider rows, and their classes (đối soát).

In: frames of readable rows and the rules. Out: one item per row or pair, each in exactly one class. Must never read a
clock or a file, and its result must not depend on the order of rows.
"""
