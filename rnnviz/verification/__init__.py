"""Verification of a recording: every field against an independent computation."""

from rnnviz.verification.checks import verify
from rnnviz.verification.report import DIFFERENCES, REFERENCE, UNCHECKED, Check, Report

__all__ = ["DIFFERENCES", "REFERENCE", "UNCHECKED", "Check", "Report", "verify"]
