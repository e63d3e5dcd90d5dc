"""The nets whose steps are measured: one hidden layer, by batch, inputs and hidden units."""

from typing import NamedTuple


class Net(NamedTuple):
    """A net of one hidden layer and ten outputs, and the batch that it is trained on."""

    batch: int
    inputs: int
    hidden: int
    dtype: str = "float32"

    @property
    def name(self) -> str:
        """Batch x inputs x hidden units."""
        return f"{self.batch}x{self.inputs}x{self.hidden}"


#: The first is the demo's net.
NETS = (
    Net(100, 64, 500, "float64"),
    Net(128, 64, 512),
    Net(256, 256, 1024),
    Net(1024, 256, 1024),
    Net(1024, 1024, 1024),
    Net(4096, 512, 1024),
)


def named(name: str) -> Net:
    """Return the net of `NETS` that has this name, or make one of float32.

    Raises
    ------
    ValueError
        The name is not three positive numbers with an x between them.
    """
    batch, inputs, hidden = (int(number) for number in name.split("x"))
    if min(batch, inputs, hidden) < 1:
        raise ValueError(f"{name} has a number below 1")
    made = Net(batch, inputs, hidden)
    return next((net for net in NETS if net.name == made.name), made)
