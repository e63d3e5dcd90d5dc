"""Vectors of sixteen lanes for Numba kernels: LLVM's vector types behind Python's operators.

LLVM's own vectoriser leaves bit logic scalar, so the kernels say what they mean: a value of type
``VectorType(dtype)`` is an LLVM ``<16 x dtype>``, which the code generator lowers to AVX-512, AVX2
or SSE2 registers as the machine has them. Such values live inside compiled code only.

This file knows LLVM and nothing of dropout.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.extending import intrinsic, overload, register_model

LANES = 16

_LLVM_OF = {
    types.boolean: ir.IntType(1),
    types.uint32: ir.IntType(32),
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
}


class VectorType(types.Type):
    """Numba's type of a vector: sixteen elements of one dtype.

    Parameters
    ----------
    dtype : numba.types.Type
        ``boolean`` (a comparison's result), ``uint32``, ``float32`` or ``float64``.
    """

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"vector({dtype} x {LANES})")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _llvm_vector(fe_type))


def _llvm_vector(vector):
    return ir.VectorType(_LLVM_OF[vector.dtype], LANES)


def _splat(builder, scalar):
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, everywhere)


def _define(python_operator, emit, *, compares=False):
    """Give vectors an operator; its right-hand side may be a scalar, which goes to every lane."""

    @intrinsic
    def operate(typing_context, left, right):
        result = VectorType(types.boolean) if compares else left
        scalar = not isinstance(right, VectorType)

        def generate(context, builder, signature, values):
            a, b = values
            return emit(builder, a, _splat(builder, b) if scalar else b)

        return result(left, left.dtype if scalar else right), generate

    @overload(python_operator)
    def on_vectors(left, right):
        if isinstance(left, VectorType):
            return lambda left, right: operate(left, right)
        return None


def _multiply(builder, a, b):
    return builder.fmul(a, b)


_define(operator.xor, lambda builder, a, b: builder.xor(a, b))
_define(operator.and_, lambda builder, a, b: builder.and_(a, b))
_define(operator.or_, lambda builder, a, b: builder.or_(a, b))
_define(operator.sub, lambda builder, a, b: builder.sub(a, b))
_define(operator.lshift, lambda builder, a, b: builder.shl(a, b))
_define(operator.rshift, lambda builder, a, b: builder.lshr(a, b))
_define(operator.mul, _multiply)
_define(operator.lt, lambda builder, a, b: builder.icmp_unsigned("<", a, b), compares=True)
_define(operator.eq, lambda builder, a, b: builder.icmp_unsigned("==", a, b), compares=True)


def _pointer(context, builder, array_type, array, index, target):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), target.as_pointer())


@intrinsic
def load(typing_context, array, index):
    """``array[index:index + 16]`` of a contiguous array; its elements need only their own alignment."""
    vector = VectorType(array.dtype)

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], _llvm_vector(vector))
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return vector(array, types.intp), generate


@intrinsic
def store(typing_context, array, index, vector):
    """``array[index:index + 16] = vector`` for a contiguous array."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], _llvm_vector(vector))
        builder.store(values[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def load_lanes(typing_context, octets, index):
    """Bits 0 to 15 of ``octets[index]`` and ``octets[index + 1]`` as sixteen booleans."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, octets, values[0], values[1], ir.IntType(LANES))
        return builder.bitcast(builder.load(pointer, align=1), ir.VectorType(ir.IntType(1), LANES))

    return VectorType(types.boolean)(octets, types.intp), generate


@intrinsic
def to_bits(typing_context, lanes):
    """Sixteen booleans as the bits of a uint16, lane 0 lowest."""

    def generate(context, builder, signature, values):
        return builder.bitcast(values[0], ir.IntType(LANES))

    return types.uint16(lanes), generate


@intrinsic
def store_bits(typing_context, octets, index, bits):
    """A uint16 into ``octets[index]`` (low byte) and ``octets[index + 1]``."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, octets, values[0], values[1], ir.IntType(LANES))
        builder.store(values[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(octets, types.intp, bits), generate


@intrinsic
def select(typing_context, lanes, yes, no):
    """Scalar ``yes`` where a lane is true, scalar ``no`` where it is not."""

    def generate(context, builder, signature, values):
        return builder.select(values[0], _splat(builder, values[1]), _splat(builder, values[2]))

    return VectorType(yes)(lanes, yes, yes), generate


@intrinsic
def even_elements(typing_context, low, high):
    """Elements 0, 2, 4, ..., 30 of two vectors laid end to end."""

    def generate(context, builder, signature, values):
        evens = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(0, 2 * LANES, 2)))
        return builder.shuffle_vector(values[0], values[1], evens)

    return low(low, high), generate


@intrinsic
def widen(typing_context, vector):
    """A float32 vector as float64, exactly."""
    wide = VectorType(types.float64)

    def generate(context, builder, signature, values):
        return builder.fpext(values[0], _llvm_vector(wide))

    return wide(vector), generate


@intrinsic
def narrow(typing_context, vector):
    """A float64 vector rounded to float32, to nearest, ties to even."""
    slim = VectorType(types.float32)

    def generate(context, builder, signature, values):
        return builder.fptrunc(values[0], _llvm_vector(slim))

    return slim(vector), generate


@intrinsic
def pointer_to_uint32(typing_context, address):
    """An address as a pointer for ``numba.carray``."""

    def generate(context, builder, signature, values):
        return builder.inttoptr(values[0], ir.IntType(32).as_pointer())

    return types.CPointer(types.uint32)(types.uintp), generate
