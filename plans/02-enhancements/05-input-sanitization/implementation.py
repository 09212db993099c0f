"""Paths and URLs stay inside their fence, also across redirects and rebinding; hostile text stays inert."""

from __future__ import annotations

import re

from tracker.api import Codebase

WEAKNESSES = "KNOWN-WEAKNESSES.md"
EXPLOITS = "tests/weaknesses/test_2_05_input.py"
PINNED, TEXT = "INP-02", "INP-03"

ENDED = {
    "INP-01": ["test_paths_leave_the_workspace", "test_addresses_of_this_machine_are_fetched"],
    "INP-02": ["test_a_redirect_leads_back_to_this_machine"],
    "INP-03": ["test_markup_in_a_transcript_is_live", "test_json_with_two_meanings_is_read"],
}

RECORDS = {
    "security/audit_log.py": "redact(json.dumps(record, ensure_ascii=False, default=str))",
    "security/auth_audit.py": "self._gateway.journal.redact(json.dumps(entry, ensure_ascii=False))",
    "channels/pairing_audit.py": "json.dumps(line, ensure_ascii=False)",
    "state/file_audit.py": "json.dumps(line, ensure_ascii=False)",
}
"""Where lines of audit logs are made, before the chain that seals them was there and since."""

DOCUMENTATION = """## Input

- `read` and `write` take files of the workspace and nothing else: no `..`, no link, no file with a second name, no
  spelling that becomes one of these when it is decoded.
- `web_fetch` takes `http` and `https` to addresses of the public Internet. Every address that a name has must be
  public; hosts are names or addresses in their usual spelling, and a URL names no user.
"""

PINNED_DOCUMENTATION = """- The connection goes to the address that was looked at, each redirect (at most `tools.web.maxRedirects`, 3) is looked at
  like the first URL, and `tools.web.timeoutMs` is for all of them together.
"""

FETCH = '''    """Fetch a URL of the public Internet; the body is cut at `tools.web.maxBytes`.

    Raises RequestError when it leads elsewhere, or nothing comes of it.
    """
    config = gateway.config
    limits = pinned_fetch.Limits(
        config.seconds_at("tools.web.timeoutMs"),
        config.number_at("tools.web.maxBytes"),
        config.number_at("tools.web.maxRedirects"),
    )
    page = await pinned_fetch.get(args["url"], limits, USER_AGENT)
    return {
        "url": page.url,
        "status": page.status,
        "contentType": page.content_type,
        "body": page.body.decode("utf-8", "replace"),
        "truncated": page.truncated,
    }
'''

TEXT_DOCUMENTATION = """- JSON with duplicate keys, NaN, Infinity or more than 64 levels is refused. Transcripts are escaped and served with a
  policy that lets nothing run; logs and terminals show control and direction marks as `\\uXXXX`.
"""


def implement(codebase: Codebase) -> None:
    fence_paths(codebase)
    fence_urls(codebase)
    if PINNED not in codebase.deferred:
        pin_addresses(codebase)
    if TEXT not in codebase.deferred:
        strict_json(codebase)
        inert_text(codebase)
    document(codebase)
    end_weaknesses(codebase)


def fence_paths(codebase: Codebase) -> None:
    why = "files are opened from the workspace's descriptor, name by name, and nothing is followed"
    codebase.add("tools/fence.py", why=why)
    codebase.add("tests/test_fences.py", why="tests of the fences around paths and URLs")
    paths, tools = "tools/paths.py", "tools/file_tools.py"
    codebase.edit(
        paths,
        '\n\ndef resolve(gateway: "Gateway", path: str) -> Path:\n'
        '    """Return the file that a tool means.\n\n'
        "    Raises RequestError when the text cannot name a file.\n"
        '    """\n'
        '    if "\\0" in path:\n'
        '        raise RequestError(INVALID_REQUEST, "path must not contain NUL")\n'
        "    return workspace(gateway) / path\n",
        "",
        why="a path that could lead anywhere is no longer made",
    )
    for line in (
        "from gateway.errors import RequestError\n",
        "from gateway.protocol.schema.error_codes import INVALID_REQUEST\n",
    ):
        codebase.edit(paths, line, "", why="a path that could lead anywhere is no longer made")
    codebase.edit(
        paths,
        '"""From a path that a tool was given to a file."""',
        '"""Where tools work."""',
        why="a path that could lead anywhere is no longer made",
    )
    codebase.edit(
        tools,
        '    file = paths.resolve(gateway, args["path"])\n'
        "    try:\n"
        '        with file.open("rb") as opened:\n'
        "            content = opened.read(LARGEST_READ)\n",
        '    try:\n        content = fence.read(paths.workspace(gateway), args["path"], LARGEST_READ)\n',
        why=why,
    )
    codebase.edit(
        tools,
        '    file = paths.resolve(gateway, args["path"])\n'
        "    try:\n"
        '        files.write_text(file, args["content"])\n',
        '    content = args["content"].encode("utf-8", "replace")\n'
        "    try:\n"
        '        fence.write(paths.workspace(gateway), args["path"], content)\n',
        why=why,
    )
    codebase.edit(
        tools,
        '"bytes": len(args["content"].encode("utf-8", "replace"))',
        '"bytes": len(content)',
        why=why,
    )
    codebase.edit(
        tools, "from gateway.tools import paths\n", "from gateway.tools import fence, paths\n", why=why
    )
    codebase.edit(tools, "from gateway.state import files\n", "", why=why)


