"""Columns of numbers from CSV tables of any delimiter, encoding and number format."""

from rnnviz.tables.column import FILLS, Column, read_column, summary
from rnnviz.tables.dates import ORDERS

__all__ = ["FILLS", "ORDERS", "Column", "read_column", "summary"]
