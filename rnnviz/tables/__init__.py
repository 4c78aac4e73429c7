"""A column of numbers from a table as the world writes it: CSV of any delimiter and encoding."""

from rnnviz.tables.column import FILLS, Column, read_column, summary
from rnnviz.tables.dates import ORDERS

__all__ = ["FILLS", "ORDERS", "Column", "read_column", "summary"]
