"""The random generators, as vector code: Threefry and xoshiro256++ for the counter stream, MT19937 and PCG64 for NumPy's."""
