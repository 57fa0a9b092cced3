"""Holds the rows of the model to real NumPy.

    check_rows.py ROWS.json
    check_rows.py --weak ROWS.json REPORT.json...

ROWS.json is a list of rows as `tests/model.rs` writes them. Every witness is evaluated over the grid of inputs; in each
evaluation the call of the row's function is intercepted, its arguments are bound to the row's parameters, and what came
out, what was written and what shares memory is compared with the row's words. Prints one JSON object: the totals, the
problems found, and for each row the answers seen. With `--weak`, takes such objects, one for each NumPy version, and
prints the list of rows whose words leave open what no evaluation on any version ever showed.
"""

from __future__ import annotations

import ast
import collections
import importlib
import json
import os
import shutil
import sys
import warnings

import numpy as np

import grid

VERSION = tuple(int(part) for part in np.__version__.split(".")[:2])
MAX_PROBLEMS_A_ROW = 3
# What two versions of NumPy are compared in: who owns what comes out, and in what it comes.
ANSWERS = {"none", "scalar", "fresh-owner", "fresh-view", "same", "view", "part", "list", "tuple", "readonly"}


# The classes of arrays that are no plain arrays in more than their name.
PECULIAR = (np.ma.MaskedArray, np.matrix)


def package(name: str) -> dict:
    """The package of a row's function, imported together with the module that the function is in."""
    root, *parts = name.split(".")[:-1]
    module = root
    found = {root: importlib.import_module(root)}
    for part in parts:
        module = f"{module}.{part}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            break  # a class, or a ufunc
    return found


class Misfit(Exception):
    """A row that does not describe what NumPy does."""


def root(value):
    """The object at the end of the chain of bases: what owns the memory."""
    while True:
        base = value.obj if isinstance(value, memoryview) else getattr(value, "base", None)
        if base is None or base is value:
            return value
        value = base


def library_memory(value):
    """The arrays that an object of a library is made of, or None where it is no such object."""
    library, name = type(value).__module__.partition(".")[0], type(value).__name__
    if isinstance(value, type) or is_array(value) and library != "astropy":
        return None
    if library == "scipy" and hasattr(value, "nnz"):
        held = [getattr(value, part, None) for part in ("data", "indices", "indptr", "row", "col")]
    elif library == "pandas" and name == "DataFrame":
        held = [block.values for block in value._mgr.blocks]
    elif library == "pandas" and name == "Series":
        held = [value._values]
    elif library == "xarray" and name == "DataArray":
        held = [value.variable._data]
    elif library == "astropy" and name == "Quantity":
        held = [np.ndarray.view(value, np.ndarray)]
    elif library in ("h5py", "zarr", "netCDF4", "PIL", "sklearn"):
        held = []
    else:
        return None
    return [part for part in held if is_array(part)]


def arrays(value, depth: int = 3) -> list:
    """The arrays in an argument or a result, looking into lists, tuples and dicts."""
    if (held := library_memory(value)) is not None:
        return held
    if isinstance(value, (np.ndarray, memoryview, bytearray)):
        return [value]
    if depth and isinstance(value, (list, tuple)):
        return [array for item in value for array in arrays(item, depth - 1)]
    if depth and isinstance(value, dict):
        return [array for item in value.values() for array in arrays(item, depth - 1)]
    if isinstance(value, np.flatiter):
        return [value.base]
    return []


def mask_of(value):
    """The mask of a masked array, if it has one: memory of its own beside the data."""
    mask = getattr(value, "_mask", None) if isinstance(value, np.ma.MaskedArray) else None
    return mask if isinstance(mask, np.ndarray) and mask.ndim + mask.size > 0 else None


def content(value):
    """The bytes of an array, to find out whether it was written."""
    if not isinstance(value, np.ndarray):
        return bytes(value)
    return value.shape, np.ndarray.view(value, np.ndarray).tobytes()


def held_by(value) -> list:
    """The arrays that an object holds: a masked array its mask, a polynomial its coefficients, an iterator its operands."""
    if isinstance(value, np.ndarray):
        return [] if mask_of(value) is None else [mask_of(value)]
    if isinstance(value, np.poly1d):
        return [value.coeffs]
    if isinstance(value, np.nditer):
        return list(value.operands)
    if isinstance(value, np.polynomial._polybase.ABCPolyBase):
        return [value.coef, value.domain, value.window]
    return [value.iter.base] if isinstance(value, np.ndenumerate) else []


def masked(value):
    """What a masked array hides."""
    return None if mask_of(value) is None else mask_of(value).tobytes()


