"""Holds what `viewlint inspect` says of a program to what the program does on real NumPy.

    python hold.py --claims CLAIMS.jsonl FILE...

`CLAIMS.jsonl` is the output of `viewlint inspect --output-format json`. Every FILE is run under a tracer (observe.py); at each
point the variables are compared with the claims of that point. Each contradiction is printed as one JSON object a line, with
file, function, line, claim, variables, what was said and what was seen; the last line is a JSON object of counts. The exit status
is 1 if there is a contradiction or a program failed.

How a claim can be contradicted, by the name that is reported:

    format     a key or a value that is not part of the interface, or `must` without exactly one buffer
    reached    the point was reached, but `inspect` does not print it
    kind       another kind of value
    disjoint   no buffer in common, yet memory is shared
    must       `must` variables of one buffer that have different owners
    same       not the owner itself; or two `same` variables of one buffer that are different objects
    complete   a parameter's, attribute's or global's memory, as on entry, is shared but its buffer is not in the list
    ndim shape dtype order writeable    these differ
"""

import argparse
import contextlib
import io
import json
import os
import sys
import traceback
import warnings

import numpy as np

import observe

POINT_KEYS = {"file", "function", "first_line", "line", "vars", "cell"}
VALUE_KEYS = {"kind", "buffers", "must", "same", "ndim", "shape", "dtype", "order", "writeable"}
KINDS = {"array", "scalar", "none", "container", "unknown"}
ORDERS = {"C": (True, None), "F": (None, True), "CF": (True, True), "none": (False, False)}
SCALARS = (bool, int, float, complex, str, bytes, np.generic)
CONTAINERS = (list, tuple, dict, set, frozenset)
EVERY_VISIT = 64  # later visits of a point are looked at only now and then
MANY_VISITS = 16


def kind_of(value):
    """The kind of a value, in the words of the interface."""
    if isinstance(value, np.ndarray):
        return "array"
    if value is None:
        return "none"
    if isinstance(value, SCALARS):
        return "scalar"
    return "container" if isinstance(value, CONTAINERS) else "other"


