"""What code is generated for: the few questions to the code generator by whose answers the same values are computed otherwise."""


def _triple(context):
    return context.codegen().magic_tuple()[0]


def is_x86(context):
    """Whether the processor is an x86."""
    return _triple(context).startswith(("x86_64", "amd64", "i386", "i686"))


def is_windows(context):
    """Whether the system is Windows."""
    return "windows" in _triple(context)


def has_float16_instructions(context):
    """Whether the processor converts float16 by instructions of its own."""
    return "+f16c" in context.codegen().magic_tuple()[2] or _triple(context).startswith(("aarch64", "arm64"))