def look(value) -> tuple:
    """How an array looks at its memory."""
    return value.shape, value.strides, value.dtype


def bind(row: dict, args: tuple, kwargs: dict) -> dict:
    """The arguments under the row's parameter names."""
    params, bound, rest = row["params"], {}, list(args)
    for param in params:
        if not rest or param["keyword_only"]:
            break
        if param["variadic"]:
            bound[param["name"]], rest = tuple(rest), []
        else:
            bound[param["name"]] = rest.pop(0)
    if rest:
        raise Misfit("takes more positional arguments than the row has parameters")
    names = {param["name"] for param in params}
    for name, value in kwargs.items():
        if name not in names or name in bound:
            raise Misfit(f"takes a keyword `{name}` that the row does not have")
        bound[name] = value
    return bound


class Evaluation:
    """One call of a row's function: what went in and what came out."""

    def __init__(self, row: dict, bound: dict, call, subject):
        self.row, self.bound = row, bound
        self.inputs = {name: arrays(value) for name, value in bound.items()}
        self.held = [a for value in bound.values() for a in held_by(value)]
        before = {name: [content(a) for a in values] for name, values in self.inputs.items()}
        hidden = {name: [masked(a) for a in values] for name, values in self.inputs.items()}
        held = [(name, a, a.shape, a.dtype) for name, values in self.inputs.items() for a in values
                if isinstance(a, np.ndarray)]  # fmt: skip
        self.metadata = {id(a): (shape, dtype, a.flags.writeable, a.ndim) for _, a, shape, dtype in held}
        self.orders = {name: (a.flags.c_contiguous, a.flags.f_contiguous) for name, a, _, _ in held}
        self.shapes = {name: shape for name, _, shape, _ in reversed(held)}
        self.dtypes = {name: dtype for name, _, _, dtype in reversed(held)}
        self.result = call()
        self.call, self.subject = call, subject
        self.written = {
            name for name, values in self.inputs.items() if [content(a) for a in values] != before[name]
        }
        self.masks = {name for name, values in self.inputs.items() if [masked(a) for a in values] != hidden[name]}
        self.sharing_writes()

    def sharing_writes(self):
        """An argument that only shares memory with a written one is not written by the function."""
        declared = [a for name in self.row["writes"] for a in self.inputs.get(name, [])]
        if self.row["out"] and self.bound.get(self.row["out"]) is not None:
            declared += self.inputs.get(self.row["out"], [])
        for name in list(self.written - set(self.row["writes"]) - {self.row["out"]}):
            if all(any(np.may_share_memory(a, b) for b in declared) for a in self.inputs[name] if is_array(a)):
                self.written.discard(name)

    def could_write(self, name: str) -> bool:
        """Is there something in the argument that a write would have changed, unless to the same values?"""
        return any(is_array(a) and a.size > 1 for a in self.inputs.get(name, []))

    def everything(self) -> list:
        return [a for values in self.inputs.values() for a in values]


def is_array(value) -> bool:
    return isinstance(value, np.ndarray)


def shares(one, other) -> bool:
    if root(one) is root(other):
        return True
    return is_array(one) and is_array(other) and bool(np.may_share_memory(one, other) and np.shares_memory(one, other))


def relation(result, of: list, everything: list, parts: list) -> str:
    """How a result relates to an argument: same, view, part, fresh-owner, fresh-view, scalar, none, other."""
    if result is None:
        return "none"
    if result is np.ma.masked:
        return "scalar"  # one object for all: read-only, and the place of a number
    if any(result is a for a in of):
        return "same"
    if is_array(result):
        if any(shares(result, part) for part in parts):
            return "part"
        if result.size == 0:
            # Nothing is shared where there is nothing; whether it has a base is still a fact.
            return "empty-owner" if result.base is None else "empty-view"
        if any(shares(result, a) for a in of):
            return "view"
        if any(shares(result, a) for a in everything):
            return "view-of-another"
        return "fresh-owner" if result.base is None else "fresh-view"
    if isinstance(result, tuple) and all(relation(r, [], [], []) in ("scalar", "none") for r in result):
        return "scalar"
    if isinstance(result, (memoryview, np.flatiter, np.broadcast, np.nditer, list, tuple, dict)):
        return "list" if isinstance(result, list) else "other"
    return "scalar"


