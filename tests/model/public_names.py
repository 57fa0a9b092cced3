"""Prints every public name of NumPy that a row has to speak of, as a JSON list.

    public_names.py
    public_names.py MODULE=OTHER...

With pairs of modules, prints instead which names both have under which they have different objects.

What can be called, in every public module; the methods and attributes of NumPy's classes, and the operators of those
that are arrays. A class in a module counts as a function: calling it makes one. The private is left out, and so is
what a module merely imports from elsewhere (`numpy.testing.suppress_warnings` is NumPy's own, `numpy.ma.warnings` is not).
"""

import importlib
import json
import sys
import types
import warnings

import numpy as np

warnings.simplefilter("ignore")
MODULES = [
    "numpy",
    "numpy.char",
    "numpy.ctypeslib",
    "numpy.emath",
    "numpy.exceptions",
    "numpy.fft",
    "numpy.lib",
    "numpy.lib.array_utils",
    "numpy.lib.format",
    "numpy.lib.introspect",
    "numpy.lib.mixins",
    "numpy.lib.npyio",
    "numpy.lib.recfunctions",
    "numpy.lib.scimath",
    "numpy.lib.stride_tricks",
    "numpy.linalg",
    "numpy.ma",
    "numpy.ma.extras",
    "numpy.ma.mrecords",
    "numpy.matlib",
    "numpy.polynomial",
    "numpy.polynomial.chebyshev",
    "numpy.polynomial.hermite",
    "numpy.polynomial.hermite_e",
    "numpy.polynomial.laguerre",
    "numpy.polynomial.legendre",
    "numpy.polynomial.polynomial",
    "numpy.polynomial.polyutils",
    "numpy.random",
    "numpy.rec",
    "numpy.strings",
    "numpy.testing",
]
# Modules that have no `__all__` in one of the versions, or one that leaves out what is documented.
WHOLE = {"numpy", "numpy.linalg", "numpy.fft", "numpy.random", "numpy.lib.stride_tricks"}
ARRAYS = {
    "ndarray": np.ndarray,
    "MaskedArray": np.ma.MaskedArray,
    "matrix": np.matrix,
    "recarray": np.recarray,
    "memmap": np.memmap,
    "chararray": np.char.chararray,
}
CLASSES = {
    "Generator": np.random.Generator,
    "RandomState": np.random.RandomState,
    "ufunc": np.ufunc,
    "poly1d": np.poly1d,
    "nditer": np.nditer,
    "flatiter": np.flatiter,
    "broadcast": np.broadcast,
    "ndenumerate": np.ndenumerate,
    "ndindex": np.ndindex,
    "Polynomial": np.polynomial.Polynomial,
}
OPERATORS = (
    "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor "
    "radd rsub rmul rtruediv rfloordiv rmod rdivmod rpow rmatmul rlshift rrshift rand ror rxor "
    "iadd isub imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor "
    "neg pos abs invert eq ne lt le gt ge getitem setitem delitem contains iter len bool int float complex index "
    "copy deepcopy"
).split()


def functions(module_name):
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        if module_name == "numpy.emath":
            module = np.emath
        elif module_name == "numpy.rec":
            module = np.rec
        else:
            return
    listed = getattr(module, "__all__", None)
    for name in dir(module) if listed is None or module_name in WHOLE else listed:
        value = getattr(module, name, None)
        if name.startswith("_") or isinstance(value, types.ModuleType) or not callable(value):
            continue
        home = getattr(value, "__module__", None) or "numpy"
        if listed is None and not home.startswith("numpy"):
            continue
        yield f"{module_name}.{name}"


def members(module_name):
    """What a module has, whatever it is called, or nothing where this NumPy has no such module."""
    try:
        return vars(importlib.import_module(module_name))
    except ImportError:
        return vars(getattr(np, module_name.partition(".")[2], types.SimpleNamespace()))


def others(pair):
    """The names that both modules have, but not the same under."""
    ours, theirs = map(members, pair.split("="))
    for name in ours.keys() & theirs.keys():
        if not name.startswith("_") and callable(ours[name]) and ours[name] is not theirs[name]:
            yield f"{pair.partition('=')[0]}.{name}"


if sys.argv[1:]:
    print(json.dumps(sorted(name for pair in sys.argv[1:] for name in others(pair))))
    sys.exit()

names = {name for module_name in MODULES for name in functions(module_name)}
for prefix, cls in {**ARRAYS, **CLASSES}.items():
    inherited = set() if prefix in ("ndarray", *CLASSES) else {n for n in dir(np.ndarray) if getattr(cls, n, None) is getattr(np.ndarray, n)}
    names |= {f"{prefix}.{name}" for name in dir(cls) if not name.startswith("_") and name not in inherited}
for prefix, cls in ARRAYS.items():
    for operator in OPERATORS:
        name = f"__{operator}__"
        own = getattr(cls, name, None)
        if own is not None and (prefix == "ndarray" or own is not getattr(np.ndarray, name, None)):
            names.add(f"{prefix}.{name}")
print(json.dumps(sorted(names)))
