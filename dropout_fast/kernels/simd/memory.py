"""Vectors from and to memory: whole or masked, past the caches or through them; bits from any position.

Loads and stores need only the alignment of one element. They do not check bounds.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..options import interpreted_as
from .half import BFLOAT16, FLOAT16, SHORTS, rounded, widened
from .interpreted_half import rounded as rounded_by_numpy
from .interpreted_half import widened as widened_by_numpy
from .target import is_windows, is_x86
from .vectors import LANES, VectorType, emit_splat, llvm_vector

#: Bytes of a cache line, to which the arrays on the stack are aligned.
CACHE_LINE = 64

#: Bytes of an array that is large on Windows' stack: half a page, as a frame holds registers too.
LARGE = 2048

_I32 = ir.IntType(32)
_WORDS = ir.VectorType(_I32, LANES)


def _register_type(array):
    """The type of the vector that `load` returns."""
    return VectorType(types.float32 if array.dtype in (FLOAT16, BFLOAT16) else array.dtype)


def _memory_type(array):
    """The LLVM type of a vector as it lies in the array."""
    return SHORTS if array.dtype in (FLOAT16, BFLOAT16) else llvm_vector(VectorType(array.dtype))


def _pointer(context, builder, array_type, array, index, target):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), target.as_pointer())


def _size_of_element(array):
    return array.dtype.bitwidth // 8


@intrinsic
def load(typing_context, array, index):
    """The vector at ``array[index]`` of a contiguous array."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], _memory_type(array))
        return widened(context, builder, array.dtype, builder.load(pointer, align=_size_of_element(array)))

    return _register_type(array)(array, types.intp), generate


@intrinsic(prefer_literal=True)
def load_wide(typing_context, array, index, lanes):
    """A vector of a constant number of elements at ``array[index]``, in as many registers as it takes."""
    vector = VectorType(array.dtype, lanes.literal_value)

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], llvm_vector(vector))
        return builder.load(pointer, align=_size_of_element(array))

    return vector(array, types.intp, lanes), generate


@intrinsic
def store(typing_context, array, index, vector):
    """Write a vector to ``array[index]`` and the elements after it."""

    def generate(context, builder, signature, values):
        value = rounded(context, builder, array.dtype, values[2])
        pointer = _pointer(context, builder, array, values[0], values[1], value.type)
        builder.store(value, pointer, align=_size_of_element(array))
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def store_nontemporal(typing_context, array, index, vector):
    """Store past the caches; the address must be aligned to the vector (see `elements_to_alignment`)."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], _memory_type(array))
        written = builder.store(rounded(context, builder, array.dtype, values[2]), pointer, align=_alignment(array))
        written.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def fence(typing_context):
    """Make what `store_nontemporal` wrote visible to other threads before anything that is written later."""

    def generate(context, builder, signature, values):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@interpreted_as(lambda array, index, inside: widened_by_numpy(array[index : index + len(inside)]))
@intrinsic
def load_masked(typing_context, array, index, lanes):
    """The elements of the lanes that are true, 0 in the others; reads no other memory."""

    def generate(context, builder, signature, values):
        form = _memory_type(array)
        pointer = _pointer(context, builder, array, values[0], values[1], form)
        part = _masked(builder, "load", form, [pointer, _I32(_size_of_element(array)), values[2], ir.Constant(form, None)])
        return widened(context, builder, array.dtype, part)

    return _register_type(array)(array, types.intp, lanes), generate


@interpreted_as(lambda array, vector: widened_by_numpy(rounded_by_numpy(vector, array.dtype)))
@intrinsic
def round_as(typing_context, array, vector):
    """Round a vector to the dtype of an array's memory, and widen it again; float32 and float64 stay as they are."""

    def generate(context, builder, signature, values):
        return widened(context, builder, array.dtype, rounded(context, builder, array.dtype, values[1]))

    return vector(array, vector), generate


@intrinsic
def store_masked(typing_context, array, index, vector, lanes):
    """Write the elements of the lanes that are true; touches no other memory."""

    def generate(context, builder, signature, values):
        form = _memory_type(array)
        pointer = _pointer(context, builder, array, values[0], values[1], form)
        value = rounded(context, builder, array.dtype, values[2])
        _masked(builder, "store", form, [value, pointer, _I32(_size_of_element(array)), values[3]])
        return context.get_dummy_value()

    return types.void(array, types.intp, vector, lanes), generate


def _masked(builder, which, form, arguments):
    """Call LLVM's masked load or store."""
    result = form if which == "load" else ir.VoidType()
    signature = ir.FunctionType(result, [argument.type for argument in arguments])
    name = f"llvm.masked.{which}.v{form.count}{form.element.intrinsic_name}.p0"
    function = builder.module.globals.get(name) or ir.Function(builder.module, signature, name)
    return builder.call(function, arguments)