ALLOWED = {
    "none": {"none"},
    "scalar": {"scalar", "none"},
    "fresh": {"fresh-owner", "fresh-view"},
    "fresh owner": {"fresh-owner"},
    "fresh view": {"fresh-view"},
    "fresh-or-scalar": {"fresh-owner", "fresh-view", "scalar"},
    "same": {"same"},
    "view": {"view"},
    "readonly view": {"view"},
    "same-or-view": {"same", "view"},
    "same-or-copy": {"same", "fresh-owner", "fresh-view"},
    "view-or-copy": {"same", "view", "fresh-owner", "fresh-view"},
    "part": {"part", "scalar", "fresh-owner", "fresh-view"},
}
for _rule, _answers in ALLOWED.items():
    if _answers & {"view", "fresh-view"}:
        _answers.add("empty-view")
    if _answers & {"view", "fresh-owner"}:
        _answers.add("empty-owner")
# For the words that leave a choice: what must have been seen somewhere in the grid for the choice to be justified.
NEEDED = {
    "fresh": [{"fresh-owner"}, {"fresh-view"}],
    "fresh-or-scalar": [{"fresh-owner", "fresh-view"}, {"scalar"}],
    "same-or-view": [{"same"}, {"view"}],
    "same-or-copy": [{"same"}, {"fresh-owner", "fresh-view"}],
    "view-or-copy": [{"view"}, {"fresh-owner", "fresh-view"}],
    "part": [{"part"}],
}


def row_is_zero_dim(evaluation: Evaluation) -> bool:
    """May the result be a scalar because all arrays that went in have no dimension?"""
    if not evaluation.row["zero_dim_scalar"]:
        return False
    return all(a.ndim == 0 for a in evaluation.everything() if is_array(a))


def check_result(words: str, result, evaluation: Evaluation, seen: set) -> None:
    """Raises if the result is not what the words say."""
    if words == "unknown":
        seen.add("array" if is_array(result) else "other")
        return
    held = library_memory(result)
    if (held is None) == bool(evaluation.row["class"]) and evaluation.row["special"] != "member":
        raise Misfit(f"returns {type(result).__name__}, but `class` is {evaluation.row['class']}")
    if held is not None:
        # The words speak of the arrays that the object is made of.
        for part in held:
            check_held(words, part, evaluation, seen)
        return
    check_held(words, result, evaluation, seen)


def check_held(words: str, result, evaluation: Evaluation, seen: set) -> None:
    """Raises if an array, or whatever else is returned, is not what the words say."""
    container, _, rest = words.partition(" of ")
    if container == "maybe tuple":
        several = isinstance(result, (list, tuple))
        for item in result if several else [result]:
            # NumPy 1.26 nests (`histogramdd` gives an array and a list): what counts is what lies inside.
            check_result(words if several and isinstance(item, (list, tuple)) else rest, item, evaluation, seen)
        seen.add("several" if several else "one")
        return
    if words.startswith("items "):
        parts = words.removeprefix("items ").split(" / ")
        if not isinstance(result, tuple) or len(result) != len(parts):
            raise Misfit(f"is said to return a tuple of {len(parts)}, but returns {type(result).__name__}")
        for part, item in zip(parts, result):
            check_result(part, item, evaluation, seen)
        return
    if container in ("list", "tuple", "iterator"):
        # NumPy 2 turned several lists into tuples (broadcast_arrays, meshgrid, atleast_1d): the element is what counts.
        if container == "iterator":
            items = list(result)
        elif isinstance(result, (list, tuple)):
            items = list(result)
        else:
            raise Misfit(f"returns {type(result).__name__}, not a {container}")
        if container != "iterator":
            seen.add(type(result).__name__)
        for item in items:
            check_result(rest, item, evaluation, seen)
        return
    rule, _, name = words.partition(" of ") if " of " in words else words.rpartition(" ") if words.startswith("same ") else (words, "", "")
    everything = evaluation.everything()
    given = evaluation.bound.get(name)
    of = evaluation.inputs.get(name, []) + ([given] if isinstance(given, bytes) else [])
    if rule == "part" and any(result is part for part in of):
        seen.add("part")
        return
    got = relation(result, of if name else everything, everything, evaluation.held)
    if name and not of and name in evaluation.bound and got != "part":
        # The words speak of arrays: what is made of a list or a number shares with nothing.
        if got not in ("fresh-owner", "fresh-view", "empty-owner", "empty-view", "scalar", "list", "other"):
            raise Misfit(f"is said to return `{words}`, but returns {got} for something that is no array")
        return
    if got == "same" and result.size == 0 and "same" not in ALLOWED[rule]:
        got = "empty-owner" if result.base is None else "empty-view"  # no elements that could be shared
    if got == "scalar" and row_is_zero_dim(evaluation):
        return
    if rule in ("scalar", "none") and got == "other" and rule == "scalar":
        raise Misfit(f"is said to return a scalar, but returns {type(result).__name__}")
    if got not in ALLOWED[rule]:
        raise Misfit(f"is said to return `{words}`, but returns {got} ({type(result).__name__})")
    if rule == "readonly view" and result.flags.writeable:
        raise Misfit(f"is said to return `{words}`, but the view is writeable")
    if rule == "view" and got == "view" and all(is_array(a) and a.flags.writeable for a in of):
        seen.add("writeable" if result.flags.writeable else "readonly")
    seen.add(got)


