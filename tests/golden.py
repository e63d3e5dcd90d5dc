"""The golden masks of both engines, and how a process checks that its machine code draws them."""

import hashlib

import numpy as np

import dropout_fast

# seed, p, size, dtype; keep bits of the first twenty elements; first half of the SHA-256 of out's bytes; the next np.random.rand().
FORWARDS = [
    (0, 0.5, 20, "f4", "00001010010000111000", "2aa1a7fa522075b127bd11e8ad3f6b26", 0.978618342232764),
    (42, 0.9, 20, "f8", "10111111111011111111", "a7f1f7249ca03ce7f458db250fd1acc1", 0.6118528947223795),
    (7, 1 / 3, 100003, "f4", "10000001100001101001", "dd9af8e1755b774588327cd1391efdf8", 0.3725051971775418),
    ([1, 2, 3], 0.25, 4096, "f8", "00001000000001000101", "357298e1d2e21a2aeaa046c44633238a", 0.3680251068084549),
]  # fmt: skip

# The same of generators: kind, and what `FORWARDS` holds; the last is the next random().
GENERATORS = [
    ("PCG64", 0, 0.5, 20, "f4", "01110000000101010011", "b6d7cb478eb2991cf9e84602c5916d7a", 0.028319671145462966),
    ("PCG64", 42, 0.9, 20, "f8", "11111011111011111111", "8f3c4ebbf812b056b738a4ff286562aa", 0.7580877400853738),
    ("PCG64", 7, 1 / 3, 100003, "f4", "00011010001110000000", "98da01d28233728f7f2a3917728bc103", 0.8402532711760764),
    ("PCG64DXSM", 0, 0.5, 20, "f8", "00110101100101101001", "973caaa46580b233b3f712fa1a966d28", 0.9768346016849883),
    ("PCG64DXSM", 7, 0.25, 100003, "f4", "10110000100000010000", "807386973009cbc3d2476f8d317cfb99", 0.034006455225603194),
    ("MT19937", 7, 1 / 3, 5000, "f4", "10100000101111100101", "ac29cc4e7f7d84b7fa9088a97310aec4", 0.25907133058602494),
    ("SFC64", 1, 0.5, 5000, "f8", "01100001101100100010", "b6b1a748f2480dba4872b773d37e7200", 0.12455161518181856),
    ("Philox", 1, 0.5, 5000, "f4", "11101111000111010011", "df8399f70671413cfc666e2821fdc924", 0.007930615639011762),
]  # fmt: skip

# Engine fast. Seed, step, keep_prob, offset, size; keep bits of the first twenty elements; first half of the SHA-256 of
# all, packed. Another value here is another stream: a breaking change, with an entry in the changelog.
STREAM = [
    (0, 0, 0.5, 0, 100_003, "10010011000001001110", "fc591bf98db8f0ef24b9bfd734460e53"),
    (0, 0, 0.9, 0, 100_003, "11111111111111111111", "dfef7a50fb40bfa7f3d8e440c6103020"),
    (42, 7, 1 / 3, 0, 1_000_003, "00011111101100111101", "48a9d386d0f2d6778213b2a3238349dc"),
    (2**64 - 1, 2**64 - 1, 0.1, 0, 50_000, "01000000000000000001", "6fe9b531794633f8fa31c5ab393b265c"),
    (1, 0, 0.25, 511, 20_000, "00000011001000001001", "150b511cbdc845f3483b9cf46db6d9a8"),
    (1, 1, 1 - 2**-20, 2**40 + 12345, 70_000, "11111111111111111111", "613bd07864cf6ddbf3b91dddc19237ce"),
    (3, 0, 0.8, 2**62 - 32_999, 33_000, "00011111111111101111", "ed44b02b9e078db9678f0aa79aa7cee2"),
]  # fmt: skip

# Engine fast: SHA-256 of all that `programs/digest_of_engine_fast.py` lets it write.
DIGEST = "749e03ed9912827c150f2699ebb97d23153badeaed39a975d01f6c29219456a7"


def check_forward(seed, p, size, dtype, kept, digest, following):
    """Check that engine numpy draws what plain NumPy drew, and leaves np.random as it did."""
    x = np.linspace(-3, 3, size).astype(dtype)
    out, (_, mask) = dropout_fast.dropout_forward(x, {"p": p, "mode": "train", "seed": seed})
    assert "".join(str(int(value > 0)) for value in mask[:20]) == kept
    assert hashlib.sha256(out.tobytes()).hexdigest()[:32] == digest
    assert np.random.rand() == following


def check_generator(kind, seed, p, size, dtype, kept, digest, following):
    """Check that `rng` draws what plain NumPy drew, and is left as NumPy left it."""
    x, rng = np.linspace(-3, 3, size).astype(dtype), np.random.Generator(getattr(np.random, kind)(seed))
    out, mask = dropout_fast.dropout(x, keep_prob=p, rng=rng)
    assert "".join(str(int(value > 0)) for value in mask[:20]) == kept
    assert hashlib.sha256(out.tobytes()).hexdigest()[:32] == digest
    assert rng.random() == following


def check_stream(seed, step, keep_prob, offset, size, kept, digest, dtype=np.float32):
    """Check that engine fast draws what it drew when it was new."""
    out, mask = dropout_fast.dropout(np.ones(size, dtype), keep_prob=keep_prob, seed=seed, step=step, offset=offset)
    keeps = np.asarray(mask) > 0
    assert "".join(map(str, keeps[:20].astype(int))) == kept
    assert hashlib.sha256(np.packbits(keeps).tobytes()).hexdigest()[:32] == digest
    assert np.array_equal(out > 0, keeps)


def check_all():
    for forward in FORWARDS:
        check_forward(*forward)
    for generator in GENERATORS:
        check_generator(*generator)
    for masks in STREAM:
        check_stream(*masks)


#: What `programs/digest_of_fused.py` prints.
FUSED_DIGEST = "437f7130ed09632ff8233e7de8ec9c5e36eb3bc302b9cf5e1cf829d2bcc65bab"
