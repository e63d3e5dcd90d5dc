"""How long does a forward take?"""

from .one_direction import _Cost, _Seconds


class Forward(_Seconds):
    direction = "forward"


class ForwardCost(_Cost):
    direction = "forward"
