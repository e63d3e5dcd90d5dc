"""What does a backward cost?"""

from .one_way import _Cost, _Seconds


class Backward(_Seconds):
    way = "backward"


class BackwardCost(_Cost):
    way = "backward"
