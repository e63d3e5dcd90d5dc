"""Helpers are optimised once, inside their kernels."""

import internals
import numba


def test_a_helper_is_not_optimised_alone():
    @internals.helper
    def plus_one(number):
        return number + 1

    @numba.njit
    def plus_three(number):
        for _ in range(3):
            number = plus_one(number)
        return number

    assert plus_three(4) == 7
    (compiled,) = plus_one.overloads.values()
    # Another version of Numba may lack what this needs, and compile helpers as usual, which takes longer.
    assert isinstance(compiled.library, internals.UnoptimisedLibrary)
