"""Compile helpers only as far as the kernels that call them need: to LLVM code, which is optimised as a part of the kernel.

Numba optimises each function that it compiles, with all that it calls inside it, and makes machine code of it. Helpers are inlined,
so all that work is thrown away: it took a third of the time of a first call. A kernel's machine code is the same without it.

This rests on names that are private to Numba. Where one is missing, the import fails, and `options` does without.
"""

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

if not ({"_optimize_final_module", "_finalize_final_module"} <= set(dir(JITCodeLibrary)) and "no_compile" in Flags.options):
    raise ImportError("this version of Numba compiles otherwise")


class UnoptimisedLibrary(JITCodeLibrary):
    """LLVM code of a helper and of what it calls, to be linked into a kernel."""

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerHelper(NativeLowering):
    """The pass that makes LLVM code, without the machine code that Python would call."""

    _name = "dropout_fast_lower_helper"

    def run_pass(self, state):
        state.library = UnoptimisedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        key = object().__sizeof__  # Numba finds a compiled function by a built-in function of its own, which nothing calls here
        state.cr = state.cr._replace(cfunc=key)
        state.targetctx.insert_user_function(key, state.cr.fndesc, [state.library])
        return True


class HelperCompiler(CompilerBase):
    """Numba's own compiler but for that pass."""

    def define_pipelines(self):
        """The steps of compilation."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        usual.passes = [(_LowerHelper if step is NativeLowering else step, text) for step, text in usual.passes]
        usual.finalize()
        return [usual]
