"""Masks whose elements share bits, and blocks of larger arrays, each against the usual dropout of as many elements."""
