"""The inputs over which every witness is evaluated: arrays of many layouts and dtypes, made anew for each evaluation."""

from __future__ import annotations

import copy
import io
import itertools
import os
import tempfile
import warnings

import numpy as np
import numpy.ctypeslib
import numpy.lib.recfunctions
import numpy.ma.mrecords

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import numpy.matlib

LAYOUTS = {
    "C2": lambda make: make((3, 4)),
    "F2": lambda make: np.asfortranarray(make((3, 4))),
    "square": lambda make: make((3, 3)),
    "C1": lambda make: make((6,)),
    "0-d": lambda make: make(()),
    "C3": lambda make: make((2, 3, 4)),
    "sliced1": lambda make: make((9,))[::2],
    "sliced2": lambda make: make((6, 4))[::2],
    "columns": lambda make: make((3, 6))[:, 1:4],
    "reversed1": lambda make: make((5,))[::-1],
    "reversed2": lambda make: make((3, 3))[:, ::-1],
    "transposed2": lambda make: make((4, 3)).T,
    "transposed3": lambda make: make((4, 3, 2)).transpose(1, 2, 0),
    "view": lambda make: make((3, 3))[...],
    "owned-view-1": lambda make: make((4,))[...],
    "unit2": lambda make: make((1, 3)),
    "unit1": lambda make: make((1,)),
    "unit3": lambda make: make((2, 1, 3)),
    "F3": lambda make: np.asfortranarray(make((3, 3, 3))),
    "empty2": lambda make: make((0, 3)),
    "empty1": lambda make: make((0,)),
    "broadcast": lambda make: np.broadcast_to(make((3,)), (3, 3)),
    "readonly": lambda make: _readonly(make((3, 3))),
    "4-d": lambda make: make((2, 2, 2, 2)),
}
OTHER_DTYPES = ("int64", "bool", "complex128", "float32")
OTHER_LAYOUTS = ("C2", "F2", "square", "C1", "0-d", "sliced2", "C3", "broadcast")
# In these layouts `y` has another dtype than `x`, so that "the dtype of the first" and "promoted" are told apart.
MIXED_LAYOUTS = ("F2", "C1", "broadcast", "unit2")
MIXED_DTYPES = {"float64": "float32", "int64": "float64", "bool": "int64", "complex128": "float64", "float32": "int64",
                "object": "float64"}  # fmt: skip

GRID = [(layout, "float64") for layout in LAYOUTS] + list(itertools.product(OTHER_LAYOUTS, OTHER_DTYPES))
GRID += [("C2", "object"), ("C1", "object")]


def _readonly(array):
    array.flags.writeable = False
    return array


def maker(dtype: str, seed: int):
    """A function that makes an owner of new memory, of the shape, with small values of the dtype."""
    rng = np.random.RandomState(seed)
    kind = np.dtype(dtype).kind

    def make(shape):
        if kind == "b":
            values = rng.rand(*shape) > 0.4
        elif kind == "i":
            values = rng.randint(0, 6, shape)
        elif kind == "c":
            values = rng.randint(1, 30, shape) / 7.0 + 1j * rng.randint(1, 9, shape)
        else:
            values = rng.randint(1, 30, shape) / 7.0
        return np.array(values, dtype=dtype)

    return make


def inputs(layout: str, dtype: str, wanted: set) -> dict:
    """The names that a witness may use, of those wanted."""
    other = MIXED_DTYPES[dtype] if layout in MIXED_LAYOUTS else dtype
    x = LAYOUTS[layout](maker(dtype, 1))
    names = dict(_COMMON, x=x)
    for name in wanted & _MAKERS.keys():
        names[name] = _MAKERS[name]()
    if "mx" in wanted:
        # A masked array over the memory of an array of this layout.
        hide = maker("bool", 7)(x.shape)
        names["mx"] = np.ma.array(x, mask=hide if x.ndim else bool(hide), copy=False)
    if "mz" in wanted:
        names["mz"] = np.ma.array(x, copy=False)
    if "y" in wanted:
        names["y"] = LAYOUTS[layout](maker(other, 2))
    if "z" in wanted:
        names["z"] = np.zeros(x.shape, dtype)
    if "j" in wanted:
        names["j"] = np.zeros(x.shape, dtype=int)
    if "m" in wanted:
        names["m"] = np.array(maker("bool", 3)(x.shape))
    return names


_MAKERS = {
    "i": lambda: np.array([0, 0]),
    "v": lambda: maker("float64", 4)((5,)),
    "A": lambda: maker("float64", 5)((3, 3)) + 9 * np.eye(3),
    "s": lambda: np.array(["ab c", "Xyz", "12"]),
    "s2": lambda: np.asfortranarray(np.array([["ab", "c"], ["Xy", "3"]])),
    "sb": lambda: np.array([b"ab", b"c"]),
    "d": lambda: np.array(["2024-01-01", "2024-02-05"], dtype="datetime64[D]"),
    "r": lambda: np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i8"), ("b", "f8")]),
    "u8": lambda: np.array([[1, 200, 3], [4, 5, 6]], dtype=np.uint8),
    "ma": lambda: np.ma.masked_array(maker("float64", 6)((3, 3)), mask=np.eye(3) > 0),
}


def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="viewlint-model-")
    np.save(os.path.join(folder, "a.npy"), np.arange(6.0).reshape(2, 3))
    np.savez(os.path.join(folder, "a.npz"), a=np.arange(3.0))
    np.savetxt(os.path.join(folder, "a.txt"), np.arange(6.0).reshape(2, 3))
    np.arange(8.0).tofile(os.path.join(folder, "a.bin"))
    return folder


TMP = _folder()
_COMMON = {
    "np": np,
    "copy": copy,
    "io": io,
    "os": os,
    "warnings": warnings,
    "tmp": TMP,
    "rng": np.random.default_rng(1),
    "rs": np.random.RandomState(1),
}
# The packages that every witness may use.
NAMES = _COMMON.keys() | {"numpy"}
