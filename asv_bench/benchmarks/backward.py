"""How long does a backward take?"""

from .one_direction import _Cost, _Seconds


class Backward(_Seconds):
    direction = "backward"


class BackwardCost(_Cost):
    direction = "backward"
