"""Which tensors our kernels take; all others are PyTorch's affair.

A usual tensor is a plain `torch.Tensor` or `torch.nn.Parameter` in this machine's memory, of one of four dtypes, outside of all
that changes what an operation means: transforms of `torch.func`, tracing, fake tensors, modes of other libraries. PyTorch's
dispatcher has a key for each of these, in the tensor or in the thread. So two comparisons tell (1 us), where a question for each
would take longer and miss the next one.
"""

import threading
import warnings
from typing import Any

import torch

#: dtypes of the kernels, with the names that `dropout_fast._dispatch` has for them.
NAMES = {torch.float32: "float32", torch.float64: "float64", torch.float16: "float16", torch.bfloat16: "bfloat16"}

_PLAIN = (torch.Tensor, torch.nn.Parameter)


def _usual_keys() -> tuple[frozenset[int], frozenset[int]]:
    """The sets of keys of a plain tensor and of a thread, inside of inference mode and outside."""
    of_tensors, of_threads = set(), set()

    def ask() -> None:
        for is_inference in (False, True):
            with torch.inference_mode(is_inference):
                of_tensors.add(_keys_of(torch.empty(1, device="cpu")).raw_repr())
                of_threads.add(_keys_included().raw_repr())

    # In a new thread, because an import may happen inside of anything.
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return frozenset(of_tensors), frozenset(of_threads)


try:
    _keys_of = torch._C._dispatch_keys
    _keys_included = torch._C._dispatch_tls_local_include_set
    _function_modes = torch._C._len_torch_function_stack
    _forward_gradients: Any = torch.autograd.forward_ad
    _OF_TENSORS, _OF_THREADS = _usual_keys()
    _forward_gradients._current_level  # noqa: B018  # asked for here, so that another version shows now
except AttributeError as error:  # another version of PyTorch, with other private names
    warnings.warn(f"dropout_fast.torch leaves all to PyTorch, of which it does not know this version: {error}", stacklevel=2)
    _OF_TENSORS = _OF_THREADS = frozenset()


def is_usual(tensor: Any) -> bool:
    """Whether kernels may read and write the tensor's memory, of whatever layout, at this moment."""
    return (
        type(tensor) in _PLAIN
        and tensor.dtype in NAMES
        and _keys_of(tensor).raw_repr() in _OF_TENSORS
        and _keys_included().raw_repr() in _OF_THREADS
        and (_function_modes() == 0 or _only_devices())
    )


def wants_gradient(tensor: torch.Tensor) -> bool:
    """Whether PyTorch must learn of an operation on the tensor: for a backward, or because it may have a forward-mode gradient."""
    return (tensor.requires_grad and torch.is_grad_enabled()) or has_forward_gradients()


def has_forward_gradients() -> bool:
    """Whether there may be tensors with a forward-mode gradient."""
    return _forward_gradients._current_level >= 0


def _only_devices() -> bool:
    """Whether the modes that see every function are those that choose a device for new tensors (`torch.set_default_device`)."""
    stack = torch.overrides._get_current_function_mode_stack()
    return all(type(mode) is torch.utils._device.DeviceContext for mode in stack)
