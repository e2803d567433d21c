"""Files that settlement leaves behind as data: CSV and JSON.

In: values. Out: files that appear whole or not at all. Must never leave half a file under its final name.
"""