def leaves(words: str, result) -> list:
    """The arrays that the shape, dtype and order clauses speak of."""
    if words.startswith("items "):
        parts = words.removeprefix("items ").split(" / ")
        return [leaf for part, item in zip(parts, result) for leaf in leaves(part, item)]
    if words.startswith("maybe tuple of") and not isinstance(result, (list, tuple)):
        return leaves(words.partition(" of ")[2], result)
    if words.startswith(("list of", "tuple of", "iterator of", "maybe tuple of")):
        return [leaf for item in result for leaf in leaves(words.partition(" of ")[2], item)]
    return [result] if isinstance(result, (np.ndarray, np.generic)) else []


def first_array(evaluation: Evaluation, name: str):
    values = [a for a in evaluation.inputs.get(name, []) if is_array(a)]
    given = evaluation.bound.get(name)
    if values and (given is values[0] or isinstance(given, tuple)):
        return values[0]
    return None


def expected_shape(rule: str, evaluation: Evaluation):
    """The shape (or the number of dimensions) that the rule predicts, or None where it says nothing."""
    words = rule.split()
    bound = evaluation.bound
    if words[0] == "of":
        return evaluation.shapes.get(words[1]) if first_array(evaluation, words[1]) is not None else None
    if words[0] == "from":
        given = bound.get(words[1])
        if given is None:
            return expected_shape(" ".join(words[3:]), evaluation) if words[3:] else None
        if is_array(given):
            return None
        shape = tuple(given) if isinstance(given, (tuple, list)) else (int(given),)
        return None if -1 in shape else shape
    if words[:2] == ["ndim", "of"]:
        of = first_array(evaluation, words[2])
        return None if of is None else len(evaluation.shapes[words[2]]) + int(words[3] if len(words) > 3 else 0)
    if words[0] == "ndim":
        return int(words[1])
    if words[0] == "broadcast":
        keywords = ("out", "where", "dtype", "casting", "order", "subok", "signature")
        operands = [value for name, value in bound.items() if name not in keywords and not name.startswith("out")]
        operands += [value for name, value in bound.items() if name == "where" and is_array(value)]
        return np.broadcast(*operands).shape if len(operands) > 1 else np.shape(operands[0])
    if words[0] == "reduce":
        of = first_array(evaluation, words[1])
        if of is None:
            return None
        axis, keep, shape = bound.get("axis"), bound.get("keepdims"), evaluation.shapes[words[1]]
        axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = {a % len(shape) for a in axes} if shape else set()
        return tuple(1 if d in gone else n for d, n in enumerate(shape) if keep or d not in gone)
    raise Misfit(f"has the unknown shape rule `{rule}`")


def check_shape(rule: str, leaf, evaluation: Evaluation) -> None:
    expected = expected_shape(rule, evaluation)
    if expected is None:
        return
    got = leaf.ndim if isinstance(expected, int) else leaf.shape
    if got != expected:
        raise Misfit(f"has `shape {rule}`, which is {expected}, but the result's is {got}")


def expected_dtype(rule: str, evaluation: Evaluation):
    words = rule.split()
    if words[0] == "unknown":
        return None
    if words[0] == "of":
        return evaluation.dtypes.get(words[1]) if first_array(evaluation, words[1]) is not None else None
    if words[0] == "from":
        given = evaluation.bound.get(words[1])
        return np.dtype(given) if given is not None else expected_dtype(" ".join(words[3:]), evaluation)
    if words[0] == "promote":
        if evaluation.bound.get("dtype") is not None:
            return None
        operands = [a for name, values in evaluation.inputs.items() if name not in ("out", "where") for a in values]
        if not operands or not all(map(is_array, operands)):
            return None
        # A Python number counts too: a boolean array plus 2 is an integer array.
        numbers = [evaluation.bound[name] for name in ("x1", "x2") if isinstance(evaluation.bound.get(name), (int, float))]
        return np.result_type(*operands, *numbers)
    return words[0]


