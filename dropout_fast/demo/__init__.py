"""The classic dropout experiment on real data: handwritten digits, with NumPy's dropout, with both of our engines, and fused."""
