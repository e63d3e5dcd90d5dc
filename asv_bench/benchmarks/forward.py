"""What does a forward cost?"""

from .one_way import _Cost, _Seconds


class Forward(_Seconds):
    way = "forward"


class ForwardCost(_Cost):
    way = "forward"
