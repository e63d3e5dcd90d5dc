"""Vectors for Numba kernels: LLVM's vector types behind Python's operators.

LLVM's vectoriser leaves bit logic scalar, so the kernels use vectors explicitly. A value of type
``VectorType(dtype)`` is an LLVM ``<16 x dtype>`` (``<8 x i64>`` for uint64). The code generator lowers it to AVX-512,
AVX2 or SSE2 registers, whichever the machine has. Such values exist inside compiled code only; ``memory`` loads and
stores them.

Without compilation (``NUMBA_DISABLE_JIT=1``) NumPy arrays of any length take the place of vectors.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from ..options import interpreted_as, tiny_helper

#: Lanes of every vector, except those of uint64.
LANES = 16
UINT64_LANES = 8

#: Elements of a group: the four vectors that kernels process at a time.
GROUP = 4 * LANES

_LLVM_OF = {
    types.boolean: ir.IntType(1),
    types.uint32: ir.IntType(32),
    types.uint64: ir.IntType(64),
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
}


class VectorType(types.Type):
    """Numba's type of a vector of one dtype.

    Parameters
    ----------
    dtype : numba.types.Type
        ``boolean`` (a comparison's result), ``uint32``, ``uint64``, ``float32`` or ``float64``.
    lanes : int, optional
        For a vector of several registers; default 16, or 8 for uint64.
    """

    def __init__(self, dtype, lanes=None):
        self.dtype = dtype
        self.lanes = lanes or (UINT64_LANES if dtype == types.uint64 else LANES)
        super().__init__(name=f"vector({dtype} x {self.lanes})")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, llvm_vector(fe_type))


def llvm_vector(vector):
    """The LLVM type of a vector."""
    return ir.VectorType(_LLVM_OF[vector.dtype], vector.lanes)


def emit_splat(builder, scalar, lanes=LANES):
    """Emit LLVM code for a vector with the scalar in every lane."""
    undefined = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, everywhere)


def _define(python_operator, emit, *, compares=False):
    """Give vectors an operator; a scalar on the right-hand side goes to every lane.

    This uses Numba's low-level extension API: with an ``@overload`` of each operator for each type, the first dropout took
    0.6 s longer to compile.
    """

    @type_callable(python_operator)
    def type_of(context):
        def result(left, right):
            if isinstance(left, VectorType) and right in (left, left.dtype):
                return VectorType(types.boolean) if compares else left
            return None

        return result

    @lower_builtin(python_operator, VectorType, VectorType)
    @lower_builtin(python_operator, VectorType, types.Number)
    def generate(context, builder, signature, values):
        left, right = values
        scalar = not isinstance(signature.args[1], VectorType)
        return emit(builder, left, emit_splat(builder, right, signature.args[0].lanes) if scalar else right)


_define(operator.xor, lambda builder, a, b: builder.xor(a, b))
_define(operator.and_, lambda builder, a, b: builder.and_(a, b))
_define(operator.or_, lambda builder, a, b: builder.or_(a, b))
_define(operator.sub, lambda builder, a, b: builder.sub(a, b))
_define(operator.lshift, lambda builder, a, b: builder.shl(a, b))
_define(operator.rshift, lambda builder, a, b: builder.lshr(a, b))
_define(operator.add, lambda builder, a, b: builder.add(a, b))
_define(operator.mul, lambda builder, a, b: builder.fmul(a, b))
_define(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))
_define(operator.lt, lambda builder, a, b: builder.icmp_unsigned("<", a, b), compares=True)
_define(operator.le, lambda builder, a, b: builder.icmp_unsigned("<=", a, b), compares=True)
_define(operator.eq, lambda builder, a, b: builder.icmp_unsigned("==", a, b), compares=True)


def _define_signed_comparison(operator_name):
    @intrinsic
    def compare(typing_context, vector, scalar):
        """Compare each lane, as a signed number, with a scalar of the same bits; x86 has no other comparison before AVX-512."""

        def generate(context, builder, signature, values):
            return builder.icmp_signed(operator_name, values[0], emit_splat(builder, values[1], vector.lanes))

        return VectorType(types.boolean)(vector, vector.dtype), generate

    return compare


signed_less, signed_greater, signed_at_most = map(_define_signed_comparison, ("<", ">", "<="))


@intrinsic
def to_bits(typing_context, booleans):
    """Sixteen booleans as the bits of a uint16; lane 0 is the lowest bit."""

    def generate(context, builder, signature, values):
        return builder.bitcast(values[0], ir.IntType(LANES))

    return types.uint16(booleans), generate


@tiny_helper
def word_of(lanes):
    """Four vectors of booleans as the bits of a uint64; lane 0 of the first is the lowest bit."""
    low = np.uint64(to_bits(lanes[0])) | np.uint64(to_bits(lanes[1])) << np.uint64(LANES)
    high = np.uint64(to_bits(lanes[2])) | np.uint64(to_bits(lanes[3])) << np.uint64(LANES)
    return low | high << np.uint64(2 * LANES)


@intrinsic
def all_lanes(typing_context):
    """Sixteen booleans, all true."""
    vector = VectorType(types.boolean)

    def generate(context, builder, signature, values):
        return ir.Constant(llvm_vector(vector), [1] * LANES)

    return vector(), generate


@interpreted_as(lambda vector: vector > 0)
@intrinsic
def above_zero(typing_context, vector):
    """Which elements are above 0; NaN is not."""

    def generate(context, builder, signature, values):
        return builder.fcmp_ordered(">", values[0], ir.Constant(values[0].type, None))

    return VectorType(types.boolean)(vector), generate


@interpreted_as(lambda vector: np.where(vector < 0, vector.dtype.type(0), vector))
@intrinsic
def rectify(typing_context, vector):
    """The larger of each element and 0: NaN stays NaN, and -0.0 stays -0.0. One instruction on x86."""

    def generate(context, builder, signature, values):
        zero = ir.Constant(values[0].type, None)
        return builder.select(builder.fcmp_ordered(">", zero, values[0]), zero, values[0])

    return vector(vector), generate


@interpreted_as(np.add)
@intrinsic
def add_floats(typing_context, left, right):
    """The sum of two vectors of floats."""

    def generate(context, builder, signature, values):
        return builder.fadd(*values)

    return left(left, right), generate


@interpreted_as(lambda condition, yes, no: np.where(condition, yes, no))
@intrinsic
def select_scalars(typing_context, condition, yes, no):
    """A vector of the scalar ``yes`` where the condition is true, of the scalar ``no`` elsewhere."""

    def generate(context, builder, signature, values):
        return builder.select(values[0], emit_splat(builder, values[1]), emit_splat(builder, values[2]))

    return VectorType(yes)(condition, yes, yes), generate


@intrinsic
def upper_half_of_product(typing_context, left, right):
    """The upper 64 bits of the product of two uint64."""
    wide, word = ir.IntType(128), ir.IntType(64)

    def generate(context, builder, signature, values):
        product = builder.mul(builder.zext(values[0], wide), builder.zext(values[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), word)

    return types.uint64(types.uint64, types.uint64), generate


@interpreted_as(np.where)
@intrinsic
def select(typing_context, condition, yes, no):
    """The elements of vector ``yes`` where the condition is true, those of vector ``no`` elsewhere."""

    def generate(context, builder, signature, values):
        return builder.select(*values)

    return yes(condition, yes, no), generate


@interpreted_as(lambda condition, vector: np.where(condition, vector, vector.dtype.type(0)))
@intrinsic
def select_or_zero(typing_context, condition, vector):
    """The vector's elements where the condition is true, +0 elsewhere."""

    def generate(context, builder, signature, values):
        return builder.select(values[0], values[1], ir.Constant(values[1].type, None))

    return vector(condition, vector), generate


@interpreted_as(lambda vector, scalar: vector.dtype.type(scalar))
@intrinsic
def as_element(typing_context, vector, scalar):
    """A scalar converted to the vector's dtype."""

    def generate(context, builder, signature, values):
        return context.cast(builder, values[1], scalar, vector.dtype)

    return vector.dtype(vector, scalar), generate


def _shuffle(indices):
    """Emit LLVM code that picks these elements of two concatenated vectors."""

    def generate(context, builder, signature, values):
        return builder.shuffle_vector(values[0], values[1], ir.Constant(ir.VectorType(ir.IntType(32), LANES), indices))

    return generate


@intrinsic(prefer_literal=True)
def elements_from(typing_context, low, high, first):
    """Sixteen consecutive elements of two concatenated vectors, from the constant index ``first`` on."""
    return low(low, high, first), _shuffle(list(range(first.literal_value, first.literal_value + LANES)))


@intrinsic(prefer_literal=True)
def deinterleave(typing_context, low, high, first):
    """Every second element of two concatenated vectors, from the constant index ``first`` (0 or 1) on."""
    return low(low, high, first), _shuffle(list(range(first.literal_value, 2 * LANES, 2)))


@intrinsic
def interleave(typing_context, evens, odds):
    """The first eight elements of two vectors, alternating."""
    return evens(evens, odds), _shuffle([half + LANES * odd for half in range(LANES // 2) for odd in (0, 1)])


@interpreted_as(lambda vector: vector.astype(np.float64))
@intrinsic
def widen(typing_context, vector):
    """A float32 vector as float64, exactly."""
    wide = VectorType(types.float64)

    def generate(context, builder, signature, values):
        return builder.fpext(values[0], llvm_vector(wide))

    return wide(vector), generate


@interpreted_as(lambda vector: vector.astype(np.float32))
@intrinsic
def narrow(typing_context, vector):
    """A float64 vector rounded to float32, to nearest, ties to even."""
    slim = VectorType(types.float32)

    def generate(context, builder, signature, values):
        return builder.fptrunc(values[0], llvm_vector(slim))

    return slim(vector), generate


@interpreted_as(lambda first: first + np.arange(UINT64_LANES, dtype=np.uint64))
@intrinsic
def count_from(typing_context, first):
    """Eight uint64: ``first``, ``first + 1``, ..., ``first + 7``."""
    vector = VectorType(types.uint64)

    def generate(context, builder, signature, values):
        steps = ir.Constant(llvm_vector(vector), list(range(vector.lanes)))
        return builder.add(emit_splat(builder, values[0], vector.lanes), steps)

    return vector(types.uint64), generate


@interpreted_as(lambda scalar: scalar)
@intrinsic
def splat_uint64(typing_context, scalar):
    """A vector with the same uint64 in all eight lanes."""
    vector = VectorType(types.uint64)

    def generate(context, builder, signature, values):
        return emit_splat(builder, values[0], vector.lanes)

    return vector(types.uint64), generate


@interpreted_as(lambda words, count: words << count | words >> (np.uint64(64) - count))
@intrinsic
def rotate_left(typing_context, words, count):
    """Rotate each word of a vector of uint64 left, by less than 64 bits."""

    def generate(context, builder, signature, values):
        left = emit_splat(builder, values[1], words.lanes)
        right = builder.sub(ir.Constant(llvm_vector(words), [64] * words.lanes), left)
        return builder.or_(builder.shl(values[0], left), builder.lshr(values[0], right))

    return words(words, types.uint64), generate


@intrinsic
def rotate_right_each(typing_context, words, counts):
    """Rotate each word of a vector of uint64 right by the count in its lane, modulo 64."""

    def generate(context, builder, signature, values):
        form = llvm_vector(words)
        name, function_type = f"llvm.fshr.v{form.count}i64", ir.FunctionType(form, [form] * 3)
        function = builder.module.globals.get(name) or ir.Function(builder.module, function_type, name)
        return builder.call(function, [values[0], *values])

    return words(words, counts), generate


@intrinsic
def multiply_words(typing_context, words, factor):
    """The products of a vector of uint64 and another, or a scalar, modulo 2**64."""

    def generate(context, builder, signature, values):
        return builder.mul(values[0], _each(builder, words, factor, values[1]))

    return words(words, factor), generate


@intrinsic
def multiply_halves(typing_context, words, factor):
    """The products of the lower halves of each word of a vector and of another, or a scalar: one instruction everywhere."""

    def generate(context, builder, signature, values):
        lower = ir.Constant(llvm_vector(words), [2**32 - 1] * words.lanes)
        halves = (builder.and_(value, lower) for value in (values[0], _each(builder, words, factor, values[1])))
        return builder.mul(*halves)

    return words(words, factor), generate


def _each(builder, words, factor, value):
    """A vector as it is; a scalar in every lane."""
    return value if isinstance(factor, VectorType) else emit_splat(builder, value, words.lanes)


@intrinsic
def any_bit_set(typing_context, vector):
    """Whether at least one bit of a vector of uint64 is set."""

    def generate(context, builder, signature, values):
        nonzero = builder.icmp_unsigned("!=", values[0], ir.Constant(llvm_vector(vector), None))
        bits = builder.bitcast(nonzero, ir.IntType(vector.lanes))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(vector.lanes), 0))

    return types.boolean(vector), generate