def check_dtype(rule: str, leaf, evaluation: Evaluation) -> None:
    if any(is_array(a) and a.dtype.hasobject for a in evaluation.everything()):
        return  # what comes out depends on the objects
    expected = expected_dtype(rule, evaluation)
    if expected is None:
        return
    got = leaf.dtype
    fits = got.kind == expected if isinstance(expected, str) and len(expected) == 1 else got == np.dtype(expected)
    if not fits:
        raise Misfit(f"has `dtype {rule}`, which is {expected}, but the result's is {got}")


def check_order(rule: str, leaf, evaluation: Evaluation) -> None:
    words = rule.split()
    want = words[0]
    if want == "from":
        given = evaluation.bound.get(words[1])
        want = given if given in ("C", "F") else "of" if given in ("K", None) and words[3:4] == ["of"] else words[3] if given is None else None
        words = words[3:]
    if not is_array(leaf) or want not in ("C", "F", "of"):
        return
    if want == "of":
        source = first_array(evaluation, words[1])
        if source is None or evaluation.shapes[words[1]] != leaf.shape:
            return
        c, f = evaluation.orders[words[1]]
        bad = "C" if c and not leaf.flags.c_contiguous else "F" if f and not leaf.flags.f_contiguous else ""
    else:
        bad = "" if leaf.flags[f"{want}_CONTIGUOUS"] else want
    if bad:
        raise Misfit(f"has `order {rule}`, but the result is not {bad}-contiguous")


def check_clauses(row: dict, evaluation: Evaluation) -> None:
    for leaf in leaves(row["result"], evaluation.result):
        if row["shape"]:
            check_shape(row["shape"], leaf, evaluation)
        if row["dtype"]:
            check_dtype(row["dtype"], leaf, evaluation)
        if row["order"]:
            check_order(row["order"], leaf, evaluation)


def holds(row: dict, condition, evaluation: Evaluation, otherwise: bool) -> bool:
    """Has the flag the value that the condition asks for?"""
    if condition is None:
        return otherwise
    if condition["of_self"]:
        return bool(getattr(evaluation.subject, condition["flag"])) == condition["holds"]
    default = next(param["default"] for param in row["params"] if param["name"] == condition["flag"])
    return bool(evaluation.bound.get(condition["flag"], default)) == condition["holds"]


def is_converted(row: dict, name: str, evaluation: Evaluation) -> bool:
    """Is the argument, which the result may share with, of another kind of dtype than the result (`dtype f`)?"""
    given = evaluation.dtypes.get(name)
    shared = row["result"].endswith((f" of {name}", f"same {name}"))
    kind = row["dtype"] or ""
    return shared and len(kind) == 1 and given is not None and given.kind not in (kind, "O")


def copied(words: str) -> str:
    """The words where a copy is asked for: what might be shared is fresh."""
    if words.startswith("items "):
        return "items " + " / ".join(map(copied, words.removeprefix("items ").split(" / ")))
    for container in ("list of ", "tuple of ", "iterator of ", "maybe tuple of "):
        if words.startswith(container):
            return container + copied(words.removeprefix(container))
    return words if words in ("unknown", "none", "scalar") else "fresh"


def check_class(row: dict, evaluation: Evaluation) -> None:
    """Is a result of a class of arrays with methods of its own announced?"""
    if always := {"masked": np.ma.MaskedArray, "matrix": np.matrix}.get(row["subclass"]):
        for leaf in leaves(row["result"], evaluation.result):
            if not isinstance(leaf, always) or leaf is np.ma.masked:
                said = "masked array" if row["subclass"] == "masked" else "matrix"
                raise Misfit(f"is said to return always a {said}, but returns {type(leaf).__name__}")
    if row["subclass"] or row["special"] == "view" or any(isinstance(a, PECULIAR) for a in evaluation.everything()):
        return
    if isinstance(evaluation.result, (list, tuple)):
        found = [leaf for leaf in evaluation.result if isinstance(leaf, PECULIAR)]
    else:
        found = [evaluation.result] if isinstance(evaluation.result, PECULIAR) else []
    if found:
        raise Misfit(f"returns a {type(found[0]).__name__}, which `subclass` does not say")