def fence_urls(codebase: Codebase) -> None:
    codebase.add("tools/addresses.py", why="which addresses are of the public Internet, by explicit lists")
    codebase.add(
        "tools/url_fence.py", why="a URL is taken apart in one place, and all its addresses are looked at"
    )
    if PINNED in codebase.deferred:
        why = "only URLs that lead to the public Internet are fetched"
        codebase.add_import("tools/web.py", "from gateway.tools import url_fence", why=why)
        codebase.insert_call(
            "tools/web.py", "fetch", 'await url_fence.destination(args["url"])', before="limit =", why=why
        )


def pin_addresses(codebase: Codebase) -> None:
    web = "tools/web.py"
    why = "the connection goes to the address that was looked at, and each redirect through the fence"
    codebase.add("tools/pinned_fetch.py", why=why)
    codebase.add("tests/test_pinned_fetch.py", why="tests of rebinding, redirects and limits")
    _, found, body = codebase.read(web).partition('    """Fetch a URL, following redirects')
    if found:
        codebase.edit(web, found + body, FETCH, why=why)
    for line in (
        "from gateway.errors import RequestError\n",
        "from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE\n",
    ):
        codebase.edit(web, line, "", why=why)
    codebase.add_import(web, "from gateway.tools import pinned_fetch", why=why)
    codebase.edit(
        "config/schema.py",
        "maxRedirects=Integer(max=20, default=5)",
        "maxRedirects=Integer(max=20, default=3)",
        why="three redirects are enough",
    )


def strict_json(codebase: Codebase) -> None:
    why = "JSON that two parsers read in two ways is refused"
    codebase.add("protocol/strict_json.py", why=why)
    loader = "from gateway.protocol import strict_json"
    frames, message, agent, source = (
        "protocol/frames.py",
        "server/http_message.py",
        "agent/agent.py",
        "config/source.py",
    )
    codebase.edit(
        frames,
        "        value = json.loads(text)\n    except ValueError:\n",
        "        value = strict_json.loads(text)\n"
        "    except strict_json.Ambiguous as error:\n"
        "        raise BadFrame(str(error), None) from None\n"
        "    except ValueError:\n",
        why=why,
    )
    codebase.edit(
        message,
        "            value = json.loads(body)\n",
        "            value = strict_json.loads(body)\n",
        why=why,
    )
    codebase.edit(
        agent,
        '            args = json.loads(raw or "{}")\n',
        '            args = strict_json.loads(raw or "{}")\n',
        why=why,
    )
    codebase.edit(
        source, "        return json.loads(text)\n", "        return strict_json.loads(text)\n", why=why
    )
    codebase.edit(source, "json5.loads(text)\n", "json5.loads(text, allow_duplicate_keys=False)\n", why=why)
    codebase.edit(source, "import json\nimport re\n", "import re\n", why=why)
    for path in (frames, message, agent, source):
        codebase.add_import(path, loader, why=why)
    codebase.edit(
        "tests/test_protocol.py",
        '        await client.socket.send("[" * 200_000)\n        await client.closed()\n',
        '        await client.socket.send("[" * 200_000)\n'
        '        assert (await client.response("invalid"))["error"]["code"] == "INVALID_REQUEST"\n',
        why="deep nesting is an error of the frame, and no longer ends the connection",
    )


def inert_text(codebase: Codebase) -> None:
    codebase.add("visible.py", why="marks that could act on a reader are shown instead")
    codebase.add("tests/test_hostile_text.py", why="tests of pages, logs, terminals and parsers")
    page(codebase)
    logs(codebase)
    terminal(codebase)


