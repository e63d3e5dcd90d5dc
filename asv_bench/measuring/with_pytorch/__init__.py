"""`dropout_fast.torch` against PyTorch's own dropout, alone and in a step of training."""
