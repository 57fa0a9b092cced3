"""What selftest.py makes true and false claims about. The line numbers matter there."""

import numpy as np


def parts(x, n):
    head = x[:2]
    twice = x * 2.0
    table = np.zeros((2, 3))
    turned = table.T
    count = len(x) + n
    names = ["a", "b"]
    nothing = None
    fixed = np.broadcast_to(1.0, (2,))
    return head, twice, turned, count, names, nothing, fixed


class Store:
    """Holds an array."""

    def __init__(self, data):
        self.data = data

    def first(self):
        part = self.data[:1]
        return part


LIMITS = np.array([0.0, 1.0])


def lower():
    low = LIMITS[:1]
    return low


parts(np.arange(4.0), 1)
Store(np.arange(3)).first()
lower()
