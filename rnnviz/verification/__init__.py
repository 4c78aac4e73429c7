"""The proof of a recording: every field against an independent computation."""

from rnnviz.verification.report import DIFFERENCES, REFERENCE, UNCHECKED, Check, Report, verify

__all__ = ["DIFFERENCES", "REFERENCE", "UNCHECKED", "Check", "Report", "verify"]
