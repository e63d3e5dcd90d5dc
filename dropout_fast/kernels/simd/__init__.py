"""LLVM vectors for Numba kernels: values in registers, their way from and to memory, half formats. Nothing of dropout."""
