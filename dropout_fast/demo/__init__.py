"""The classic dropout experiment on real data: handwritten digits, with NumPy's dropout and with both of our engines."""
