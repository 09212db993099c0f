"""Where a command runs: the job, what came of it, and the runner that a session gets."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.sandbox import bubblewrap
from gateway.sandbox.launcher import CannotLaunch, CannotStart, Ended, Order
from gateway.sandbox.supervisor import EXEC_FAILED
from gateway.tools import paths

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

NO_SANDBOX = "the sandbox cannot start, so nothing was run"
LIMITS = {"memory": "it used too much memory", "processes": "it started too many processes"}


@dataclass(frozen=True)
class Job:
    """A command; `env` is what the host would give it, `own_env` what was asked for."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
    own_env: dict[str, str]
    seconds: float
    max_output: int
    session_key: str


@dataclass(frozen=True)
class Outcome:
    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool
    duration_ms: int


class Runner(Protocol):
    async def run(self, job: Job) -> Outcome:
        """Run a job to its end or its deadline. Raises RequestError when it cannot be started."""
        ...


class HostRunner:
    """Runs jobs with the gateway's own view of the host."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    async def run(self, job: Job) -> Outcome:
        order = Order(job.argv, str(job.cwd), job.env, job.seconds)
        try:
            return _outcome(await self._gateway.launcher.run(order, job.max_output))
        except CannotStart as error:
            raise RequestError(INVALID_REQUEST, f"cannot run {error}") from None
        except CannotLaunch as error:
            raise _unavailable(self._gateway, job, "commands cannot be started", str(error)) from None


class SandboxRunner:
    """Runs jobs in namespaces of their own; where these cannot be made, nothing runs."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    async def run(self, job: Job) -> Outcome:
        gateway = self._gateway
        try:
            sandbox = bubblewrap.plan(
                gateway.config, paths.workspace(gateway), job.argv, str(job.cwd), job.own_env
            )
            order = Order(job.argv, "/", {}, job.seconds, sandbox)
            ended = await gateway.launcher.run(order, job.max_output)
        except bubblewrap.NotInSandbox as error:
            raise RequestError(INVALID_REQUEST, f"cannot run {job.argv[0]}: {error}") from None
        except (bubblewrap.CannotSandbox, CannotLaunch) as error:
            raise _unavailable(gateway, job, NO_SANDBOX, str(error)) from None
        if not ended.ran and EXEC_FAILED in ended.stderr:
            raise RequestError(INVALID_REQUEST, f"cannot run {job.argv[0]}: the sandbox has no such program")
        if not ended.ran:
            raise _unavailable(gateway, job, NO_SANDBOX, ended.stderr.decode("utf-8", "replace"))
        return _outcome(ended)


def _unavailable(gateway: "Gateway", job: Job, message: str, reason: str) -> RequestError:
    gateway.journal.error("sandbox", message, session=job.session_key, reason=reason.strip())
    return RequestError(UNAVAILABLE, message, retryable=False)


def _outcome(ended: Ended) -> Outcome:
    stderr = ended.stderr.decode("utf-8", "replace")
    if ended.why in LIMITS:
        stderr += f"killed: {LIMITS[ended.why]}\n"
    return Outcome(
        exit_code=ended.exit_code,
        stdout=ended.stdout.decode("utf-8", "replace"),
        stderr=stderr,
        timed_out=ended.why == "timeout",
        duration_ms=ended.duration_ms,
    )


def runner_for(gateway: "Gateway", session_key: str) -> Runner:
    """Return the runner of a session, by `agents.defaults.sandbox.mode`."""
    mode = gateway.config.text_at("agents.defaults.sandbox.mode")
    if mode == "all" or (mode == "non-main" and not gateway.sessions.is_main(session_key)):
        return SandboxRunner(gateway)
    return HostRunner(gateway)
