"""Where a command runs: the job, what came of it, and the runner that a session gets."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

READ_SIZE = 65_536


@dataclass(frozen=True)
class Job:
    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
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
    """Runs jobs as children of the gateway."""

    async def run(self, job: Job) -> Outcome:
        started = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                *job.argv,
                cwd=job.cwd,
                env=job.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                close_fds=False,
            )
        except (OSError, ValueError) as error:
            raise RequestError(INVALID_REQUEST, f"cannot run {job.argv[0]}: {error}") from None
        out, err = bytearray(), bytearray()
        readers = [
            asyncio.create_task(_collect(process.stdout, out, job.max_output)),
            asyncio.create_task(_collect(process.stderr, err, job.max_output)),
        ]
        timed_out = False
        try:
            async with asyncio.timeout(job.seconds):
                await asyncio.gather(*readers)
                await process.wait()
        except TimeoutError:
            timed_out = True
        finally:
            for reader in readers:
                reader.cancel()
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            # A grandchild may hold the pipes open; the wait ends only when they are closed.
            process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001
            await process.wait()
        return Outcome(
            exit_code=process.returncode,
            stdout=out.decode("utf-8", "replace"),
            stderr=err.decode("utf-8", "replace"),
            timed_out=timed_out,
            duration_ms=round((time.monotonic() - started) * 1000),
        )


async def _collect(stream: asyncio.StreamReader | None, into: bytearray, limit: int) -> None:
    """Read to the end, keep the first `limit` bytes."""
    while stream is not None and (chunk := await stream.read(READ_SIZE)):
        into += chunk[: max(0, limit - len(into))]


def runner_for(gateway: "Gateway", session_key: str) -> Runner:
    """Return the runner of a session."""
    mode = gateway.config.text_at("agents.defaults.sandbox.mode")
    if mode == "all" or (mode == "non-main" and not gateway.sessions.is_main(session_key)):
        gateway.journal.warn(
            "sandbox", "no sandbox backend: the command runs on the host", session=session_key
        )
    return HostRunner()
