"""Holds what `viewlint inspect` says of the programs that `generate.py` wrote to what NumPy makes of them.

    python hold.py FOLDER CLAIMS

Each statement of each function is executed; then the claims of the next line about `r` are compared with the object.
Prints the false claims (and with `--open` what is left open although it follows from the text), and as its last line the
counts as JSON: how many expressions, how many claims of each aspect were false, and of how many expressions each aspect
was left open. What dtype a result has is no question of indexing: it may be left open. Exit status 1 if a claim was false.
"""

import ast
import json
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")

ASPECTS = ["kind", "ndim", "shape", "memory", "order", "writeable", "dtype"]


def owner(array):
    """The array at the end of the chain of bases."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def truth(r, a):
    """What there is to say of `r`, which was taken from `a`."""
    if isinstance(r, np.void):
        # A record: a scalar that is a view for all that, of which `inspect` has no word.
        return {}
    if not isinstance(r, np.ndarray):
        return {"kind": "scalar"}
    c, f = r.flags.c_contiguous, r.flags.f_contiguous
    return {
        "kind": "array",
        "ndim": r.ndim,
        "shape": list(r.shape),
        "memory": "view" if owner(r) is owner(a) else "copy",
        "order": "CF" if c and f else "C" if c else "F" if f else "none",
        "writeable": r.flags.writeable,
        "dtype": None if r.dtype.names else r.dtype.name,
    }


def memory(r, a):
    """Do the claims say that `r` is a view of `a`'s memory, or a copy?"""
    mine, other = r.get("buffers", ["?"]), a.get("buffers", ["?"])
    if r.get("must") and a.get("must") and mine == other:
        return "view"
    if "?" not in mine + other and not set(mine) & set(other):
        return "copy"
    return None


def agrees(aspect, said, seen):
    """Does a claim hold?"""
    if aspect == "shape":
        return len(said) == len(seen) and all(m is None or m == n for m, n in zip(said, seen))
    if aspect == "order":
        return said in ("C", "F") and seen == "CF" or said == seen
    if aspect == "dtype" and len(said) == 1:
        return seen is None or np.dtype(seen).kind == said
    return said == seen


def is_open(aspect, said, seen, counted):
    """Does a claim leave something open that follows from the text?"""
    if aspect == "shape":
        # The number of elements that a mask selects is not in the text.
        return not counted and seen != [] and (said is None or None in said)
    if aspect == "order":
        return said != seen and not counted
    return said is None and seen is not None


class Counts:
    """What was found."""

    def __init__(self):
        self.expressions = 0
        self.wrong = Counter()
        self.open = Counter()
        self.helpless = 0

    def compare(self, place, claims, r, a, counted):
        self.expressions += 1
        said = dict(claims.get("r", {}))
        said["memory"] = memory(said, claims.get("a", {})) if said.get("kind") == "array" else None
        seen = truth(r, a)
        left_open = []
        for aspect in ASPECTS:
            if aspect not in seen or aspect == "dtype" and seen[aspect] is None:
                if said.get(aspect) is not None and seen.get("kind") == "array" and aspect != "dtype":
                    print(f"{place}: {aspect} said {said[aspect]} of a scalar")
                continue
            if said.get(aspect) is not None and not agrees(aspect, said[aspect], seen[aspect]):
                self.wrong[aspect] += 1
                print(f"WRONG {place}: {aspect}: said {said[aspect]}, is {seen[aspect]}")
            elif is_open(aspect, said.get(aspect), seen[aspect], counted):
                self.open[aspect] += 1
                if aspect != "dtype":
                    left_open.append(aspect)
        if left_open:
            self.helpless += 1
            if "--open" in sys.argv:
                print(f"OPEN {' '.join(left_open)} {place}: {seen}")


def main():
    folder, claims_file = Path(sys.argv[1]), Path(sys.argv[2])
    claims = {}
    with claims_file.open() as lines:
        for line in lines:
            row = json.loads(line)
            claims[Path(row["file"]).name, row["line"]] = row["vars"]
    counts = Counts()
    for path in sorted(folder.glob("index*.py")):
        text = path.read_text().splitlines()
        for node in ast.parse("\n".join(text)).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            names = {"np": np}
            for statement, following in zip(node.body, node.body[1:]):
                exec(compile(ast.Module([statement], []), path.name, "exec"), names)
                if not text[statement.lineno - 1].startswith("    r = "):
                    continue
                place = f"{path.name}:{statement.lineno}"
                known = claims.get((path.name, following.lineno))
                if known is None:
                    counts.wrong["unreachable"] += 1
                    print(f"WRONG {place}: not reachable, it is said")
                    continue
                source = text[statement.lineno - 1]
                counts.compare(f"{place}: {source.strip()}", known, names["r"], names["a"], source.endswith("# counted"))
    found = {"numpy": np.__version__, "expressions": counts.expressions, "wrong": dict(counts.wrong)}
    print(json.dumps(found | {"open": dict(counts.open), "open_expressions": counts.helpless}))
    sys.exit(1 if counts.wrong else 0)


main()
