"""Statements whose points are hard to tell from line events.

`point("name")` marks lines: selftest.py compares the visits that observe.py counts for a line with the comment `# N visits` on it.
A line without that comment may have any number of visits; `# no point` must have none.
"""

import contextlib


def long_call(a):
    result = max(  # 1 visits
        a,
        min(a, 3),
    )
    other = (  # 1 visits
        a
        + result
    )
    return (  # 1 visits
        other
        + 1
    )


def loops(n):
    total = 0
    for i in range(n):  # 4 visits
        total += i  # 3 visits
    while total > 0:  # 3 visits
        total -= (  # 2 visits
            2
        )
    while True:
        total = max(  # 3 visits
            total + 1,
            0)
        if total > 1:  # 3 visits
            break  # 1 visits
    return [
        i for i in range(n)
        if i > 1
    ]


def blocks(n):
    for i in range(n):  # 3 visits
        with contextlib.nullcontext(i) as j:  # 2 visits
            k = j  # 2 visits
    with contextlib.nullcontext():  # 1 visits
        return k  # 1 visits


def last(n):
    """Nothing is executed here."""  # no point
    try:  # no point
        if n:  # 2 visits
            return n  # 1 visits
        raise ValueError  # 1 visits
    except ValueError:  # no point
        pass  # 1 visits
    finally:  # no point
        n = 0  # 2 visits
    return n  # 1 visits


def numbers(n):
    for i in range(n):  # 4 visits
        got = (  # 3 visits
            yield i
        )
        del got  # 3 visits


def drained(n):
    source = iter(range(n))
    try:
        while True:
            item = next(  # 3 visits
                source
            )
    except StopIteration:
        return item  # 1 visits


def released(n):
    with contextlib.nullcontext(n) as m:  # 1 visits
        try:
            with contextlib.nullcontext():  # 1 visits
                return max(  # 1 visits
                    m, 1)
        finally:
            m = 2  # 1 visits


def skipped(n):
    for i in range(n):  # 2 visits
        try:
            if i:  # 2 visits
                break  # 1 visits
            continue  # 1 visits
        finally:
            n = 0  # 2 visits
    return i  # 1 visits


def decorator(f):
    return f


@decorator
def decorated():  # 1 visits
    square = lambda v: v * v
    return square(2)  # 1 visits


class Thing:  # 1 visits
    """A class."""  # no point

    size = 3  # 1 visits

    def get(self):  # 1 visits
        return self.size  # 2 visits


long_call(1)
loops(3)
blocks(2)
last(0)
last(1)
list(numbers(3))
drained(2)
released(1)
skipped(3)
decorated()
Thing().get() + Thing().get()
