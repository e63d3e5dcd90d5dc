"""The gate: is one commit slower than another?"""