def check_evaluation(row: dict, evaluation: Evaluation, seen: set) -> None:
    """Raises Misfit where the row is wrong about this evaluation."""
    out = row["out"] and evaluation.bound.get(row["out"])
    if out is not None and row["out"]:
        results = evaluation.result if isinstance(out, tuple) and isinstance(evaluation.result, tuple) else (evaluation.result,)
        outs = out if isinstance(out, tuple) else (out,)
        if not all(any(result is o for o in outs) for result in results):
            raise Misfit(f"does not return the array given as `{row['out']}`")
        seen.add("out")
    else:
        words = row["result"]
        if holds(row, row["copies_when"], evaluation, False):
            words = copied(words)
            seen.add("copies")
        elif any(is_converted(row, name, evaluation) for name in evaluation.bound):
            words = copied(words)
        check_result(words, evaluation.result, evaluation, seen)
        check_clauses(row, evaluation)
        check_class(row, evaluation)
        if any(isinstance(leaf, PECULIAR) for leaf in leaves(row["result"], evaluation.result)):
            seen.add("subclass")
    allowed = {name for name in row["writes"] if holds(row, row["writes_when"].get(name), evaluation, True)}
    allowed -= {name for name in allowed if is_converted(row, name, evaluation)}
    extra = evaluation.written - allowed - {row["out"]}
    if extra:
        raise Misfit(f"writes {', '.join(sorted(extra))}, which the row does not say")
    seen.update(f"writes {name}" for name in evaluation.written)
    seen.update(f"must write {name}" for name in allowed - {row["out"]} if evaluation.could_write(name))
    more = evaluation.masks - set(row["masks"]) - {row["out"]}
    if more:
        raise Misfit(f"changes the mask of {', '.join(sorted(more))}, which the row does not say")
    seen.update(f"masks {name}" for name in evaluation.masks)


def is_setattr(node, name: str) -> bool:
    """Is this `setattr(…, "name", …)`?"""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setattr"
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value == name
    )


class Interceptor(ast.NodeTransformer):
    """Replaces the call (or the attribute) that the row describes by a call of `__row__`."""

    def __init__(self, row: dict):
        self.kind, self.last, self.found = row["kind"], row["name"].split(".")[-1], False
        self.dotted = row["name"].replace("numpy.", "np.", 1)

    def visit(self, node):
        if not self.found:
            if self.kind == "attribute" and isinstance(node, ast.Attribute) and node.attr == self.last:
                self.found = True
                return self.replaced([node.value, ast.Constant(self.last)], [])
            if self.kind == "attribute" and is_setattr(node, self.last):
                self.found = True
                return ast.Call(ast.Name("__set__", ast.Load()), node.args, [])
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == self.last:
                if self.kind == "method":
                    self.found = True
                    return self.replaced([node.func.value, ast.Constant(self.last), *node.args], node.keywords)
                if self.kind == "function" and ast.unparse(node.func) == self.dotted:
                    self.found = True
                    return self.replaced([node.func, ast.Constant(self.last), *node.args], node.keywords)
        return self.generic_visit(node)

    def replaced(self, args, keywords):
        return ast.Call(ast.Name("__row__", ast.Load()), args, keywords)


