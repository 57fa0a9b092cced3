"""Runs a program under `sys.settrace` and shows the moments before its statements.

A *point* is the moment just before a simple statement, or the header of a compound one, is executed. CPython tells of lines,
not of statements; `Scope` holds, for the body of a function, class or module, which lines belong to which statement, and
`Watcher` turns line events into points:

* a statement over several lines is one point, at the line of its first token, whatever order its lines are run in;
* `try:`, `except`, `finally:` and `case` lines, docstrings, lambdas and comprehensions are none;
* a `with` header is no point when its block is left, nor is `return` when it goes on after a `finally`.
"""

import ast
import os
import sys

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = FUNCTIONS + (ast.ClassDef,)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
WITHS = (ast.With, ast.AsyncWith)
MATCH = (ast.Match,) if hasattr(ast, "Match") else ()
TRIES = (ast.Try, ast.TryStar) if hasattr(ast, "TryStar") else (ast.Try,)
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
GENERATOR_FLAGS = 0x20 | 0x80 | 0x100 | 0x200  # generator, coroutine, iterable coroutine, async generator


class Statement:
    """A statement's header, or a simple statement: where it lies, and what it stands in."""

    def __init__(self, node, finals):
        self.node = node
        self.line = node.lineno
        self.first = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])])
        self.last = header_end(node)
        # Line ranges of the `finally` blocks that this one is left through.
        self.finals = finals

    def body_holds(self, line):
        """Does the line lie behind the header, within the statement?"""
        return self.last < line <= self.node.end_lineno


def header_end(node):
    """The last line of a compound statement's header, or of a simple statement."""
    if not isinstance(node, SCOPES + LOOPS + WITHS + MATCH + (ast.If,)):
        return node.end_lineno
    last = node.lineno
    for name, value in ast.iter_fields(node):
        if name in BLOCKS:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                last = max([last] + [n.end_lineno for n in ast.walk(part) if hasattr(n, "end_lineno")])
    return last


class Scope:
    """The statements of a function, a class or the module, by line; scopes inside it are not part of it."""

    def __init__(self, qualname, first_line, node):
        self.qualname = qualname
        self.first_line = first_line
        self.by_line = {}
        self.inner = []
        body = node.body
        if ast.get_docstring(node, clean=False) is not None:
            body = body[1:]
        self.add(body, [])

    def add(self, body, finals):
        """Adds the statements of a block."""
        for node in body:
            if isinstance(node, SCOPES):
                self.inner.append(node)
            if isinstance(node, TRIES):
                inside = finals
                if node.finalbody:
                    inside = finals + [(node.finalbody[0].lineno, node.finalbody[-1].end_lineno)]
                self.add(node.body, inside)
                for handler in node.handlers:
                    self.add(handler.body, inside)
                self.add(node.orelse, inside)
                self.add(node.finalbody, finals)
                continue
            statement = Statement(node, finals)
            for line in range(statement.first, statement.last + 1):
                # Of several statements in one line the first has the point.
                self.by_line.setdefault(line, statement)
            if isinstance(node, SCOPES):
                continue
            for case in getattr(node, "cases", []):
                self.add(case.body, finals)
            self.add(getattr(node, "body", []), finals)
            self.add(getattr(node, "orelse", []), finals)


def scopes_of(text, path):
    """All scopes of a file, by the name and first line that their code objects have."""
    found = {}

    def visit(node, qualname, code_name, code_line, first_line):
        scope = Scope(qualname, first_line, node)
        found[code_name, code_line] = scope
        prefix = "" if isinstance(node, ast.Module) else qualname + "."
        for inner in scope.inner:
            line = min([inner.lineno] + [d.lineno for d in inner.decorator_list])
            visit(inner, prefix + inner.name, inner.name, line, inner.lineno)

    visit(ast.parse(text, path), "<module>", "<module>", 1, 1)
    return found


class Activation:
    """What is remembered of one run of a scope."""

    def __init__(self, scope):
        self.scope = scope
        self.current = None  # the statement that is being executed
        self.starts = {}  # statement -> the bytecode offset of its latest point
        self.previous_line = 0
        self.user = None  # what the visitor keeps about it


class Watcher:
    """Traces the scopes of one file and tells a visitor of entries and points.

    The visitor has `enter(activation, frame)`, called before the first statement of a scope, and
    `point(activation, line, frame)`.
    """

    def __init__(self, path, scopes, visitor):
        self.path = path
        self.scopes = scopes
        self.visitor = visitor
        self.sleeping = {}  # frames of generators, which are entered many times

    def call(self, frame, event, argument):
        """The global trace function: decides whether a frame is watched."""
        code = frame.f_code
        if code.co_filename != self.path:
            return None
        activation = self.sleeping.get(frame)
        if activation is None:
            scope = self.scopes.get((code.co_name, code.co_firstlineno))
            if code.co_name == "<module>":
                scope = self.scopes["<module>", 1]
            if scope is None:
                return None
            activation = Activation(scope)
            if code.co_flags & GENERATOR_FLAGS:
                self.sleeping[frame] = activation
            self.visitor.enter(activation, frame)

        def local(frame, event, argument):
            if event == "line":
                self.line(activation, frame)
            return local

        return local

    def line(self, activation, frame):
        """Is this line event a point?"""
        line = frame.f_lineno
        previous_line, activation.previous_line = activation.previous_line, line
        statement = activation.scope.by_line.get(line)
        if statement is None:
            activation.current = None
            return
        start = activation.starts.get(statement)
        # A jump back to where the statement began is a new run of it. (Only CPython 3.9 shows a multi-line statement that is
        # all of a `while True` without a line between its runs.)
        again = start is not None and frame.f_lasti <= start
        if statement is activation.current and not again:
            return
        activation.current = statement
        if isinstance(statement.node, WITHS) and start is not None and statement.body_holds(previous_line) and not again:
            return
        if isinstance(statement.node, (ast.Return, ast.Break, ast.Continue)) and start is not None:
            # CPython 3.9 comes back to the statement when the `finally` block is done.
            if any(a <= previous_line <= b for a, b in statement.finals):
                return
        activation.starts[statement] = frame.f_lasti
        self.visitor.point(activation, statement.line, frame)


def run(path, visitor):
    """Runs the program at `path` and shows its points to the visitor; what the program raises goes on to the caller."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    watcher = Watcher(path, scopes_of(text, path), visitor)
    namespace = {"__name__": "__main__", "__file__": path}
    code = compile(text, path, "exec", dont_inherit=True)
    before = sys.gettrace()
    # As for a script: it may import the files beside it.
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.settrace(watcher.call)
    try:
        exec(code, namespace)
    finally:
        sys.settrace(before)
        sys.path.pop(0)
