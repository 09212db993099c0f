"""Malformed projects: for each the files that differ from a sound one, and every fault that must be named."""

from __future__ import annotations

from typing import NamedTuple

from tracker.definitions.parse import NO_PROJECT

Files = dict[str, str | bytes | None]
"""Content by path; None takes the file away."""

A, B, C = "plans/01-one/01-alpha/PLAN.md", "plans/01-one/02-beta/PLAN.md", "plans/02-two/01-gamma/PLAN.md"
ONE, TWO, PROJECT = "plans/01-one/PHASE.md", "plans/02-two/PHASE.md", "plans/project.yaml"

RECORDS_AS_CODE = (
    "codebase: 'plans' holds the records of the project, which change with every proof; "
    "name a directory of the code, or leave the key out for the whole repository"
)

SOUND: Files = {
    "src/app.py": "",
    PROJECT: "name: Sample\ncodebase: src\n",
    ONE: "---\ntitle: One\nmust_haves:\n  - text: Alpha works\n    checks: [A-1]\n---\n# One\n",
    A: "---\ntitle: Alpha\nchecks:\n  - id: A-1\n    title: It works\n    points: 2\n---\n# Alpha\n\nText.\n",
    B: '---\ntitle: Beta\ndepends_on: ["1.01"]\n---\n# Beta\n',
    TWO: "---\ntitle: Two\n---\n# Two\n",
    C: '---\ntitle: Gamma\ndepends_on: ["1.02"]\n---\n# Gamma\n',
}


class Case(NamedTuple):
    """One malformed project."""

    files: Files
    faults: list[str]


def front(*lines: str, body: str = "# Beta\n") -> str:
    return "\n".join(["---", *lines, "---", body])