class Checker:
    def __init__(self):
        self.problems: list[str] = []
        self.evaluated = 0
        self.witnesses = 0
        self.seen: dict[str, list[str]] = {}
        self.answers: dict[str, dict[str, list[str]]] = collections.defaultdict(dict)
        self.failures: collections.Counter = collections.Counter()

    def problem(self, row: dict, text: str) -> None:
        key = (row["table"], row["name"])
        self.failures[key] += 1
        if self.failures[key] <= MAX_PROBLEMS_A_ROW:
            self.problems.append(f"{row['table']}: {row['name']}: {text}")

    def check(self, row: dict) -> None:
        key = f"{row['table']} {row['kind']} {row['name']}"
        missing = row["since"] and VERSION < tuple(row["since"]) or row["until"] and VERSION >= tuple(row["until"])
        seen: set[str] = set()
        succeeded = False
        for witness in row["witnesses"]:
            self.witnesses += 1
            succeeded |= self.witness(row, witness, seen, bool(missing))
        if missing:
            if succeeded:
                self.problem(row, f"is said not to exist in NumPy {np.__version__}, but does")
        elif row["witnesses"] and not succeeded:
            self.problem(row, f"no witness ever succeeds on NumPy {np.__version__} ({self.last_error!r})")
        self.seen[key] = sorted(seen)

    def witness(self, row: dict, witness: str, seen: set, missing: bool) -> bool:
        interceptor = Interceptor(row)
        try:
            tree = interceptor.visit(ast.parse(witness, mode="eval"))
        except SyntaxError as error:
            self.problem(row, f"the witness `{witness}` is no Python: {error}")
            return False
        if not interceptor.found:
            self.problem(row, f"the witness `{witness}` does not use the row's name")
            return False
        library = package(row["name"]) if row["name"].count(".") > (row["kind"] != "function") and row["name"].split(".")[0] not in grid.NAMES else {}
        code = compile(ast.fix_missing_locations(tree), witness, "eval")
        succeeded = False
        uses = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        shown: dict[str, set[str]] = collections.defaultdict(set)
        points = grid.GRID if uses & {"x", "y", "z", "j", "m", "mx", "mz"} else grid.GRID[:1]
        for layout, dtype in points:
            before = set(seen)
            seen &= {"out"}
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.evaluate(row, code, {**grid.inputs(layout, dtype, uses), **library}, seen)
            except Misfit as misfit:
                succeeded = True
                self.problem(row, f"`{witness}` with {layout} {dtype}: {misfit}")
            except Exception as error:
                self.last_error = error
                continue
            finally:
                answer = sorted(seen & ANSWERS)
                shown[dtype] |= seen
                seen |= before
            succeeded = True
            self.evaluated += 1
            self.answers[f"{row['table']} {row['kind']} {row['name']}"][f"`{witness}` with {layout} {dtype}"] = answer
            if missing:
                break
        self.idle_writes(row, witness, shown)
        return succeeded

    def idle_writes(self, row: dict, witness: str, shown: dict) -> None:
        """A row whose write hangs on a flag or on the dtype has to say so: what it says to write is written in each
        witness. (A flag that only permits it need not: see `overwrite_a`. What bools and objects look like, many writes do not change.)"""
        for name in row["writes"]:
            flag = row["writes_when"].get(name, {}).get("flag", "")
            written = {f"writes {name}", f"masks {name}"}
            idle = [dtype for dtype, seen in shown.items() if f"must write {name}" in seen and not written & seen]
            if not flag.startswith("overwrite_") and set(idle) - {"bool", "object"}:
                self.problem(row, f"is said to write {name}, but `{witness}` never does with {', '.join(sorted(idle))}")

    def evaluate(self, row: dict, code, names: dict, seen: set) -> None:
        called = []

        def intercept(subject, last, *args, **kwargs):
            if row["kind"] == "function":
                function, bound_args = subject, args
            else:
                function, bound_args = None, (subject, *args)
            if row["kind"] == "attribute":
                call = lambda: getattr(subject, last)
            elif row["kind"] == "method":
                method = getattr(subject, last)
                call = lambda **more: method(*args, **{**kwargs, **more})
            else:
                call = lambda **more: function(*args, **{**kwargs, **more})
            evaluation = Evaluation(row, bind(row, bound_args, kwargs), call, subject)
            called.append(evaluation)
            check_evaluation(row, evaluation, seen)
            return evaluation.result

        def assign(subject, name, value):
            old, old_look = content(subject), look(subject)
            setattr(subject, name, value)
            effect = "layout" if look(subject) != old_look else "memory" if content(subject) != old else "other"
            if row["set"] is None:
                raise Misfit("can be set, which the row does not say")
            if effect not in ("other", row["set"]):
                raise Misfit(f"is said to `set {row['set']}`, but sets {effect}")
            seen.add(f"set {effect}")

        eval(code, {**names, "__row__": intercept, "__set__": assign})
        if called and row["out"] and called[0].bound.get(row["out"]) is None and "out" not in seen:
            self.with_out(row, called[0], seen)

    def with_out(self, row: dict, evaluation: Evaluation, seen: set) -> None:
        """Gives the function an `out` like its result, and sees whether that is what comes back, written."""
        results = evaluation.result if isinstance(evaluation.result, tuple) else (evaluation.result,)
        outs = tuple(np.full(np.shape(r), 77).astype(np.asarray(r).dtype) for r in results)
        if not outs or any(o.size == 0 for o in outs):
            return
        out = outs if len(outs) > 1 else outs[0]
        try:
            got = evaluation.call(**{row["out"]: out})
        except (TypeError, ValueError, NotImplementedError, AttributeError):
            return
        if not all(g is o for g, o in zip(got if isinstance(out, tuple) else (got,), outs)):
            raise Misfit(f"does not return the array given as `{row['out']}`")
        if any(o.dtype.kind == "f" and (o == 77).all() for o in outs):
            raise Misfit(f"does not write the array given as `{row['out']}`")
        seen.add("out")


