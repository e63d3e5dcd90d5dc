"""`forms.match`: code of every family is found, and what is no dropout is named."""

import subprocess
import sys

import numpy as np
import pytest
from generators import make, run_lines, state_of
from helpers import assert_same

from dropout_fast import dropout, forms

X = np.arange(1.0, 2001.0).reshape(40, 50)


@pytest.mark.parametrize("name", forms.NAMED)
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.65])
@pytest.mark.parametrize("returned", ["out", "both"])
def test_families(name, rate, returned):
    def forward(x):
        made = run_lines(forms.NAMED[name], x, rate)
        return made["out"] if returned == "out" else (made["out"], made["mask"])

    before = state_of(np.random)
    found = forms.match(forward)
    assert state_of(np.random) == before
    for dtype in (np.float32, np.float64):
        x = X.astype(dtype)
        np.random.seed(9)
        expected = run_lines(forms.NAMED[name], x, rate)
        out, mask = by_line(found, x, seed=9)
        assert_same(out, expected["out"].astype(dtype))
        if returned == "both" and name != "CHAINER":
            assert_same(np.asarray(mask), expected["mask"])
    assert str(found).startswith(found.line) and ("does not scale" in str(found)) == (found.form.scale is None)


def by_line(found, x, seed):
    """Run the line that was found."""
    np.random.seed(seed)
    names = {"np": np, "x": x, "dropout": dropout, "forms": forms, "dtype": np.dtype}
    exec(found.line, names)
    return names["out"], names["mask"]


@pytest.mark.parametrize("kind", ["MT19937", "PCG64", "SFC64"])
@pytest.mark.parametrize("owner", ["Generator", "RandomState"])
def test_a_generator(kind, owner):
    rng = make(owner, kind, (3, 1))
    before = state_of(rng)

    def forward(x):
        draws = rng.random(x.shape) if owner == "Generator" else rng.rand(*x.shape)
        return x * (draws >= 0.7) / (1 - 0.7)

    found = forms.match(forward, rng=rng)
    assert state_of(rng) == before
    assert (found.form.scale, found.probability) == ("divide", {"rate": 0.7}) and "rng=rng" in found.line
    assert kind != "MT19937" or found.form.keep == ">="


def test_a_generator_that_is_made_at_each_call():
    found = forms.match(lambda x: x * (np.random.default_rng().random(x.shape) < 0.9) / 0.9)
    assert found.line == "out, mask = dropout(x, keep_prob=0.9, rng=rng, form=forms.COURSERA_BOOL)"


def test_draws_of_float32():
    rng = np.random.default_rng(1)
    found = forms.match(lambda x: x * ((rng.random(x.shape, dtype=np.float32) < 0.8) / 0.8), rng=rng)
    assert found.form == forms.NumpyForm(draw="random_float32") and found.probability == {"keep_prob": 0.8}


class Layer:
    """A layer as people write them."""

    def forward(self, x):
        self.mask = np.random.binomial(1, 0.9, size=x.shape) / 0.9
        return x * self.mask


def test_an_object_with_forward():
    assert forms.match(Layer()).line == "out, mask = dropout(x, keep_prob=0.9, rng=np.random, form=forms.NNFS)"


@pytest.mark.parametrize(
    ("forward", "remark"),
    [
        (lambda x: x * ((np.random.randn(*x.shape) < 0.8) / 0.8), "a known bug: it keeps 78.[789]% of"),
        (lambda x: np.maximum(x - 1, 0), "no dropout, or not in training mode"),
        (lambda x: x, "no dropout, or not in training mode"),
        (lambda x: x + np.random.rand(*x.shape), "no dropout, or more than dropout"),
        (lambda x: np.random.permutation(x.ravel()).reshape(x.shape), "no dropout, or more than dropout"),
        (lambda x: x[:3], r"of shape \(3, 26\) for one of \(12, 26\)"),
        (lambda x: x * (np.random.RandomState().rand(*x.shape) > 0.5), "draws from another"),
        (lambda x: x * (np.random.rand(*x.shape[::-1]).T < 0.8) / 0.8, "is its mask drawn in another order"),
        (lambda x: x * (np.random.rand(*x.shape, 2)[..., 0] < 0.8) / 0.8, "other random numbers than one an element"),
        (lambda x: x * (np.random.rand(*x.shape) < 0.8) / 0.7, "scales otherwise"),
    ],
)
def test_what_is_no_form(forward, remark):
    found = forms.match(forward)
    assert found.form is None and found.line == ""
    with pytest.raises(AssertionError, match=remark):
        raise AssertionError(str(found))


def test_the_command(tmp_path):
    (tmp_path / "layers.py").write_text(
        "import numpy as np\nrng = np.random.default_rng(0)\n"
        "def forward(x):\n    return x * (np.random.rand(*x.shape) > 0.3)\n"
        "def by_rng(x):\n    return x * (rng.random(x.shape) < 0.5) / 0.5\n"
    )
    command = [sys.executable, "-m", "dropout_fast", "match"]
    for arguments, status, start in (
        (["layers:forward"], 0, "out, mask = dropout(x, rate=0.3, rng=np.random, form=forms.OREILLY)"),
        (["layers:by_rng", "--rng", "layers:rng"], 0, "out, mask = dropout(x, keep_prob=0.5, rng=rng, form=forms."),
        (["layers:by_rng"], 1, "Two runs on the same draws differ"),
    ):
        done = subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status and done.stdout.startswith(start), done
