"""`replace_dropout`: from a model with PyTorch's dropout to the same model with ours."""

import torch

from . import modules

#: From PyTorch's classes to ours.
OURS = {
    torch.nn.Dropout: modules.Dropout,
    torch.nn.Dropout1d: modules.Dropout1d,
    torch.nn.Dropout2d: modules.Dropout2d,
    torch.nn.Dropout3d: modules.Dropout3d,
    torch.nn.AlphaDropout: modules.AlphaDropout,
    torch.nn.FeatureAlphaDropout: modules.FeatureAlphaDropout,
}


def replace_dropout(model: torch.nn.Module) -> torch.nn.Module:
    """Make every dropout module of a model one of ours, in place.

    >>> import torch
    >>> from dropout_fast.torch import replace_dropout
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Dropout(0.1))
    >>> replace_dropout(model) is model
    True
    >>> type(model[2]).__module__
    'dropout_fast.torch.modules'

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    torch.nn.Module
        `model` itself. Its dropout modules are the objects that they were, with hooks, attributes and mode: only their class
        is another. So whoever holds one of them has it replaced, too.

    Raises
    ------
    TypeError
        `model` is no module.

    Notes
    -----
    Covered: modules of PyTorch's own six classes, wherever they are, also in `torch.nn.TransformerEncoderLayer` and
    `torch.nn.TransformerDecoderLayer`, which call theirs as modules in training. Not covered: classes that a library derives
    from them; calls of `torch.nn.functional.dropout`, for which there is `dropout_fast.torch.dropout`; and dropout inside of
    `torch.nn.functional.scaled_dot_product_attention` and recurrent modules. The dropout of attention weights in
    `torch.nn.MultiheadAttention` is such a call.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"`model` has type {type(model).__name__}; expected a torch.nn.Module.")
    for module in model.modules():
        ours = OURS.get(type(module))
        if ours is not None:
            module.__class__ = ours
    return model
