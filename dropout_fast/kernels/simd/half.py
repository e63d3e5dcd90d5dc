"""float16 and bfloat16 in memory, float32 in registers: LLVM code that widens vectors and rounds them back.

Numba supports neither format on a CPU, so kernels take such arrays as their bits: float16 as int16, bfloat16 as uint16.
Widening is exact. Rounding is to nearest, ties to even; NaN stays NaN.

Where the processor has float16 instructions, they are used. Elsewhere LLVM would call a function of the C compiler's
runtime library, and the process would end where that is not loaded. So the conversions are built from integer operations
there (after F. Giesen's public-domain ``float->half variants``, 2016), with the same results.
"""

from llvmlite import ir
from numba import types

from .target import has_float16_instructions
from .vectors import LANES

#: The Numba dtypes that stand for the half formats.
FLOAT16, BFLOAT16 = types.int16, types.uint16

_I16, _I32 = ir.IntType(16), ir.IntType(32)
SHORTS = ir.VectorType(_I16, LANES)
_WORDS = ir.VectorType(_I32, LANES)
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_HALVES = ir.VectorType(ir.HalfType(), LANES)


def _all(number):
    return ir.Constant(_WORDS, [number] * LANES)


def widened(context, builder, dtype, shorts):
    """Convert a vector as it lies in memory to float32; other dtypes stay unchanged."""
    if dtype == BFLOAT16:  # the upper half of a float32
        return builder.bitcast(builder.shl(builder.zext(shorts, _WORDS), _all(16)), _FLOATS)
    if dtype == FLOAT16 and has_float16_instructions(context):
        return builder.fpext(builder.bitcast(shorts, _HALVES), _FLOATS)
    if dtype == FLOAT16:
        return _widened_by_integers(builder, builder.zext(shorts, _WORDS))
    return shorts


def rounded(context, builder, dtype, floats):
    """Convert a vector of float32 to the dtype of the memory; the inverse of `widened`."""
    if dtype == BFLOAT16:
        return _upper_half(builder, floats)
    if dtype == FLOAT16 and has_float16_instructions(context):
        return builder.bitcast(builder.fptrunc(floats, _HALVES), SHORTS)
    if dtype == FLOAT16:
        return _rounded_by_integers(builder, floats)
    return floats


def _upper_half(builder, floats):
    bits = builder.bitcast(floats, _WORDS)
    upper = builder.lshr(bits, _all(16))
    half_less_one = builder.add(builder.and_(upper, _all(1)), _all(0x7FFF))
    nearest = builder.lshr(builder.add(bits, half_less_one), _all(16))
    quiet = builder.or_(upper, _all(0x40))  # the sum of a NaN could be an infinity
    return builder.trunc(builder.select(builder.fcmp_unordered("uno", floats, floats), quiet, nearest), SHORTS)


def _widened_by_integers(builder, bits):
    magnitude = builder.shl(builder.and_(bits, _all(0x7FFF)), _all(13))
    rescale = ir.Constant(_FLOATS, [2.0**112] * LANES)  # the exponents' biases are 15 and 127
    finite = builder.bitcast(builder.fmul(builder.bitcast(magnitude, _FLOATS), rescale), _WORDS)
    beyond = builder.icmp_unsigned(">=", magnitude, _all(0x0F800000))
    quiet = builder.select(builder.icmp_unsigned(">", magnitude, _all(0x0F800000)), _all(0x7FC00000), _all(0x7F800000))
    value = builder.select(beyond, builder.or_(magnitude, quiet), finite)
    sign = builder.shl(builder.and_(bits, _all(0x8000)), _all(16))
    return builder.bitcast(builder.or_(value, sign), _FLOATS)


def _rounded_by_integers(builder, floats):
    bits = builder.bitcast(floats, _WORDS)
    magnitude = builder.and_(bits, _all(0x7FFFFFFF))
    # Adding 1/2 leaves a subnormal number of float16 in the last places, rounded by the processor.
    half = ir.Constant(_FLOATS, [0.5] * LANES)
    subnormal = builder.sub(builder.bitcast(builder.fadd(builder.bitcast(magnitude, _FLOATS), half), _WORDS), _all(0x3F000000))
    is_odd = builder.and_(builder.lshr(magnitude, _all(13)), _all(1))
    normal = builder.lshr(builder.add(builder.add(magnitude, _all(0xC8000FFF)), is_odd), _all(13))
    not_a_number = builder.or_(builder.and_(builder.lshr(magnitude, _all(13)), _all(0x3FF)), _all(0x7E00))
    value = builder.select(builder.icmp_unsigned("<", magnitude, _all(0x38800000)), subnormal, normal)
    value = builder.select(builder.icmp_unsigned(">=", magnitude, _all(0x47800000)), _all(0x7C00), value)
    value = builder.select(builder.icmp_unsigned(">", magnitude, _all(0x7F800000)), not_a_number, value)
    sign = builder.and_(builder.lshr(bits, _all(16)), _all(0x8000))
    return builder.trunc(builder.or_(value, sign), SHORTS)
