"""Writes programs of random arrays and random index expressions over them, each of which NumPy accepts.

    python generate.py FOLDER SEED COUNT

Every function makes one array and takes `r = <array>[<index>]` from it, line after line. Everything that decides the
answer is in the text of the function, so that the analysis knows all there is to know; only how many elements a mask
selects is not (such lines end with the comment `# counted`). COUNT lines in all, the same for the same seed.
"""

import random
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")

# What NumPy says to an index that does not fit.
REFUSALS = (IndexError, ValueError, TypeError, KeyError)

EXPRESSIONS_A_FUNCTION = 20
FUNCTIONS_A_FILE = 25


class Writer:
    """Writes one function: source lines, and the namespace that they leave."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.names = {"np": np}
        self.count = 0

    def run(self, line):
        """Runs a line and keeps it; False if NumPy does not take it."""
        try:
            exec(line, self.names)
        except REFUSALS:
            return False
        self.lines.append(line)
        return True

    def name(self, letter):
        self.count += 1
        return f"{letter}{self.count}"


# --- arrays ---------------------------------------------------------------------------------------------------------


def shape(rng, ndim):
    lengths = [0, 1, 1, 2, 2, 3, 3, 4, 5] if rng.random() < 0.15 else [1, 2, 2, 3, 3, 4, 5]
    return tuple(rng.choice(lengths) for _ in range(ndim))


def dense(rng, dims):
    """An expression for a new array of this shape."""
    dtype = rng.choice(["float", "np.float32", "np.int64", "np.int16", "bool", "complex", "'u1'"])
    size = int(np.prod(dims))
    return rng.choice(
        [
            f"np.zeros({dims}, dtype={dtype})",
            f"np.zeros({dims}, dtype={dtype}, order='F')",
            f"np.ones({dims})",
            f"np.empty({dims}, {dtype}, 'F')",
            f"np.full({dims}, 2.5)",
            f"np.arange({size}).reshape({dims})",
            f"np.arange({size}, dtype={dtype}).reshape({dims}, order='F')" if dtype != "bool" else f"np.ones({dims}, bool)",
        ]
    )


RECORD = "[('x', 'f8'), ('y', 'i4'), ('p', 'f8', (2,)), ('q', 'f4', (3, 2))]"


def make_array(writer):
    """Makes `a`, of a random shape and layout."""
    rng = writer.rng
    ndim = rng.choice([0, 1, 1, 2, 2, 2, 3, 3, 4])
    dims = shape(rng, ndim)
    how = rng.choice(["dense", "dense", "sliced", "sliced", "reversed", "transposed", "broadcast", "record", "chain", "locked"])
    if ndim == 0 and how not in ("dense", "record"):
        how = "zero"
    if how == "dense":
        return writer.run(f"a = {dense(rng, dims)}")
    if how == "zero":
        return writer.run(f"a = {rng.choice(['np.array(5)', 'np.array(2.5)', 'np.zeros(())', 'np.arange(6).reshape(2, 3)[1, 2, ...]'])}")
    if how == "record":
        return writer.run(f"a = np.zeros({dims}, dtype={RECORD})")
    if how == "broadcast":
        small = tuple(n if rng.random() < 0.5 else 1 for n in dims)[rng.randrange(ndim + 1) :]
        return writer.run(f"b = np.ones({small})") and writer.run(f"a = np.broadcast_to(b, {dims})")
    if how == "locked":
        return writer.run(f"a = {dense(rng, dims)}") and writer.run(f"a.{rng.choice(['flags.writeable = False', 'setflags(write=False)'])}")
    if not writer.run(f"b = {dense(rng, dims)}"):
        return False
    if how == "sliced":
        index = ", ".join(rng.choice([":", "1:", ":-1", "::2", "1::2", ":2"]) for _ in dims)
        return writer.run(f"a = b[{index}]")
    if how == "reversed":
        index = ", ".join(rng.choice([":", "::-1", "::-2"]) for _ in dims)
        return writer.run(f"a = b[{index}]")
    axes = list(range(ndim))
    rng.shuffle(axes)
    turned = ["b.T", f"b.transpose({', '.join(map(str, axes))})", f"np.transpose(b, {tuple(axes)})"]
    if ndim > 1:
        turned += [f"b.swapaxes({axes[0]}, {axes[1]})", f"np.moveaxis(b, {axes[0]}, {axes[1]})"]
    if how == "transposed":
        return writer.run(f"a = {rng.choice(turned)}")
    return writer.run(f"c = {rng.choice(turned)}") and writer.run(
        f"a = c[{', '.join(rng.choice([':', '::2', '1:', '::-1', ':3']) for _ in range(rng.randint(1, ndim)))}]"
    )


# --- indices --------------------------------------------------------------------------------------------------------


class Index:
    """One component of an index: its text, the axes that it takes, and whether the analysis can know its length."""

    def __init__(self, text, takes, counted=False):
        self.text = text
        self.takes = takes
        self.counted = counted


def integer(writer, length):
    rng = writer.rng
    if length == 0:
        return piece(writer, length)
    n = rng.randrange(-length, length)
    form = rng.choice(["literal"] * 4 + ["variable", "numpy", "intp", "sum"])
    if form == "variable":
        name = writer.name("i")
        writer.run(f"{name} = {n}")
        return Index(name, 1)
    if form == "sum":
        return Index(f"{n} + 1 - 1", 1)
    return Index({"literal": f"{n}", "numpy": f"np.int64({n})", "intp": f"np.intp({n})"}[form], 1)


def piece(writer, length):
    """A slice."""
    rng = writer.rng
    bound = lambda: rng.choice([None, None, rng.randint(-length - 1, length + 1)])
    start, stop = bound(), bound()
    step = rng.choice([None, None, None, 1, 2, 3, -1, -1, -2])
    if rng.random() < 0.25:
        start = stop = step = None
    form = rng.choice(["literal"] * 4 + ["slice", "variable", "bounds"])
    if form == "slice":
        return Index(f"slice({start}, {stop}, {step})", 1)
    if form == "variable":
        name = writer.name("s")
        writer.run(f"{name} = slice({start}, {stop}, {step})")
        return Index(name, 1)
    if form == "bounds" and stop is not None:
        name = writer.name("n")
        writer.run(f"{name} = {stop}")
        return Index(f"{'' if start is None else start}:{name}", 1)
    text = f"{'' if start is None else start}:{'' if stop is None else stop}"
    return Index(text if step is None else f"{text}:{step}", 1)


def integers(writer, length):
    """An integer array, list or tuple."""
    rng = writer.rng
    if length == 0:
        return piece(writer, length)
    pick = lambda count: [rng.randrange(-length, length) for _ in range(count)]
    count = rng.choice([1, 2, 2, 2, 3])
    forms = [f"{pick(count)}", f"np.array({pick(count)})", f"np.asarray({pick(count)})", f"np.array({rng.randrange(length)})"]
    forms += [f"{[pick(2), pick(2)]}", f"np.array({[pick(2), pick(2)]})", f"np.array({[pick(2), pick(2)]}).T"]
    forms += [f"np.zeros(({rng.choice([1, 2])}, {count}), dtype=int)", f"np.arange({min(length, count)})", f"range({min(length, 2)})"]
    forms += [f"np.zeros(({count}, 1), dtype=np.intp)", "[]", "np.array([], dtype=int)", f"{tuple(pick(2))}"]
    forms += [f"np.array({pick(2)})[::-1]", f"np.array({[pick(3), pick(3)]})[:, 1]", f"np.array([{rng.randrange(length)}])[0]"]
    text = rng.choice(forms)
    if rng.random() < 0.3:
        name = writer.name("k")
        writer.run(f"{name} = {text}")
        text = name
    return Index(text, 1)


def mask(writer, dims):
    """A mask over the first axes of these lengths, or over none."""
    rng = writer.rng
    takes = rng.randint(0, len(dims)) if rng.random() < 0.5 else min(1, len(dims))
    if takes == 0:
        return Index(rng.choice(["True", "False", "np.True_", "np.array(True)", "np.bool_(False)"]), 0, True)
    dims = dims[:takes]
    size = int(np.prod(dims))
    values = [rng.random() < 0.5 for _ in range(size)]
    forms = [f"np.ones({dims}, dtype=bool)", f"np.zeros({dims}, dtype=bool)", f"np.arange({size}).reshape({dims}) > {size // 2}"]
    forms += [f"np.array({np.array(values, dtype=bool).reshape(dims).tolist()}, dtype=bool).reshape({dims})"]
    forms += [f"np.arange({size}).reshape({dims}) % 2 == 0", f"~(np.arange({size}).reshape({dims}) > 1)"]
    forms += [f"np.isfinite(np.zeros({dims}))", f"np.logical_not(np.zeros({dims}))"]
    if takes == 1:
        forms += [f"{values}"]
    text = rng.choice(forms)
    if rng.random() < 0.3:
        name = writer.name("m")
        writer.run(f"{name} = {text}")
        text = name
    return Index(text, takes, True)


def components(writer, dims):
    """The components of an index over an array of this shape."""
    rng = writer.rng
    parts = []
    left = list(dims)
    basic = rng.random() < 0.45
    ellipsis = rng.random() < 0.25
    stop = rng.randint(0, len(dims)) if rng.random() < 0.6 else len(dims)
    while len(dims) - len(left) < stop:
        roll = rng.random()
        if roll < 0.08:
            parts.append(Index(rng.choice(["None", "np.newaxis"]), 0))
            continue
        if ellipsis and roll < 0.2:
            ellipsis = False
            skip = rng.randint(0, len(left))
            parts.append(Index("...", skip))
            left = left[skip:]
            # The axes behind the ellipsis are counted from the end.
            stop = len(dims)
            continue
        if basic or roll < 0.55:
            part = integer(writer, left[0]) if rng.random() < 0.45 else piece(writer, left[0])
        elif roll < 0.85:
            part = integers(writer, left[0])
        else:
            part = mask(writer, tuple(left))
        parts.append(part)
        left = left[part.takes :]
    if rng.random() < 0.1:
        text = rng.choice(["None", "...", "True"])
        parts.append(Index(text, 0, text == "True"))
    return parts


def whole(writer, a):
    """An index as a whole: its text, and whether what it selects is counted."""
    rng = writer.rng
    if a.dtype.names and rng.random() < 0.35:
        text = rng.choice(["'x'", "'y'", "'p'", "'q'", "['x', 'y']", "['p']", "['q', 'x']"])
        if rng.random() < 0.3:
            name = writer.name("f")
            writer.run(f"{name} = {text}")
            text = name
        return text, False
    if a.ndim and rng.random() < 0.05:
        lists = [rng.choice([[0], [0, -1], [-1, 0, 0]]) for _ in a.shape[: rng.randint(1, a.ndim)]]
        return f"np.ix_({', '.join(map(str, lists))})", False
    parts = components(writer, a.shape)
    counted = any(part.counted for part in parts)
    texts = [part.text for part in parts]
    text = ", ".join(texts) if texts else "()"
    if len(texts) == 1 and rng.random() < 0.2:
        text += ","
    roll = rng.random()
    packed = False
    if roll < 0.08 and texts:
        text, packed = f"np.s_[{text}]", True
    elif roll < 0.2 and not any(":" in part for part in texts) and len(texts) > 1:
        text, packed = f"({text})", True
    if packed and rng.random() < 0.5:
        name = writer.name("t")
        writer.run(f"{name} = {text}")
        text = name
    return text, counted


def expression(writer):
    """One line `r = …`; False if NumPy does not take it."""
    rng = writer.rng
    a = writer.names["a"]
    text, counted = whole(writer, a)
    line = f"r = a[{text}]"
    if rng.random() < 0.15 and not counted:
        try:
            first = eval(f"a[{text}]", writer.names)
        except REFUSALS:
            return False
        if isinstance(first, np.ndarray):
            again, counted = whole(writer, first)
            line += f"[{again}]"
    if not writer.run(line):
        return False
    if counted:
        writer.lines[-1] += "  # counted"
    return True


def function(rng, number, count):
    """The source of one function with `count` expressions."""
    writer = Writer(rng)
    while not make_array(writer):
        writer.lines.clear()
    made = 0
    while made < count:
        made += expression(writer)
    body = "".join(f"    {line}\n" for line in writer.lines)
    return f"def f{number}():\n{body}    return r\n"


def main():
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for first in range(0, count, EXPRESSIONS_A_FUNCTION * FUNCTIONS_A_FILE):
        last = min(count, first + EXPRESSIONS_A_FUNCTION * FUNCTIONS_A_FILE)
        functions = []
        for start in range(first, last, EXPRESSIONS_A_FUNCTION):
            functions.append(function(rng, len(functions), min(EXPRESSIONS_A_FUNCTION, last - start)))
        text = "import numpy as np\n\n\n" + "\n\n".join(functions)
        (folder / f"index{number:04}.py").write_text(text)
        number += 1


if __name__ == "__main__":
    main()
