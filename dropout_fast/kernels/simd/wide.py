"""Integers of 128 bits, each as a pair of uint64: the lower half and the upper half."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WIDE = ir.IntType(128)
_PAIR = types.UniTuple(types.uint64, 2)


@intrinsic
def multiply_add(typing_context, left, right, addend):
    """``left * right + addend`` modulo 2**128."""

    def generate(context, builder, signature, values):
        left, right, addend = (_joined(builder, value) for value in values)
        result = builder.add(builder.mul(left, right), addend)
        upper = builder.lshr(result, ir.Constant(_WIDE, 64))
        return context.make_tuple(builder, _PAIR, [builder.trunc(half, ir.IntType(64)) for half in (result, upper)])

    return _PAIR(_PAIR, _PAIR, _PAIR), generate


def _joined(builder, pair):
    lower, upper = (builder.zext(builder.extract_value(pair, index), _WIDE) for index in (0, 1))
    return builder.or_(lower, builder.shl(upper, ir.Constant(_WIDE, 64)))
