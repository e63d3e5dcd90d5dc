"""Measure small calls whose code and objects have left the caches, as they have in a program that does other work between."""
