"""Checks of the benchmarks themselves: do they run, and how noisy are they?"""