def page(codebase: Codebase) -> None:
    why = "text in transcripts is escaped, and the page may run nothing"
    ui, http = "server/http_ui.py", "server/http.py"
    codebase.edit(
        ui,
        "    body = \"\\n\".join(f\"<p><b>{message['role']}</b> {message['text']}</p>\" for message in messages)\n"
        "    return html_response(PAGE.format(title=key, body=body))\n",
        '    body = "\\n".join(\n'
        "        f\"<p><b>{_inert(message['role'])}</b> {_inert(message['text'])}</p>\" for message in messages\n"
        "    )\n"
        "    return html_response(PAGE.format(title=_inert(key), body=body))\n",
        why=why,
    )
    codebase.edit(
        ui,
        "async def index(",
        "def _inert(text: str) -> str:\n"
        '    return escape(visible(text, keep="\\n\\t"))\n\n\n'
        "async def index(",
        why=why,
    )
    codebase.add_import(ui, "from html import escape", why=why)
    codebase.add_import(ui, "from gateway.visible import visible", why=why)
    codebase.add("server/protective_headers.py", why=why)
    codebase.add_import(http, "from gateway.server.protective_headers import PROTECTIVE", why=why)
    codebase.append_to(http, "STANDARD_HEADERS", "*PROTECTIVE", why=why)
    codebase.edit(
        http,
        '                [("Connection", "close"), ("Content-Length", str(len(response.body)))],\n',
        "                [\n"
        "                    *STANDARD_HEADERS,\n"
        '                    ("Connection", "close"),\n'
        '                    ("Content-Type", response.content_type),\n'
        '                    ("Content-Length", str(len(response.body))),\n'
        "                ],\n",
        why=why,
    )


def logs(codebase: Codebase) -> None:
    why = "one event is one line, whatever is in it"
    log = "logging_.py"
    codebase.add_import(log, "from gateway.visible import visible", why=why)
    codebase.edit(
        log,
        "        line = self.redact(json.dumps(record, ensure_ascii=False, default=str))\n",
        "        line = visible(self.redact(json.dumps(record, ensure_ascii=False, default=str)))\n",
        why=why,
    )
    codebase.edit(
        log,
        '                sys.stderr.write(self.redact(f"gateway: {level}: [{subsystem}] {message}{extra}") + "\\n")\n',
        '                text = self.redact(f"gateway: {level}: [{subsystem}] {message}{extra}")\n'
        '                sys.stderr.write(visible(text) + "\\n")\n',
        why=why,
    )
    for path, written in RECORDS.items():
        if codebase.exists(path) and written in codebase.read(path):
            codebase.edit(path, written, f"visible({written})", why=why)
            codebase.add_import(path, "from gateway.visible import visible", why=why)


def terminal(codebase: Codebase) -> None:
    why = "what others wrote cannot command the operator's terminal"
    codebase.add_import("cli/output.py", "from gateway.visible import visible", why=why)
    codebase.edit(
        "cli/output.py",
        '    sys.stdout.write(text + "\\n")\n',
        '    sys.stdout.write(visible(text, keep="\\n\\t") + "\\n")\n',
        why=why,
    )
    codebase.add_import("cli/main.py", "from gateway.visible import visible", why=why)
    codebase.edit(
        "cli/main.py",
        '    sys.stderr.write(f"gateway: {message}\\n")\n',
        '    sys.stderr.write(f"gateway: {visible(message)}\\n")\n',
        why=why,
    )


def document(codebase: Codebase) -> None:
    text = DOCUMENTATION
    text += "" if PINNED in codebase.deferred else PINNED_DOCUMENTATION
    text += "" if TEXT in codebase.deferred else TEXT_DOCUMENTATION
    codebase.edit(
        "README.md",
        "## Network\n",
        f"{text}\n## Network\n",
        why="what is taken as input, and what is not",
    )


def end_weaknesses(codebase: Codebase) -> None:
    """Take what is ended from the list, with its tests; the heading stays for the plans of the same wave."""
    why = "these weaknesses are ended"
    ended = [test for check, tests in ENDED.items() if check not in codebase.deferred for test in tests]
    if TEXT not in codebase.deferred:
        ended += ENDED[PINNED]
        codebase.delete(EXPLOITS, why=why)
    elif codebase.exists(EXPLOITS):
        ended += ENDED[PINNED]
        source = codebase.read(EXPLOITS)
        for name in ended:
            source = re.sub(
                rf"(@pytest\.mark\.parametrize\((?:(?!\n\n\n).)*?)?async def {name}\(.*?\n\n\n",
                "",
                source,
                flags=re.DOTALL,
            )
        source = source.replace("import asyncio\n", "").replace("from pathlib import Path\n", "")
        codebase.write(EXPLOITS, source, why=why)
    section = re.search(r"^## 2\.05 .*?(?=^## |\Z)", codebase.read(WEAKNESSES), re.MULTILINE | re.DOTALL)
    if section is None:
        return
    lines = section[0].splitlines()
    kept = [line for line in lines if not any(f":{name}`" in line for name in ended)]
    if not any(".py:" in line for line in kept):
        kept = [lines[0], "", "None known.", ""]
    if kept != lines:
        codebase.edit(WEAKNESSES, section[0], "\n".join(kept) + "\n", why=why)