@intrinsic
def first_lanes(typing_context, count):
    """Sixteen booleans, the first ``count`` of them true."""

    def generate(context, builder, signature, values):
        count = emit_splat(builder, builder.trunc(values[0], _I32))
        return builder.icmp_signed("<", ir.Constant(_WORDS, list(range(LANES))), count)

    return VectorType(types.boolean)(types.intp), generate


def _alignment(array):
    return min(64, LANES * _size_of_element(array))


@intrinsic
def elements_to_alignment(typing_context, array, index):
    """How many elements lie between ``array[index]`` and the next one from which a vector straddles no cache line."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], ir.IntType(8))
        address = builder.ptrtoint(pointer, ir.IntType(64))
        distance = builder.and_(builder.neg(address), ir.Constant(ir.IntType(64), _alignment(array) - 1))
        return builder.udiv(distance, ir.Constant(ir.IntType(64), _size_of_element(array)))

    return types.intp(array, types.intp), generate


def _booleans_from(context, builder, byte_array, array, position, byte):
    """The sixteen bits from bit `position` on, out of the four bytes from index `byte` on."""
    word = builder.load(_pointer(context, builder, byte_array, array, byte, _I32), align=1)
    shift = builder.trunc(builder.sub(position, builder.shl(byte, ir.Constant(byte.type, 3))), _I32)
    bits = builder.lshr(word, shift)
    if is_x86(context):
        return builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), ir.VectorType(ir.IntType(1), LANES))
    # Each lane tests its own bit. AArch64 took the sixteen booleans out of the bitcast one by one: a float32 backward took 3.8
    # instructions an element, and takes 1.7 so. On x86 it is as many either way, but for float64: 0.67 by AVX-512, 0.73 so.
    of_lane = ir.Constant(_WORDS, [1 << lane for lane in range(LANES)])
    return builder.icmp_unsigned("!=", builder.and_(emit_splat(builder, bits), of_lane), ir.Constant(_WORDS, None))


@intrinsic
def load_bits(typing_context, byte_array, position):
    """The sixteen bits from bit ``position`` on as booleans; reads four bytes from ``byte_array[position // 8]`` on."""

    def generate(context, builder, signature, values):
        array, position = values
        byte = builder.lshr(position, ir.Constant(position.type, 3))
        return _booleans_from(context, builder, byte_array, array, position, byte)

    return VectorType(types.boolean)(byte_array, types.intp), generate


@intrinsic
def load_bits_within(typing_context, byte_array, position):
    """Load bits as `load_bits` does, without a read past the array's end; bits from there have no meaning.

    The array holds four bytes or more.
    """

    def generate(context, builder, signature, values):
        array, position = values
        byte = builder.lshr(position, ir.Constant(position.type, 3))
        size = context.make_array(byte_array)(context, builder, array).nitems
        last = builder.sub(size, ir.Constant(position.type, 4))
        byte = builder.select(builder.icmp_signed("<", byte, last), byte, last)
        return _booleans_from(context, builder, byte_array, array, position, byte)

    return VectorType(types.boolean)(byte_array, types.intp), generate


@intrinsic
def store_uint64(typing_context, byte_array, index, word):
    """Write a uint64 to the eight bytes from ``byte_array[index]`` on, low byte first."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, byte_array, values[0], values[1], ir.IntType(64))
        builder.store(values[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(byte_array, types.intp, word), generate


@intrinsic
def load_byte(typing_context, byte_array, index):
    """The byte ``byte_array[index]``."""

    def generate(context, builder, signature, values):
        return builder.load(_pointer(context, builder, byte_array, values[0], values[1], ir.IntType(8)), align=1)

    return types.uint8(byte_array, types.intp), generate


@intrinsic
def load_uint64(typing_context, byte_array, index):
    """The eight bytes from ``byte_array[index]`` on as a uint64, low byte first."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, byte_array, values[0], values[1], ir.IntType(64))
        return builder.load(pointer, align=1)

    return types.uint64(byte_array, types.intp), generate


@intrinsic
def store_uint64s(typing_context, byte_array, index, vector):
    """Write a vector of uint64 to the 64 bytes from ``byte_array[index]`` on."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, byte_array, values[0], values[1], llvm_vector(vector))
        builder.store(values[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(byte_array, types.intp, vector), generate


@intrinsic
def load_uint64s(typing_context, byte_array, index):
    """The 64 bytes from ``byte_array[index]`` on as a vector of uint64."""
    vector = VectorType(types.uint64)

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, byte_array, values[0], values[1], llvm_vector(vector))
        return builder.load(pointer, align=1)

    return vector(byte_array, types.intp), generate


@intrinsic(prefer_literal=True)
def stack_array(typing_context, dtype, size):
    """An array of a constant size on the stack, aligned to a cache line; it exists until the function returns.

    ``np.empty`` would allocate on the heap. The array has no reference counter: with one that two threads change,
    16,384 elements took 0.1 us longer. On Windows a function with more than a page on the stack calls one of the C library's,
    which code that is generated at run time may not find. So large arrays lie on the heap there.
    """
    array_type = types.Array(dtype.dtype, 1, "C")
    count, itemsize = size.literal_value, dtype.dtype.bitwidth // 8

    def generate(context, builder, signature, values):
        array = context.make_array(array_type)(context, builder)
        if is_windows(context) and count * itemsize > LARGE:
            align = ir.Constant(_I32, CACHE_LINE)
            array.meminfo = context.nrt.meminfo_alloc_aligned(builder, context.get_constant(types.intp, count * itemsize), align)
            storage = context.nrt.meminfo_data(builder, array.meminfo)
        else:
            with builder.goto_entry_block():
                storage = builder.alloca(ir.ArrayType(ir.IntType(dtype.dtype.bitwidth), count))
                storage.align = CACHE_LINE
            array.meminfo = ir.Constant(array.meminfo.type, None)
        array.parent = ir.Constant(array.parent.type, None)
        array.nitems, array.itemsize = (context.get_constant(types.intp, number) for number in (count, itemsize))
        array.data = builder.bitcast(storage, array.data.type)
        array.shape = builder.insert_value(ir.Constant(array.shape.type, ir.Undefined), array.nitems, 0)
        array.strides = builder.insert_value(ir.Constant(array.strides.type, ir.Undefined), array.itemsize, 0)
        return array._getvalue()

    return array_type(dtype, size), generate


@interpreted_as(lambda array: array)
@intrinsic
def uncounted(typing_context, array):
    """The same array without its reference counter, for functions that are called in inner loops.

    Numba leaves the counting in a loop whose flow is involved: four calls a group took three times as long as its elements. It
    must not be returned, or outlive the array.
    """

    def generate(context, builder, signature, values):
        bare = context.make_array(array)(context, builder, values[0])
        bare.meminfo = ir.Constant(bare.meminfo.type, None)
        bare.parent = ir.Constant(bare.parent.type, None)
        return bare._getvalue()

    return array(array), generate


@intrinsic
def pointer_to_uint64(typing_context, address):
    """An address as a pointer for ``numba.carray``."""
    return types.CPointer(types.uint64)(types.uintp), _as_pointer(ir.IntType(64))


@intrinsic
def pointer_to_uint32(typing_context, address):
    """An address as a pointer for ``numba.carray``."""
    return types.CPointer(types.uint32)(types.uintp), _as_pointer(_I32)


@intrinsic
def pointer_to_uint16(typing_context, address):
    """An address as a pointer for ``numba.carray``."""
    return types.CPointer(types.uint16)(types.uintp), _as_pointer(ir.IntType(16))


def _as_pointer(target):
    def generate(context, builder, signature, values):
        return builder.inttoptr(values[0], target.as_pointer())

    return generate


@intrinsic
def address_of(typing_context, array, index):
    """The address of ``array[index]`` of a contiguous array, counted in elements from its start."""

    def generate(context, builder, signature, values):
        pointer = _pointer(context, builder, array, values[0], values[1], ir.IntType(8))
        return builder.ptrtoint(pointer, ir.IntType(types.uintp.bitwidth))

    return types.uintp(array, types.intp), generate


@intrinsic
def call_for_double(typing_context, address, argument):
    """Call machine code at an address with one address: a C function that returns a double."""
    return types.float64(types.uintp, types.uintp), _call_returning(ir.DoubleType())


@intrinsic
def call_for_uint32(typing_context, address, argument):
    """The same of a C function that returns a uint32."""
    return types.uint32(types.uintp, types.uintp), _call_returning(ir.IntType(32))


def _call_returning(returned):
    def generate(context, builder, signature, values):
        function = ir.FunctionType(returned, [values[1].type])
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), values[1:])

    return generate


@intrinsic
def call_compiled(typing_context, address, arguments):
    """Call a function that Numba compiled and that returns nothing, by its address as a C function, with a tuple of arguments.

    They must be of the types that it was compiled for.
    """

    def generate(context, builder, signature, values):
        result = context.get_value_type(types.none)
        function = ir.FunctionType(result, [context.get_value_type(argument) for argument in arguments])
        items = [builder.extract_value(values[1], place) for place in range(len(arguments))]
        builder.call(builder.inttoptr(values[0], function.as_pointer()), items)
        return context.get_dummy_value()

    return types.void(types.uintp, arguments), generate
