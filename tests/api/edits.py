"""Source before and after each kind of edit."""

from __future__ import annotations

from collections.abc import Callable

from tracker.api import Codebase

APPENDS: dict[str, tuple[str, str, str, dict[str, str], str]] = {
    "one line": ('X = ["a", "b"]\n', "X", '"c"', {}, 'X = ["a", "b", "c"]\n'),
    "one line, trailing comma": ('X = ["a", "b",]\n', "X", '"c"', {}, 'X = ["a", "b", "c",]\n'),
    "empty": ("X = []\n", "X", '"c"', {}, 'X = ["c"]\n'),
    "empty, on two lines": ("X = [\n    # none\n]\n", "X", "1", {}, "X = [\n    # none\n    1,\n]\n"),
    "comments stay with their elements": (
        'X = [\n    "a",  # first\n    "b",  # second\n]\n',
        "X",
        '"c"',
        {},
        'X = [\n    "a",  # first\n    "b",  # second\n    "c",\n]\n',
    ),
    "no trailing comma": (
        'X = [\n    "a",\n    "b"  # last\n]\n',
        "X",
        '"c"',
        {},
        'X = [\n    "a",\n    "b",  # last\n    "c"\n]\n',
    ),
    "a comment at the end": (
        'X = [\n    "a",\n    # more to come\n]\n',
        "X",
        '"b"',
        {},
        'X = [\n    "a",\n    "b",\n    # more to come\n]\n',
    ),
    "before": (
        'X = [\n    "a",  # first\n    # of the second\n    "b",  # second\n]\n',
        "X",
        '"c"',
        {"before": '"b"'},
        'X = [\n    "a",  # first\n    "c",\n    # of the second\n    "b",  # second\n]\n',
    ),
    "after": (
        'X = [\n    "a",  # first\n    "b",  # second\n]\n',
        "X",
        '"c"',
        {"after": '"a"'},
        'X = [\n    "a",  # first\n    "c",\n    "b",  # second\n]\n',
    ),
    "a grid": ("X = [\n    1, 2,\n    3, 4,\n]\n", "X", "5", {}, "X = [\n    1, 2,\n    3, 4, 5,\n]\n"),
    "hanging": ('X = ["a",\n     "b"]\n', "X", '"c"', {}, 'X = ["a",\n     "b",\n     "c"]\n'),
    "an item of several lines": (
        'X = [\n    Guard("a"),\n]\n',
        "X",
        'Guard(\n    "b",\n)',
        {},
        'X = [\n    Guard("a"),\n    Guard(\n        "b",\n    ),\n]\n',
    ),
    "tuple of one": ('X = ("a",)\n', "X", '"b"', {}, 'X = ("a", "b")\n'),
    "tuple of none": ("X = ()\n", "X", '"b"', {}, 'X = ("b",)\n'),
    "tuple without brackets": ('X = "a", "b"\n', "X", '"c"', {}, 'X = "a", "b", "c"\n'),
    "set": ('X = {"a"}\n', "X", '"b"', {}, 'X = {"a", "b"}\n'),
    "frozenset": ('X = frozenset({"a"})\n', "X", '"b"', {}, 'X = frozenset({"a", "b"})\n'),
    "dict": ('X = {"a": 1}\n', "X", '"b": 2', {}, 'X = {"a": 1, "b": 2}\n'),
    "dict on lines": (
        'X = {\n    "a": 1,\n    "b": 2,  # two\n}\n',
        "X",
        '"c": 3',
        {"after": '"a"'},
        'X = {\n    "a": 1,\n    "c": 3,\n    "b": 2,  # two\n}\n',
    ),
    "attribute of a class": (
        "class A:\n    X: list[int] = [\n        1,\n    ]\n",
        "A.X",
        "2",
        {},
        "class A:\n    X: list[int] = [\n        1,\n        2,\n    ]\n",
    ),
    "tabs": ("class A:\n\tX = [\n\t\t1,\n\t]\n", "A.X", "2", {}, "class A:\n\tX = [\n\t\t1,\n\t\t2,\n\t]\n"),
    "there in other quotes": ("X = ['a']\n", "X", '"a"', {}, "X = ['a']\n"),
    "there in other spacing": ("X = [f( 1,2 )]\n", "X", "f(1, 2)", {}, "X = [f( 1,2 )]\n"),
    "byte order mark": ('\ufeffX = ["a"]\n', "X", '"b"', {}, '\ufeffX = ["a", "b"]\n'),
    "separators in a string": ('Y = "\u2028"\nX = [1]\n', "X", "2", {}, 'Y = "\u2028"\nX = [1, 2]\n'),
}

