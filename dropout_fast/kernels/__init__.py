"""The kernels: contiguous memory in, contiguous memory out, no checks.

The way of x, for both engines and all doors
--------------------------------------------
1. A door (`drop_in`, `functional`, `fused`, `layer`, or a mask's ``apply``) checks its arguments with `_validate`.
2. `_dispatch` takes (stream, mask, arrays) to a kernel, or to a copy and a kernel, or to NumPy: the one kernel table.
   `_dispatch_fused` does so for dropout with its neighbours, and `_small` for small arrays of the usual kind, in fewer steps.
3. `_launch` decides: serial, parallel, or parallel past the caches. All three give the same bits.
4. A pass (`kernels.passes`) walks over memory once: it draws keep bits or loads them, and applies an epilogue. What the epilogue
   takes besides x are its operands (the scale; a bias, a residual). A note (`notes`) may store other bits than those drawn.
5. The result goes back up the same way; the bits stay in the mask.

`dropout_fast.jit` enters at step 4: inside a user's compiled function there are no steps before it.

Glossary
--------
lane        one element of a vector register; vectors have 16 lanes (8 of uint64).
group       64 elements: the four vectors that kernels process at a time.
block       512 elements of the counter stream, whose bits come from one random word at a time; in MT19937: 624 words.
chunk       32,768 elements of the counter stream, for which the generator is started once.
stride      the draws of MT19937 that one thread makes.
run         elements that follow each other, with one keep bit or with keep bits that follow each other (`bit_runs`).
region      a block of a larger array (`passes.region`).
noise shape the shape of the keep bits, where elements share them (`passes.broadcast_bits`).
share       what one thread does of an array.
form        a way of writing dropout with NumPy (`dropout_fast.forms`): what is drawn, compared and scaled.
stream      a source of keep bits (`dropout_fast.streams`); a store past the caches is called non-temporal.
pass        a loop over memory (`passes`); epilogue: what it does to one vector of x (`epilogues`).
"""
