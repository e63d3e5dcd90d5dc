"""Measure what dropout costs on this machine, beside a copy, NumPy and other libraries.

The benchmarks and the gate use these modules on any commit's ``dropout_fast``, older or newer than the measuring code. So they
use public names only, and pass all arguments but arrays by keyword.
"""