IMPORTS: dict[str, tuple[str, str, str]] = {
    "after the docstring": ('"""D."""\nX = 1\n', "import os", '"""D."""\n\nimport os\n\nX = 1\n'),
    "into an empty module": ("", "import os", "import os\n"),
    "below a licence": ("# licence\n\nX = 1\n", "import os", "# licence\n\nimport os\n\nX = 1\n"),
    "in order": (
        "import abc\nimport sys\n\nX = 1\n",
        "import os",
        "import abc\nimport os\nimport sys\n\nX = 1\n",
    ),
    "plain before from": (
        "import abc\nfrom os import path\n",
        "import sys",
        "import abc\nimport sys\nfrom os import path\n",
    ),
    "a section of its own": (
        "import os\n\nX = 1\n",
        "from gateway.a import b",
        "import os\n\nfrom gateway.a import b\n\nX = 1\n",
    ),
    "first of its section": (
        "import os\n\nfrom gateway.m import n\n",
        "from gateway.a import b",
        "import os\n\nfrom gateway.a import b\nfrom gateway.m import n\n",
    ),
    "future first": (
        '"""D."""\n\nimport os\n',
        "from __future__ import annotations",
        '"""D."""\n\nfrom __future__ import annotations\n\nimport os\n',
    ),
    "joined in order": ("from a import B, d\n", "from a import c", "from a import B, c, d\n"),
    "joined where there is no order": ("from a import d, b\n", "from a import c", "from a import d, b, c\n"),
    "joined on lines": (
        "from a import (\n    b,  # why\n    d,\n)\n",
        "from a import c, e",
        "from a import (\n    b,  # why\n    c,\n    d,\n    e,\n)\n",
    ),
    "joined behind a backslash": (
        "from a import b, \\\n    c\n",
        "from a import d",
        "from a import b, \\\n    c, d\n",
    ),
    "under another name": ("from a import b as c\n", "from a import b", "from a import b, b as c\n"),
    "there": ("from a import b, c\n", "from a import c", "from a import b, c\n"),
    "not among late ones": (
        "import os\n\n\ndef f():\n    pass\n\n\nimport zlib\n",
        "import sys",
        "import os\nimport sys\n\n\ndef f():\n    pass\n\n\nimport zlib\n",
    ),
    "relative": (
        "from . import x\nfrom .b import y\n",
        "from .a import z",
        "from . import x\nfrom .a import z\nfrom .b import y\n",
    ),
}

DEFAULTS: dict[str, tuple[str, str, str, str]] = {
    "constant": ("X = 5  # five\n", "X", "6", "X = 6  # five\n"),
    "annotated": ("X: int = 5\n", "X", "6", "X: int = 6\n"),
    "attribute": ("class A:\n    x: int = 5\n", "A.x", "6", "class A:\n    x: int = 6\n"),
    "key": ("X = {'a': 1, 'b': 2}\n", "X[b]", "3", "X = {'a': 1, 'b': 3}\n"),
    "key of a key": ('X = {"a": {"b": 2}}\n', "X[a][b]", "3", 'X = {"a": {"b": 3}}\n'),
    "parameter": (
        "def f(a, *, b: int = 2):  # two\n    pass\n",
        "f:b",
        "3",
        "def f(a, *, b: int = 3):  # two\n    pass\n",
    ),
    "parameter of a method": (
        "class A:\n    async def f(self, b=1, /):\n        pass\n",
        "A.f:b",
        "2",
        "class A:\n    async def f(self, b=2, /):\n        pass\n",
    ),
}

_HEAD = "class A:\n    def f(self, x):\n"

INSERTS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "behind the docstring": (
        f'{_HEAD}        """D."""\n        return x\n',
        "check(x)",
        {},
        f'{_HEAD}        """D."""\n        check(x)\n        return x\n',
    ),
    "at the start": (
        f"{_HEAD}        return x\n",
        "# first\nif x:\n    check(x)",
        {},
        f"{_HEAD}        # first\n        if x:\n            check(x)\n        return x\n",
    ),
    "before, above a comment": (
        f"{_HEAD}        a = 1\n\n        # say\n        b = 2\n",
        "check(x)",
        {"before": "b = 2"},
        f"{_HEAD}        a = 1\n\n        check(x)\n        # say\n        b = 2\n",
    ),
    "after": (
        f"{_HEAD}        a = 1\n\n        # say\n        b = 2\n",
        "check(x)",
        {"after": "a = 1"},
        f"{_HEAD}        a = 1\n        check(x)\n\n        # say\n        b = 2\n",
    ),
    "in the innermost block": (
        f"{_HEAD}        with a:\n            go()\n            b = 1  # one\n        return x\n",
        "check(x)",
        {"before": "b = 1"},
        f"{_HEAD}        with a:\n            go()\n            check(x)\n            b = 1  # one\n        return x\n",
    ),
    "before a block by its head": (
        f"{_HEAD}        if x:\n            go()\n",
        "check(x)",
        {"before": "if x:"},
        f"{_HEAD}        check(x)\n        if x:\n            go()\n",
    ),
}

