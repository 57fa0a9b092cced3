"""Prints the public names of NumPy that can be called, and the attributes of its classes, as a JSON list."""

import json
import types
import warnings

import numpy as np
import numpy.lib.stride_tricks

warnings.simplefilter("ignore")
MODULES = {
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.fft": np.fft,
    "numpy.random": np.random,
    "numpy.lib.stride_tricks": np.lib.stride_tricks,
}
CLASSES = {"ndarray": np.ndarray, "Generator": np.random.Generator, "RandomState": np.random.RandomState}

names = []
for prefix, module in MODULES.items():
    for name in dir(module):
        value = getattr(module, name)
        if not name.startswith("_") and callable(value) and not isinstance(value, types.ModuleType):
            names.append(f"{prefix}.{name}")
for prefix, cls in CLASSES.items():
    names += [f"{prefix}.{name}" for name in dir(cls) if not name.startswith("_")]
print(json.dumps(sorted(names)))
