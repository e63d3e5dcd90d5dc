"""Fresh seeds: for each call, each process and each forked child another one."""

import os
import random

# A generator of our own: `random` and `np.random` are the user's. Seeding it asks the system for entropy.
_generator = random.Random()


def fresh_seed() -> int:
    """An integer of 64 bits that nobody can foresee by the calls before; takes 0.1 us, asking the system 1 us."""
    return _generator.getrandbits(64)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_generator.seed)