def share(a, b):
    """Do two arrays share memory? None if that is too hard to find out."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=100_000))
    except Exception:  # TooHardError: its place differs between the versions
        return None


def owner_of(array):
    """The object that owns the memory in the end: mostly an array, else what a buffer was made of."""
    owner = array
    while True:
        base = getattr(owner, "obj", None) if isinstance(owner, memoryview) else getattr(owner, "base", None)
        if base is None:
            return owner
        owner = base


def have_same_owner(a, b):
    """Are two arrays parts of one allocation?"""
    first, second = owner_of(a), owner_of(b)
    # Some wrappers hide the owner; arrays that overlap have the same one in any case.
    return first is second or np.may_share_memory(a, b)


class Roots:
    """The arrays that a function can reach when it is entered: what `complete` and `disjoint` are relative to."""

    def __init__(self, frame):
        self.arrays = []  # (buffer name, array)
        code = frame.f_code
        if code.co_name != "<module>":
            count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
            parameters = code.co_varnames[:count] if code.co_flags & 1 else ()
            for name in parameters:
                self.add("param:" + name, frame.f_locals.get(name))
                self.add_attributes(name, frame.f_locals.get(name))
            for name, value in list(frame.f_globals.items()):
                self.add("global:" + name, value)
        self.alike = {}
        for i, (name, array) in enumerate(self.arrays):
            for other, other_array in self.arrays[:i]:
                if name != other and share(array, other_array) is not False:
                    self.alike.setdefault(name, {name}).add(other)
                    self.alike.setdefault(other, {other}).add(name)

    def add(self, name, value):
        """Adds an array, or the arrays in a container."""
        if isinstance(value, dict):
            value = list(value.values())
        parts = value if isinstance(value, (list, tuple)) else [value]
        self.arrays += [(name, part) for part in parts if isinstance(part, np.ndarray)]

    def add_attributes(self, name, value):
        """Adds the arrays among the attributes of a parameter."""
        if not isinstance(value, (np.ndarray,) + CONTAINERS):
            for key, attribute in list(getattr(value, "__dict__", {}).items()):
                self.add(f"attr:{name}.{key}", attribute)

    def spread(self, buffers):
        """The buffers, and those that overlapped them on entry, which no claim speaks about."""
        return set(buffers).union(*(self.alike.get(b, ()) for b in buffers))


class Claims:
    """The points that `inspect` printed, by file, function, first line and line."""

    def __init__(self, path):
        self.points = {}
        self.errors = []
        folder = os.path.dirname(os.path.abspath(path))
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                self.add(json.loads(line), folder, number)

    def add(self, point, folder, number):
        """Adds one line; what is wrong with its form is kept in `errors`."""
        if set(point) - POINT_KEYS or not {"file", "function", "first_line", "line", "vars"} <= set(point):
            self.errors.append((number, f"the keys of a point: {sorted(point)}"))
            return
        where = (os.path.realpath(os.path.join(folder, point["file"])), point["function"], point["first_line"], point["line"])
        if where in self.points:
            self.errors.append((number, f"{where[1:]} is printed twice"))
        for name, value in point["vars"].items():
            reason = badly_formed(value)
            if reason:
                self.errors.append((number, f"{name}: {reason}"))
        self.points[where] = point["vars"]


def badly_formed(value):
    """What is wrong with the form of a value, if anything."""
    if set(value) - VALUE_KEYS:
        return f"unknown keys {sorted(set(value) - VALUE_KEYS)}"
    if value.get("kind", "unknown") not in KINDS:
        return f"unknown kind {value['kind']}"
    if value.get("order", "C") not in ORDERS:
        return f"unknown order {value['order']}"
    if value.get("must") and (len(value.get("buffers", [])) != 1 or "?" in value["buffers"]):
        return "must without exactly one buffer"
    if value.get("same") and not value.get("must"):
        return "same without must"
    if "ndim" in value and "shape" in value and len(value["shape"]) != value["ndim"]:
        return "ndim and shape differ"
    return None


class Judge:
    """Compares; the visitor of `observe.run`."""

    def __init__(self, claims):
        self.claims = claims
        self.path = None
        self.found = {}  # contradictions, without repetition
        self.visits = {}
        self.checked = 0
        self.arrays = {}  # (point, name) -> was it said to be an array?
        self.pairs = {}  # (point, a, b) -> was there a definite answer?

    def report(self, where, claim, names, said, saw):
        """Notes a contradiction, once for each place and claim."""
        self.found.setdefault((where, claim, names), {
            "file": where[0], "function": where[1], "line": where[3],
            "claim": claim, "variables": list(names), "said": said, "saw": saw,
        })

    def enter(self, activation, frame):
        """A scope is entered."""
        activation.user = Roots(frame)

    def point(self, activation, line, frame):
        """A point is reached."""
        where = (self.path, activation.scope.qualname, activation.scope.first_line, line)
        visits = self.visits[where] = self.visits.get(where, 0) + 1
        if visits > EVERY_VISIT and visits % MANY_VISITS:
            return
        said = self.claims.points.get(where)
        if said is None:
            self.report(where, "reached", (), "nothing", "the point is reached")
            said = {}
        values = dict(frame.f_locals)
        arrays = {}
        for name, value in values.items():
            claim = said.get(name, {})
            if isinstance(value, np.ndarray) and not name.startswith("__"):
                arrays[name] = value
                self.arrays[where, name] = claim.get("kind") == "array"
            self.hold_value(where, name, claim, value)
        names = sorted(arrays)
        for name in names:
            self.hold_complete(where, activation.user, name, said.get(name, {}), arrays[name])
        for i, first in enumerate(names):
            for second in names[i + 1:]:
                answer = self.hold_pair(
                    where, activation.user, (first, second), said.get(first, {}), said.get(second, {}),
                    arrays[first], arrays[second])
                self.pairs[where, first, second] = answer

    def hold(self, where, claim, names, right, said, saw):
        """One claim is checked."""
        self.checked += 1
        if not right:
            self.report(where, claim, names, said, saw)

    def hold_value(self, where, name, claim, value):
        """The claims about one variable alone."""
        kind = claim.get("kind", "unknown")
        if kind != "unknown":
            self.hold(where, "kind", (name,), kind_of(value) == kind, kind, type(value).__name__)
        if not isinstance(value, np.ndarray):
            return
        seen = {
            "ndim": value.ndim, "shape": list(value.shape), "dtype": value.dtype.name,
            "order": [bool(value.flags.c_contiguous), bool(value.flags.f_contiguous)], "writeable": bool(value.flags.writeable),
        }
        for key in seen:
            if key in claim:
                self.hold(where, key, (name,), agrees(key, claim[key], value), claim[key], seen[key])
        if claim.get("same"):
            self.hold(where, "same", (name,), value.base is None, claim["buffers"], "a view")

    def hold_complete(self, where, roots, name, claim, array):
        """A list of buffers without `?` names all that the function was given and the array shares."""
        buffers = claim.get("buffers")
        if buffers is None or "?" in buffers:
            return
        for root, memory in roots.arrays:
            if root not in roots.spread(buffers):
                self.hold(where, "complete", (name,), share(array, memory) is not True, buffers, f"shares memory with {root}")

    def hold_pair(self, where, roots, names, first, second, a, b):
        """What two claims together say; gives whether that is a definite answer."""
        one, other = first.get("buffers"), second.get("buffers")
        if not one or not other or "?" in one or "?" in other:
            return False
        if not roots.spread(one) & set(other):
            self.hold(where, "disjoint", names, share(a, b) is not True, [one, other], "they share memory")
            return True
        if first.get("must") and second.get("must") and one == other:
            self.hold(where, "must", names, have_same_owner(a, b), one, "different owners")
            if first.get("same") and second.get("same"):
                self.hold(where, "same", names, a is b, one, "different objects")
            return True
        return False

    def counts(self):
        """The numbers of a run."""
        return {
            "points": len(self.visits), "visits": sum(self.visits.values()), "claims": self.checked,
            "contradictions": len(self.found),
            "arrays": len(self.arrays), "arrays_known": sum(self.arrays.values()),
            "pairs": len(self.pairs), "pairs_definite": sum(self.pairs.values()),
            "python": "%d.%d" % sys.version_info[:2], "numpy": np.__version__,
        }


def agrees(key, said, value):
    """Does one property of an array agree with what is said of it?"""
    if key == "ndim":
        return value.ndim == said
    if key == "shape":
        return len(said) == value.ndim and all(s is None or s == n for s, n in zip(said, value.shape))
    if key == "dtype":
        return said in (value.dtype.name, value.dtype.kind)
    if key == "writeable":
        return bool(value.flags.writeable) == said
    flags = (value.flags.c_contiguous, value.flags.f_contiguous)
    return said in ORDERS and all(want is None or bool(flag) == want for want, flag in zip(ORDERS[said], flags))


def hold(claims, paths):
    """Runs the programs and compares; gives the judge and the programs that failed."""
    judge = Judge(claims)
    # Looking at the flags of what `broadcast_arrays` gives warns on NumPy 1.26.
    warnings.simplefilter("ignore")
    for number, reason in claims.errors:
        judge.report((f"line {number} of the claims", "", 0, number), "format", (reason,), reason, "")
    failed = []
    for path in paths:
        judge.path = os.path.realpath(path)
        np.random.seed(0)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                observe.run(judge.path, judge)
        except BaseException:  # a program may also call sys.exit
            failed.append({"file": path, "failed": traceback.format_exc(limit=-2)})
    return judge, failed


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    judge, failed = hold(Claims(arguments.claims), arguments.files)
    # Points that are not printed come last: they are many where something else is wrong.
    found = sorted(judge.found.values(), key=lambda record: record["claim"] == "reached")
    for record in failed + found:
        print(json.dumps(record))
    print(json.dumps(dict(judge.counts(), programs=len(arguments.files), failed=len(failed))))
    return 1 if failed or judge.found else 0


if __name__ == "__main__":
    sys.exit(main())