Act = Callable[[Codebase], object]

REFUSED: dict[str, tuple[str, Act, str]] = {
    "no literal": (
        "X = 5\n",
        lambda c: c.append_to("app.py", "X", "1", why="w"),
        "app.py: X is not a list, tuple, set or dict literal",
    ),
    "no such name": (
        "def f():\n    X = []\n",
        lambda c: c.append_to("app.py", "X", "1", why="w"),
        "app.py: X is assigned 0 times at that level, not once",
    ),
    "assigned twice": (
        "X = []\nX = [1]\n",
        lambda c: c.append_to("app.py", "X", "2", why="w"),
        "app.py: X is assigned 2 times at that level, not once",
    ),
    "no such class": (
        "X = []\n",
        lambda c: c.append_to("app.py", "A.X", "2", why="w"),
        "app.py: there are 0 classes A, not one",
    ),
    "no element": (
        "X = []\n",
        lambda c: c.append_to("app.py", "X", "1 +", why="w"),
        "app.py: not an element of such a literal: '1 +'",
    ),
    "two elements": (
        "X = []\n",
        lambda c: c.append_to("app.py", "X", "1, 2", why="w"),
        "app.py: not one element: '1, 2'",
    ),
    "key with another value": (
        'X = {"a": 1}\n',
        lambda c: c.append_to("app.py", "X", '"a": 2', why="w"),
        "app.py: X has the key 'a' with another value",
    ),
    "anchor not found": (
        "X = [1]\n",
        lambda c: c.append_to("app.py", "X", "2", why="w", after="3"),
        "app.py: X has 0 elements that start with '3', not one",
    ),
    "no import": (
        "X = 1\n",
        lambda c: c.add_import("app.py", "X = 2", why="w"),
        "app.py: not one import statement: 'X = 2'",
    ),
    "two imports": (
        "X = 1\n",
        lambda c: c.add_import("app.py", "import a; import b", why="w"),
        "app.py: not one import statement: 'import a; import b'",
    ),
    "no default": (
        "def f(a):\n    pass\n",
        lambda c: c.set_default("app.py", "f:a", "1", why="w"),
        "app.py: f:a has no default",
    ),
    "no parameter": (
        "def f(a):\n    pass\n",
        lambda c: c.set_default("app.py", "f:b", "1", why="w"),
        "app.py: f has no parameter 'b'",
    ),
    "no key": (
        "X = {'a': 1}\n",
        lambda c: c.set_default("app.py", "X[b]", "1", why="w"),
        "app.py: X has no key 'b'",
    ),
    "no target": (
        "X = 1\n",
        lambda c: c.set_default("app.py", "X[", "1", why="w"),
        "app.py: 'X[' is none of NAME, Class.attribute, NAME[key], function:parameter",
    ),
    "no function": (
        "X = 1\n",
        lambda c: c.insert_call("app.py", "f", "go()", why="w"),
        "app.py: there are 0 functions f, not one",
    ),
    "two functions": (
        "def f():\n    pass\n\n\ndef f():\n    pass\n",
        lambda c: c.insert_call("app.py", "f", "go()", why="w"),
        "app.py: there are 2 functions f, not one",
    ),
    "function on one line": (
        "def f(): pass\n",
        lambda c: c.insert_call("app.py", "f", "go()", why="w"),
        "app.py: f has its body on the line of its def; give it lines of its own",
    ),
    "no anchor": (
        "def f():\n    pass\n",
        lambda c: c.insert_call("app.py", "f", "go()", why="w", before="x = 1"),
        "app.py: no statement with 'x = 1' in f",
    ),
    "nothing to insert": (
        "def f():\n    pass\n",
        lambda c: c.insert_call("app.py", "f", "# only words", why="w"),
        "app.py: no statement to insert: '# only words'",
    ),
}
