"""Holds what the analysis says of the stores that `generate.py` wrote to what NumPy makes of them.

    python hold.py FOLDER CLAIMS

CLAIMS has one JSON object a line for each store: file, function, line, the names of which it is said that the store
leaves them as they are, and whether it is said to overwrite all of its target. Each statement is executed; the arrays
are compared with what they were before. Prints the false claims, and as its last line the counts as JSON: how many
stores, how many false claims, and of how many names that stay as they are nothing was said. Exit status 1 if a claim
was false.
"""

import ast
import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")

NAMES = ("a", "b", "c", "v", "w")


def content(array):
    return np.ndarray.tobytes(array)


def is_uniform(array):
    """Has the array the same value everywhere, as after a store into all of it?"""
    data, size = content(array), array.itemsize
    if array.dtype.names:
        return True  # there are bytes between the fields
    return data == data[:size] * array.size


def runs(code, names):
    """Executes a statement; False where this version of NumPy does not take it."""
    try:
        exec(code, names)
    except (IndexError, ValueError, TypeError, AttributeError):
        return False
    return True


def arrays(names):
    return {name: names[name] for name in NAMES if isinstance(names.get(name), np.ndarray)}


def main():
    folder, claims = Path(sys.argv[1]), {}
    with open(sys.argv[2], encoding="utf-8") as file:
        for line in file:
            claim = json.loads(line)
            claims[claim["file"], claim["line"]] = claim
    counts = {"numpy": np.__version__, "stores": 0, "wrong": 0, "unchanged": 0, "open": 0}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text()
        lines = text.splitlines()
        for function in ast.parse(text).body[1:]:
            names = {"np": np}
            for statement in function.body[:-1]:
                code = compile(ast.Module([statement], []), str(path), "exec")
                if not lines[statement.lineno - 1].endswith("# store"):
                    if not runs(code, names):
                        break
                    continue
                before = {name: (array, content(array)) for name, array in arrays(names).items()}
                claim = claims[path.name, statement.lineno]
                target = None
                if claim["whole"] and isinstance(statement.targets[0].value, (ast.Name, ast.Attribute)):
                    target = eval(compile(ast.Expression(statement.targets[0].value), str(path), "eval"), names)
                    target = target if isinstance(target, np.ndarray) else target.base
                if not runs(code, names):
                    break
                counts["stores"] += 1
                about = f"{path.name}:{statement.lineno}: {lines[statement.lineno - 1].strip()}"
                if target is not None and target.size and not is_uniform(target):
                    counts["wrong"] += 1
                    print(f"{about}: is said to overwrite all of its target")
                after = {name: content(array) for name, (array, _) in before.items()}
                # What was stored may have been there before.
                some = any(after[name] != old for name, (_, old) in before.items())
                for name, (_, old) in before.items():
                    changed = after[name] != old
                    said = name in claim["unchanged"]
                    if changed and said:
                        counts["wrong"] += 1
                        print(f"{about}: changes {name}, which is said to stay")
                    counts["unchanged"] += some and not changed
                    counts["open"] += some and not changed and not said
    print(json.dumps(counts))
    return counts["wrong"] > 0


sys.exit(main())