CASES: dict[str, Case] = {
    "unclosed bracket": Case(
        {B: front("title: Beta", "depends_on: [1.01", "summary: sum")},
        [
            f"{B}:3:13: the '[' is not closed; expected ',' or ']'",
        ],
    ),
    "unclosed brace": Case(
        {B: front("title: Beta", "checks: {id: X")},
        [
            f"{B}:3:9: the '{{' is not closed; expected ',' or '}}'",
        ],
    ),
    "tab indent": Case(
        {B: front("title: Beta", "checks:", "\t- id: B-1", "\t  title: T")},
        [
            f"{B}:4:1: a tab indents this line; YAML takes only spaces: use two",
        ],
    ),
    "unclosed quote": Case(
        {B: front('title: "Beta', "summary: sum")},
        [
            f"{B}:2:8: the quote is not closed",
        ],
    ),
    "colon in text": Case(
        {B: front("title: Beta: the second")},
        [
            f"{B}:2:12: a ':' where no key can stand; put the text in quotes, or align the key with those around it",
        ],
    ),
    "reserved character": Case(
        {B: front("title: @beta")},
        [
            f"{B}:2:8: '@' cannot start a value; put the text in quotes",
        ],
    ),
    "misaligned key": Case(
        {B: front("title: Beta", "checks:", "  - id: B-1", "   title: T")},
        [
            f"{B}:5:4: expected '-' here: this list's items start with it, aligned",
        ],
    ),
    "unknown alias": Case(
        {B: front("title: *beta")},
        [
            f"{B}:2:8: '*beta' refers to nothing; put the text in quotes",
        ],
    ),
    "tag": Case(
        {B: front("title: !!python/name:os.system x")},
        [
            f"{B}:2:8: the tag 'tag:yaml.org,2002:python/name:os.system' is not taken; write the plain value",
        ],
    ),
    "nested too deep": Case(
        {B: front("title: Beta", "checks: " + "[" * 60_000)},
        [
            f"{B}:3:24: nested deeper than 16 levels",
        ],
    ),
    "control character": Case(
        {B: front("title: Beta\x07")},
        [
            f"{B}:2:12: the character U+0007 is not allowed in YAML",
        ],
    ),
    "escaped control character": Case(
        {B: front('title: "Be\\eta"')},
        [
            f"{B}:2:8: title holds the control character U+001B; leave it out",
        ],
    ),
    "two errors in one file": Case(
        {B: front("title: Beta", "summary: a: b", "paths: [docs", "highlights: [done]")},
        [
            f"{B}:3:11: a ':' where no key can stand; put the text in quotes, or align the key with those around it",
            f"{B}:4:8: the '[' is not closed; expected ',' or ']'",
        ],
    ),
    "unknown key that a terminal would obey": Case(
        {B: front("title: Beta", '"\\e[31mwave": two')},
        [
            f"{B}:3:1: unknown key '?[31mwave' in the front matter; known are title, summary, depends_on, implementation, run, manual, verification, commands, paths, timeout, highlights, checks"
        ],
    ),
    "duplicate key": Case(
        {B: front("title: Beta", "summary: one", "title: Again")},
        [
            f"{B}:4:1: 'title' stands here twice; first on line 2",
        ],
    ),
    "unknown key, near one": Case(
        {B: front("title: Beta", "depend_on: [1.01]")},
        [
            f"{B}:3:1: unknown key 'depend_on' in the front matter; did you mean 'depends_on'?",
        ],
    ),
    "unknown key, near none": Case(
        {TWO: front("title: Two", "colour: red")},
        [
            f"{TWO}:3:1: unknown key 'colour' in the front matter; known are title, goal, must_haves, closing_steps, impact",
        ],
    ),
    "key of another format": Case(
        {B: front("title: Beta", "wave: two", "status: done")},
        [
            f"{B}:3:1: unknown key 'wave' in the front matter; waves follow from depends_on",
            f"{B}:4:1: unknown key 'status' in the front matter; status is computed from the journal",
        ],
    ),
    "no title": Case(
        {B: front("summary: sum")},
        [
            f"{B}:2:1: the front matter has no 'title'; it needs one line of text",
        ],
    ),
    "empty title": Case(
        {B: front("title:", "summary: sum")},
        [
            f"{B}:2:7: title is empty; expected one line of text",
        ],
    ),
    "title of several lines": Case(
        {B: front("title: |", "  Beta", "  again")},
        [
            f"{B}:2:8: title has several lines; it takes one",
        ],
    ),
    "text where a list belongs": Case(
        {B: front("title: Beta", "depends_on: 1.01")},
        [
            f"{B}:3:13: depends_on: expected a list of plan references; write [1.01], found the text '1.01'",
        ],
    ),
    "mapping where a list belongs": Case(
        {B: front("title: Beta", "highlights:", "  a: b")},
        [
            f"{B}:4:3: highlights: expected a list of texts, found a mapping",
        ],
    ),
    "list where text belongs": Case(
        {B: front("title: [Beta]")},
        [
            f"{B}:2:8: title: expected one line of text, found a list",
        ],
    ),
    "list where a mapping belongs": Case(
        {PROJECT: "name: Sample\ncodebase: src\nscore: [90]\n"},
        [
            f"{PROJECT}:3:8: score: expected keys with values, found a list",
        ],
    ),
    "points no number": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T, points: two}")},
        [
            f"{B}:4:33: points: expected a number, found the text 'two'",
        ],
    ),
    "points negative": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T, points: -1}")},
        [
            f"{B}:4:33: points is negative (-1); it takes 0 or more",
        ],
    ),
    "points infinite": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T, points: .inf}")},
        [
            f"{B}:4:33: points: expected a number, found the text '.inf'",
        ],
    ),
    "unknown kind": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T, kind: strech}")},
        [
            f"{B}:4:31: kind: unknown 'strech'; did you mean 'stretch'?",
        ],
    ),
    "flag no flag": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T, critical: very}")},
        [
            f"{B}:4:35: critical: expected true or false, found 'very'",
        ],
    ),
    "check without id": Case(
        {B: front("title: Beta", "checks:", "  - title: T")},
        [
            f"{B}:4:5: checks[1] has no 'id'; it needs a check id",
        ],
    ),
    "check id no id": Case(
        {B: front("title: Beta", "checks:", "  - {id: B 1, title: T}")},
        [
            f"{B}:4:10: id: 'B 1' is no check id; it takes letters, digits, '.', '_' and '-'",
        ],
    ),
    "duplicate check id": Case(
        {B: front("title: Beta", "checks:", "  - {id: A-1, title: T}")},
        [
            f"{B}:4:10: the check 'A-1' is also defined at plans/01-one/01-alpha/PLAN.md:4; rename one",
        ],
    ),
    "duplicate check id in one file": Case(
        {B: front("title: Beta", "checks:", "  - {id: B-1, title: T}", "  - {id: B-1, title: U}")},
        [
            f"{B}:5:10: the check 'B-1' is also defined at plans/01-one/02-beta/PLAN.md:4; rename one",
        ],
    ),
    "unknown dependency": Case(
        {B: front("title: Beta", "depends_on: [1.07, 2.1, nowhere]")},
        [
            f"{B}:3:14: depends_on: no plan '1.07'; did you mean 1.02?",
            f"{B}:3:20: depends_on: 1.02 → 2.01 → 1.02 is a cycle; no plan of it could ever start",
            f"{B}:3:25: depends_on: no plan 'nowhere'; `tracker status` lists the plans",
        ],
    ),
    "cycle": Case(
        {A: front("title: Alpha", "depends_on:", "  - 1.02", "checks: [{id: A-1, title: T}]")},
        [
            f"{A}:4:5: depends_on: 1.01 → 1.02 → 1.01 is a cycle; no plan of it could ever start",
        ],
    ),
    "cycle of one": Case(
        {B: front("title: Beta", "depends_on: [beta]")},
        [
            f"{B}:3:14: depends_on: 1.02 → 1.02 is a cycle; no plan of it could ever start",
        ],
    ),
    "two cycles": Case(
        {
            A: front("title: Alpha", "depends_on: [1.02, 2.01]", "checks: [{id: A-1, title: T}]"),
            B: front("title: Beta", "depends_on: [1.01]"),
            C: front("title: Gamma", "depends_on: [1.01]"),
        },
        [
            f"{A}:3:14: depends_on: 1.01 → 1.02 → 1.01 is a cycle; no plan of it could ever start",
            f"{A}:3:20: depends_on: 1.01 → 2.01 → 1.01 is a cycle; no plan of it could ever start",
        ],
    ),
    "unknown check in must_haves": Case(
        {ONE: front("title: One", "must_haves:", "  - text: Alpha works", "    checks: [A-2]")},
        [
            f"{ONE}:5:14: must_haves: no check 'A-2'; did you mean 'A-1'?",
        ],
    ),
    "must-have without text": Case(
        {ONE: front("title: One", "must_haves: [{checks: [A-1]}]")},
        [
            f"{ONE}:3:14: must_haves[1] has no 'text'; it needs one line of text",
        ],
    ),
    "missing implementation": Case(
        {B: front("title: Beta", "implementation: implement.py")},
        [
            f"{B}:3:17: implementation: no file 'implement.py' beside it; there is no Python file",
        ],
    ),
    "missing verification": Case(
        {B: front("title: Beta", "verification: verify.py"), "plans/01-one/02-beta/verification.py": ""},
        [
            f"{B}:3:15: verification: no file 'verify.py' beside it; there is verification.py",
        ],
    ),
    "implementation outside": Case(
        {B: front("title: Beta", "implementation: ../x.py")},
        [
            f"{B}:3:17: implementation: '../x.py' leaves the repository; write a path inside it, with '/' and without '..'",
        ],
    ),
    "implementation no Python": Case(
        {B: front("title: Beta", "implementation: make.sh")},
        [
            f"{B}:3:17: implementation: 'make.sh' is not a Python file; commands go under 'run'",
        ],
    ),
    "two implementations": Case(
        {B: front("title: Beta", "run: make", "manual: true")},
        [
            f"{B}:4:1: 'manual' beside 'run'; a plan has one of them",
        ],
    ),
    "commands beside verification": Case(
        {
            B: front(
                "title: Beta",
                "verification: verification.py",
                "commands: [{check: B-1, run: make test, title: T}]",
            ),
            "plans/01-one/02-beta/verification.py": "",
        },
        [
            f"{B}:4:1: 'commands' and 'verification' together; checks are proved by one of them",
        ],
    ),
    "command of no check": Case(
        {
            B: front(
                "title: Beta",
                "commands: [{check: B-2, run: make}]",
                "checks: [{id: B-1, title: T}]",
            )
        },
        [
            f"{B}:3:20: 'B-2' is no check of this file; did you mean 'B-1'?",
        ],
    ),
    "command without run": Case(
        {B: front("title: Beta", "commands: [{check: B-1, title: T}]")},
        [
            f"{B}:3:12: commands[1] has no 'run'; it needs text",
        ],
    ),
    "two commands of one check": Case(
        {
            B: front(
                "title: Beta",
                "checks: [{id: B-1, title: T}]",
                "commands: [{check: B-1, run: a}, {check: B-1, run: b}]",
            )
        },
        [
            f"{B}:4:42: a second command for the check 'B-1'; join them with '&&'",
        ],
    ),
    "absolute path": Case(
        {B: front("title: Beta", "paths: [docs, /etc, ../x]")},
        [
            f"{B}:3:15: paths: an item: '/etc' leaves the repository; write a path inside it, with '/' and without '..'",
            f"{B}:3:21: paths: an item: '../x' leaves the repository; write a path inside it, with '/' and without '..'",
        ],
    ),
    "no front matter": Case(
        {B: "# Beta of the heading\n\nText.\n"},
        [
            f"{B}:1:1: no front matter; the file begins with '---', the keys, and '---'",
        ],
    ),
    "front matter not closed": Case(
        {B: "---\ntitle: Beta\n\n# Beta\n"},
        [
            f"{B}:1:1: the front matter is not closed; a line '---' ends it",
        ],
    ),
    "front matter empty": Case(
        {B: front()},
        [
            f"{B}:1:1: the front matter is empty; it needs title",
        ],
    ),
    "front matter no mapping": Case(
        {B: front("- title: Beta")},
        [
            f"{B}:2:1: the front matter: expected keys with values, found a list",
        ],
    ),
    "empty file": Case(
        {B: ""},
        [
            f"{B}:1:1: no front matter; the file begins with '---', the keys, and '---'",
        ],
    ),
    "binary file": Case(
        {B: b"---\ntitle: B\0eta\n---\n"},
        [
            f"{B}:2:9: binary content (a NUL byte), not UTF-8 text",
        ],
    ),
    "not UTF-8": Case(
        {B: "---\ntitle: Bêta\n---\n".encode("latin-1")},
        [
            f"{B}:2:9: the byte 0xea is not UTF-8; save the file as UTF-8",
        ],
    ),
    "UTF-16": Case(
        {B: "---\ntitle: Beta\n---\n".encode("utf-16")},
        [
            f"{B}:1:1: UTF-16 text; save it as UTF-8",
        ],
    ),
    "10 MiB": Case(
        {B: b"---\ntitle: Beta\n---\n" + b"x" * (10 << 20)},
        [
            f"{B}:1:1: 10.0 MiB; a definition file has at most 1 MiB",
        ],
    ),
    "missing PLAN.md": Case(
        {B: None, "plans/01-one/02-beta/implementation.py": ""},
        [
            f"{B}:1:1: no such file; a plan is a directory with a PLAN.md",
        ],
    ),
    "missing PHASE.md": Case(
        {TWO: None},
        [
            f"{TWO}:1:1: no such file; a phase is a directory with a PHASE.md",
        ],
    ),
    "missing project.yaml": Case(
        {PROJECT: None},
        [
            f"{PROJECT}:1:1: {NO_PROJECT}",
        ],
    ),
    "no plans at all": Case(
        dict.fromkeys(SOUND),
        [
            f"{PROJECT}:1:1: {NO_PROJECT}",
        ],
    ),
    "two phases of one number": Case(
        {"plans/1-uno/PHASE.md": front("title: Uno")},
        [
            "plans/1-uno:1:1: phase 1 is also '01-one'; give it a number of its own",
        ],
    ),
    "two plans of one number": Case(
        {"plans/01-one/2-bis/PLAN.md": front("title: Bis")},
        [
            "plans/01-one/2-bis:1:1: plan 2 is also '02-beta'; give it a number of its own",
        ],
    ),
    "directory without slug": Case(
        {"plans/01-one/03_delta/PLAN.md": front("title: Delta")},
        [
            "plans/01-one/03_delta:1:1: a directory that begins with a digit is named NN-slug",
        ],
    ),
    "no such codebase": Case(
        {PROJECT: "name: Sample\ncodebase: lib\n"},
        [
            f"{PROJECT}:2:11: codebase: no directory 'lib' in the repository",
        ],
    ),
    "codebase is the plans": Case(
        {PROJECT: "name: Sample\ncodebase: ./plans/\n"},
        [
            f"{PROJECT}:2:11: {RECORDS_AS_CODE}",
        ],
    ),
    "codebase in the plans": Case(
        {PROJECT: "name: Sample\ncodebase: plans/01-one\n"},
        [
            f"{PROJECT}:2:11: {RECORDS_AS_CODE}",
        ],
    ),
    "codebase is a file": Case(
        {PROJECT: "name: Sample\ncodebase: src/app.py\n"},
        [
            f"{PROJECT}:2:11: codebase: no directory 'src/app.py' in the repository",
        ],
    ),
    "codebase outside": Case(
        {PROJECT: "name: Sample\ncodebase: ../other\n"},
        [
            f"{PROJECT}:2:11: codebase: '../other' leaves the repository; write a path inside it, with '/' and without '..'",
        ],
    ),
    "project.yaml empty": Case(
        {PROJECT: ""},
        [
            f"{PROJECT}:1:1: project.yaml is empty; it needs name",
        ],
    ),
    "project.yaml of two documents": Case(
        {PROJECT: "name: Sample\ncodebase: src\n---\nname: B\n"},
        [
            f"{PROJECT}:3:1: a second document; only one is read",
        ],
    ),
    "target above the total": Case(
        {PROJECT: "name: Sample\ncodebase: src\nscore: {target: 120, of: 100}\n"},
        [
            f"{PROJECT}:3:9: the target 120 is above the total 100 of the score",
        ],
    ),
    "unknown key deep inside": Case(
        {PROJECT: "name: Sample\ncodebase: src\ntimeouts:\n  verificaton: 5\n"},
        [
            f"{PROJECT}:4:3: unknown key 'verificaton' in timeouts; did you mean 'verification'?",
        ],
    ),
    "missing baseline": Case(
        {PROJECT: "name: Sample\ncodebase: src\nbaseline:\n  verification: base.py\n"},
        [
            f"{PROJECT}:4:17: verification: no file 'base.py' beside it; there is no Python file",
        ],
    ),
    "everything at once": Case(
        {
            PROJECT: "nam: Sample\ncodebase: lib\n",
            A: front("title: [", "checks:", "  - id: A-1", "    title: T", "    points: many"),
            B: b"\xff\xfe\0",
            C: front("titel: Gamma", "depends_on: [9.09]"),
        },
        [
            f"{A}:2:8: the '[' is not closed; expected ',' or ']'",
            f"{A}:6:13: points: expected a number, found the text 'many'",
            f"{B}:1:1: UTF-16 text; save it as UTF-8",
            f"{C}:2:1: unknown key 'titel' in the front matter; did you mean 'title'?",
            f"{C}:3:14: depends_on: no plan '9.09'; `tracker status` lists the plans",
            f"{PROJECT}:1:1: unknown key 'nam' in project.yaml; did you mean 'name'?",
            f"{PROJECT}:2:11: codebase: no directory 'lib' in the repository",
        ],
    ),
}
