"""Objects of the repository, made and read without a branch or a working tree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tracker.git.plumbing import git, raw

Entry = tuple[str, str]
"""Mode and blob of a file."""


def blobs(root: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Path → the blob of the repository that now holds its content, by one git."""
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        places = [Path(scratch) / str(number) for number in range(len(files))]
        for place, content in zip(places, files.values(), strict=True):
            place.write_bytes(content)
        listed = "".join(f"{place}\n" for place in places).encode("utf-8", "surrogateescape")
        made = git(root, "hash-object", "-w", "--stdin-paths", "--no-filters", data=listed)
    return dict(zip(files, made.splitlines(), strict=True))


def tree_with(root: Path, base: str, files: Mapping[str, Entry | None]) -> str:
    """The tree ``base`` with entries replaced: path → (mode, blob), None removes it."""
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        git(root, "read-tree", base, env=env)
        lines = [
            f"{entry[0]} {entry[1]}\t{path}" if entry else f"0 {'0' * 40}\t{path}"
            for path, entry in files.items()
        ]
        data = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        git(root, "update-index", "-z", "--index-info", data=data, env=env)
        return git(root, "write-tree", env=env)


def commit(root: Path, tree: str, parent: str, message: str) -> str:
    """A commit object; no branch moves. Raises TrackerError where git cannot make it."""
    return git(root, "commit-tree", tree, "-p", parent, "-F", "-", data=message.encode())


def differing(root: Path, old: str, new: str) -> Iterator[tuple[str, str, Entry]]:
    """Path, git's letter (A, M, D, T) and entry in ``new`` of every file that differs between two trees."""
    parts = git(root, "diff-tree", "-r", "-z", "--no-renames", "--raw", old, new).split("\0")
    for meta, path in zip(parts[:-1:2], parts[1::2], strict=True):
        _, mode, _, blob, letter = meta.split(" ")
        yield path, letter, (mode, blob)


def contents(root: Path, ids: Sequence[str]) -> dict[str, bytes]:
    """The contents of blobs, by one git."""
    wanted = list(dict.fromkeys(ids))
    text = raw(root, "cat-file", "--batch", data="".join(f"{sha}\n" for sha in wanted).encode())
    found = {}
    for sha in wanted:
        head, _, text = text.partition(b"\n")
        size = int(head.rsplit(b" ", 1)[1])
        found[sha], text = text[:size], text[size + 1 :]
    return found
