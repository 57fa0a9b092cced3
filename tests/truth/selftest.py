"""Tests the harness itself: every kind of false claim is reported, true claims are not, and points are where they should be.

    python selftest.py

Prints what is wrong; the exit status is 1 if anything is.
"""

import json
import os
import re
import sys
import tempfile

import hold
import observe

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "selftest")
PROGRAM = os.path.join(FOLDER, "program.py")
MOMENTS = os.path.join(FOLDER, "moments.py")


def array(buffers, **more):
    """A claim about an array."""
    return dict(kind="array", buffers=buffers, **more)


# What is right at `return head, …` in `parts` (line 15).
PARTS = {
    "x": array(["param:x"], must=True, ndim=1, dtype="f"),
    "n": {"kind": "scalar"},
    "head": array(["param:x"], must=True, ndim=1, shape=[2], dtype="float64", order="CF", writeable=True),
    "twice": array(["alloc@8:12"], must=True, same=True, ndim=1, shape=[None], dtype="float64"),
    "table": array(["alloc@9:12"], must=True, same=True, ndim=2, shape=[2, 3], order="C"),
    "turned": array(["alloc@9:12"], must=True, ndim=2, shape=[3, 2], order="F"),
    "count": {"kind": "scalar"},
    "names": {"kind": "container"},
    "nothing": {"kind": "none"},
    "fixed": array(["alloc@14:12"], writeable=False),
}
# Points: (function, first line, line) -> variables.
TRUE = {
    ("parts", 6, 15): PARTS,
    ("Store.first", 24, 26): {"part": array(["attr:self.data"])},
    ("lower", 32, 34): {"low": array(["global:LIMITS"])},
}
# The kind of contradiction, the point's line, the variable, and what is changed in its claim.
FALSE = [
    ("kind", 15, "head", {"kind": "scalar"}),
    ("kind", 15, "count", {"kind": "array"}),
    ("kind", 15, "names", {"kind": "none"}),
    ("kind", 15, "nothing", {"kind": "container"}),
    ("disjoint", 15, "turned", {"buffers": ["alloc@10:13"]}),
    ("disjoint", 15, "head", {"buffers": ["alloc@7:11"]}),
    ("must", 15, "twice", {"buffers": ["alloc@9:12"], "same": False}),
    ("same", 15, "turned", {"same": True}),
    ("same", 15, "fixed", {"must": True, "same": True}),
    ("complete", 15, "head", {"buffers": ["alloc@7:11"], "must": False}),
    ("complete", 26, "part", {"buffers": ["alloc@25:15"]}),
    ("complete", 34, "low", {"buffers": ["param:LIMITS"]}),
    ("ndim", 15, "x", {"ndim": 2}),
    ("shape", 15, "head", {"shape": [3]}),
    ("shape", 15, "table", {"shape": [2, 3, 1], "ndim": 3}),
    ("dtype", 15, "head", {"dtype": "float32"}),
    ("dtype", 15, "x", {"dtype": "i"}),
    ("order", 15, "table", {"order": "F"}),
    ("order", 15, "turned", {"order": "CF"}),
    ("order", 15, "twice", {"order": "none"}),
    ("writeable", 15, "fixed", {"writeable": True}),
    ("writeable", 15, "head", {"writeable": False}),
    ("format", 15, "head", {"strides": [8]}),
    ("format", 15, "head", {"kind": "ndarray"}),
    ("format", 15, "head", {"order": "A"}),
    ("format", 15, "table", {"shape": [2]}),
    ("format", 15, "head", {"buffers": ["param:x", "?"], "must": True}),
    ("format", 15, "fixed", {"same": True}),
]


def reports(points):
    """Holds the program to these points: the contradictions but for points that are not printed, and the counts."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False, encoding="utf-8") as file:
        for (function, first_line, line), variables in points.items():
            point = {"file": PROGRAM, "function": function, "first_line": first_line, "line": line, "vars": variables}
            file.write(json.dumps(point) + "\n")
    try:
        judge, failed = hold.hold(hold.Claims(file.name), [PROGRAM])
    finally:
        os.unlink(file.name)
    assert not failed, failed
    return list(judge.found.values()), judge.counts()


def changed(line, name, change):
    """The true points with one claim made false."""
    return {
        key: {n: dict(v, **change) if key[2] == line and n == name else v for n, v in variables.items()}
        for key, variables in TRUE.items()
    }


def wrong_reports():
    """What the harness says of true and false claims, where that is wrong."""
    found, counts = reports(TRUE)
    wrong = [f"a true claim is reported: {record}" for record in found if record["claim"] != "reached"]
    if counts["pairs_definite"] == 0 or counts["arrays_known"] == 0:
        wrong.append(f"true claims count as no help: {counts}")
    if not any(record["claim"] == "reached" and record["line"] == 7 for record in found):
        wrong.append("a point that is not printed is not reported")
    for claim, line, name, change in FALSE:
        found, _ = reports(changed(line, name, change))
        right = [
            r for r in found
            if r["claim"] == claim and (claim == "format" or (r["line"] == line and name in r["variables"]))
        ]
        if not right:
            wrong.append(f"not reported: {claim} of {name} in line {line}, changed by {change}; reported: {found}")
    return wrong


class Counter:
    """A visitor that counts visits."""

    def __init__(self):
        self.visits = {}

    def enter(self, activation, frame):
        """Nothing to do."""

    def point(self, activation, line, frame):
        """One more."""
        self.visits[line] = self.visits.get(line, 0) + 1


def wrong_moments():
    """The lines of moments.py that are visited more or less often than they say."""
    counter = Counter()
    observe.run(MOMENTS, counter)
    wrong = []
    with open(MOMENTS, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = re.search(r"# (\d+) visits$", line)
            wanted = int(match.group(1)) if match else 0 if line.rstrip().endswith("# no point") else None
            if wanted is not None and counter.visits.get(number, 0) != wanted:
                wrong.append(f"moments.py:{number}: {counter.visits.get(number, 0)} visits: {line.strip()}")
    return wrong


def main():
    """The command."""
    wrong = wrong_reports() + wrong_moments()
    for line in wrong:
        print(line)
    print(f"{len(FALSE)} false claims tried, {len(wrong)} things wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