def weaknesses(row: dict, seen: set) -> list[str]:
    """Where the words leave open what the witnesses (over all versions) never show."""
    found = []
    if row["set"] and f"set {row['set']}" not in seen:
        found.append(f"is said to `set {row['set']}`, but no witness ever does")
    if row["subclass"] and row["witnesses"] and "subclass" not in seen:
        found.append("is said to return a subclass, but no witness ever does")
    if row["special"] or row["documented"]:
        return found
    words = row["result"]
    if words.startswith("maybe tuple") and not {"one", "several"} <= seen:
        found.append("is said to return one or several, but only ever returns one of the two: too weak")
    while words.startswith(("list of", "tuple of", "iterator of", "maybe tuple of")):
        words = words.partition(" of ")[2]
    # What the items of a tuple show is mixed: nobody knows which of them gave it.
    # An object that is new need not hold an array.
    rule = "" if words.startswith("items ") or row["class"] and words == "fresh" else words.partition(" of ")[0]
    for needed in NEEDED.get(rule, []):
        if not needed & seen:
            found.append(f"is said to return `{row['result']}`, but no witness ever gives {' or '.join(sorted(needed))}: too weak")
    if words == "unknown" and "array" in seen:
        found.append("is said to return something unknown, but its witnesses return arrays: too weak")
    if rule == "view" and "readonly" in seen and "writeable" not in seen:
        found.append("is said to return a view, but only read-only ones are ever seen: too weak")
    for name in row["writes"]:
        if f"writes {name}" not in seen:
            found.append(f"is said to write {name}, but no witness ever does")
    if row["copies_when"] and "copies" not in seen:
        found.append("is said to copy on demand, but no witness shows it")
    for name in row["masks"]:
        if f"masks {name}" not in seen:
            found.append(f"is said to change the mask of {name}, but no witness ever does")
    if row["out"] and "out" not in seen:
        found.append(f"is said to return `{row['out']}`, but no witness shows it")
    return found


def differences(row: dict, key: str, versions: list[dict]):
    """Where the versions give different answers to one witness, or where one has a word that is stronger."""
    (old, olds), *others = [(version["numpy"], version["answers"].get(key, {})) for version in versions]
    for new, news in others:
        for witness in olds.keys() & news.keys():
            if memory(olds[witness]) != memory(news[witness]) and not (row["zero_dim_scalar"] and " 0-d " in witness):
                yield f"{witness}: NumPy {old} gives {olds[witness]}, {new} {news[witness]}, which the row does not say"
        if row["result"].endswith("fresh"):
            owned = [{a for answer in answers.values() for a in answer if a.startswith("fresh")} for answers in (olds, news)]
            if owned[0] and owned[1] and owned[0] != owned[1]:
                yield f"NumPy {old} gives {sorted(owned[0])}, {new} {sorted(owned[1])}, which the row does not say"


def memory(answer: list[str]) -> set[str]:
    """What an answer says of memory, whoever owns it."""
    return {"fresh" if word.startswith("fresh") else word for word in answer}


def weak(rows_file: str, reports: list[str]) -> int:
    """Prints the rows whose words are weaker than what was seen."""
    seen, versions = collections.defaultdict(set), []
    for report in reports:
        with open(report, encoding="utf-8") as file:
            versions.append(json.load(file))
        for key, answers in versions[-1]["seen"].items():
            seen[key].update(answers)
    with open(rows_file, encoding="utf-8") as file:
        rows = json.load(file)
    found = []
    for row in rows:
        key, about = f"{row['table']} {row['kind']} {row['name']}", f"{row['table']}: {row['name']}: "
        found += [about + text for text in weaknesses(row, seen[key])]
        if not row["special"] and not row["documented"] and not row["variants"]:
            found += [about + text for text in differences(row, key, versions)][:1]
    json.dump(found, sys.stdout)
    return 0


def main() -> int:
    if sys.argv[1] == "--weak":
        return weak(sys.argv[2], sys.argv[3:])
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    os.chdir(grid.TMP)
    np.seterr(all="ignore")
    checker = Checker()
    checker.last_error = None
    try:
        for row in rows:
            checker.check(row)
    finally:
        shutil.rmtree(grid.TMP, ignore_errors=True)
    report = {
        "numpy": np.__version__,
        "rows": len(rows),
        "witnesses": checker.witnesses,
        "evaluated": checker.evaluated,
        "problems": checker.problems,
        "seen": checker.seen,
        "answers": checker.answers,
    }
    json.dump(report, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
