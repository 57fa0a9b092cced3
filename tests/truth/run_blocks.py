"""Runs each given Python file as a program of its own, in one process.

    python run_blocks.py FILE...

Prints a line "FAIL FILE: reason" for each program that raises, and last "ran N programs on NumPy X.Y.Z". The exit status is 1 if
any failed. One process for all, since importing NumPy takes longer than all the blocks of the rule pages.
"""

import contextlib
import io
import sys
import traceback

import numpy


def run(path):
    """Runs one file; gives None, or why it failed."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    numpy.random.seed(0)
    try:
        # What the programs print is of no interest, and would drown the failures.
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, path, "exec"), {"__name__": "__main__", "__file__": path})
    except BaseException as error:  # a program may also call sys.exit
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        where = f"line {lines[-1]}" if lines else "at compilation"
        return f"{where}: {type(error).__name__}: {error}"
    return None


def main(paths):
    """Runs all; the exit status."""
    failed = 0
    for path in paths:
        reason = run(path)
        if reason:
            failed += 1
            print(f"FAIL {path}: {reason}")
    print(f"ran {len(paths)} programs on NumPy {numpy.__version__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
