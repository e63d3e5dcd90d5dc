"""Other generators than `np.random`'s and other forms of NumPy dropout, each against its own NumPy lines."""
