"""The loops: one idea a file, contiguous memory in, contiguous memory out, no checks."""
