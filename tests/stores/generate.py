"""Writes programs that store into random arrays, through random views and copies of them.

    python generate.py FOLDER SEED COUNT

Every function makes one array, `a` (often of another one, `b`), and for each store a part `w` of it and something that
is made of it, `v`; then it stores through one of them. A line that stores ends with the comment `# store`. COUNT such
lines in all, the same for the same seed. The generator of `tests/indexing` makes the arrays and the indices.
"""

import random
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "indexing"))
import generate as indexing

# A shape that does not fit in place.
indexing.REFUSALS += (AttributeError,)

STORES_A_FUNCTION = 6
FUNCTIONS_A_FILE = 50


def made_of(writer, array):
    """An expression for what is made of `a`: a view, a copy, or either."""
    rng = writer.rng
    forms = ["a", "a.T", "a.reshape(-1)", "a.ravel()", "a.ravel('F')", "a.flatten()", "a.real", "a.copy()", "np.asarray(a)",
             "a.squeeze()", "a[None]", "np.array(a)", "a.view()", "np.ravel(a)", "a.astype(a.dtype, copy=False)",
             "np.atleast_2d(a)", "np.ascontiguousarray(a)", "a[...]", "a.reshape(a.shape)", "np.expand_dims(a, 0)"]  # fmt: skip
    if array.ndim:
        forms += ["a[::-1]", "a.swapaxes(0, -1)", "np.flip(a, 0)", "a[1:]", "a[:1]"]
    if rng.random() < 0.5:
        return f"a[{indexing.whole(writer, array)[0]}]"
    return rng.choice(forms)


def store(writer, name):
    """A statement that stores a number through what has this name."""
    rng = writer.rng
    target = writer.names[name]
    index = lambda: indexing.whole(writer, target)[0]
    # Another value each time, so that a store changes something.
    n = rng.randint(60, 120)
    forms = [f"{name}[{index()}] = {n}"] * 5 + [f"{name}[...] = {n}", f"{name}[:] = {n}", f"{name}[{index()}] += {n}"]
    forms += [f"{name} += {n}", f"{name}.T[...] = {n}", f"{name}.flat[:2] = {n}", f"{name}.flat = {n}", f"{name}.real = {n}"]
    forms += [f"{name}.imag = {n}", f"{name}.fill({n})", f"{name}.sort()", f"np.copyto({name}, {n})", f"np.put({name}, [0], {n})"]
    forms += [f"{name}[{index()}][...] = {n}", f"{name}.T[0] = {n}", f"{name}.reshape(-1)[:1] = {n}", f"{name}.ravel()[0] = {n}"]
    forms += [f"np.add({name}, {n}, out={name})", f"{name}.shape = (-1,)", f"{name}.shape = {name}.shape[::-1]"]
    forms += [f"{name}[0], {name}[-1] = {n}, {n} + 1", f"np.fill_diagonal({name}, {n})", f"{name}.partition(0)"]
    forms += [f"np.place({name}, {name} < {n}, {n})", f"np.negative({name}, {name})", f"{name}.flatten()[...] = {n}"]
    return rng.choice(forms)


def stores(writer):
    """A store, with the lines before it; False if NumPy does not take one of them."""
    before = dict(writer.names), list(writer.lines)
    array = writer.names["a"]
    if not isinstance(array, np.ndarray):
        return False
    text = f"w = a[{', '.join(indexing.piece(writer, n).text for n in array.shape[: writer.rng.randint(0, 2)]) or '...'}]"
    ready = writer.run(text) and writer.run(f"v = {made_of(writer, array)}")
    name = writer.rng.choice(["v", "v", "v", "a", "w"])
    if ready and isinstance(writer.names["v"], np.ndarray) and writer.run(store(writer, name)):
        writer.lines[-1] += "  # store"
        return True
    writer.names, writer.lines = before
    return False


def function(rng, number, count):
    """The source of one function with `count` stores."""
    while True:
        writer = indexing.Writer(rng)
        if not indexing.make_array(writer):
            continue
        made = 0
        for _ in range(20 * count):
            made += stores(writer)
            if made == count:
                body = "".join(f"    {line}\n" for line in writer.lines)
                return f"def f{number}():\n{body}    return a\n"


def main():
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    done = 0
    while done < count:
        functions = []
        while done < count and len(functions) < FUNCTIONS_A_FILE:
            some = min(STORES_A_FUNCTION, count - done)
            functions.append(function(rng, len(functions), some))
            done += some
        (folder / f"stores{done:06}.py").write_text("import numpy as np\n\n\n" + "\n\n".join(functions))


if __name__ == "__main__":
    main()
