"""Measure what dropout costs inside a step of training, where people call it.

A hot loop of nothing but dropout finds its arrays in the caches and its threads awake. In a step a call comes after a matrix
product, which leaves other arrays in the caches and BLAS's idle threads spinning on the cores.
"""
