"""The environment of commands: little from the gateway, and nothing that changes which code runs."""

import os
import re

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.tools.executables import SEARCH_PATH

INHERITED = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
HARMLESS = re.compile(r"LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR|CI")

# Read by loaders, interpreters or shells before a program's first own instruction, or naming what to start.
CODE = re.compile(
    r"LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NLSPATH|GETCONF_DIR|MALLOC_.*|GLIBC_TUNABLES|PATH|IFS|CDPATH|ENV"
    r"|BASH.*|SHELL|SHELLOPTS|PS4|PROMPT_COMMAND|PYTHON.*|PERL.*|RUBY.*|GEM_.*|NODE_.*|NPM_.*|LUA_.*|PHP.*"
    r"|JAVA_.*|_JAVA_OPTIONS|JDK_.*|CLASSPATH|GIT_.*|SSH_.*|EDITOR|VISUAL|PAGER|MANPAGER|LESSOPEN|LESSCLOSE"
    r"|BROWSER|TERMINFO.*|OPENSSL_.*|GATEWAY_.*"
)


def vet(given: dict[str, str]) -> dict[str, str]:
    """Return the variables that a caller wants a command to have.

    Raises RequestError for one that would choose the code that runs.
    """
    for name, value in given.items():
        if CODE.fullmatch(name):
            raise RequestError(INVALID_REQUEST, f"env must not set {name}: it changes which code runs")
        if "\0" in value:
            raise RequestError(INVALID_REQUEST, f"env.{name} must not contain NUL")
    return given


def needs_approval(given: dict[str, str]) -> bool:
    """Tell whether a variable could make a listed program do something else."""
    return any(not HARMLESS.fullmatch(name) for name in given)


def for_host(given: dict[str, str]) -> dict[str, str]:
    """Return the whole environment of a command on the host."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {"LANG": "C.UTF-8", **inherited, **given, "PATH": ":".join(SEARCH_PATH)}
