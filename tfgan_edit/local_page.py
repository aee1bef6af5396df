"""The server of a page for this machine alone: behind `edit --serve` and `python -m export.web`.

aiohttp answers. What this module adds is for pages that handle private photos: it listens on the
loopback interface, refuses requests that came by another name (DNS rebinding) or from another
page, tells the browser to load and send nothing elsewhere, serves the files of named folders and
nothing around them, and bounds what one request and all requests together may take.
"""

import asyncio
import contextlib
import dataclasses
import ipaddress
import logging
import socket
import time
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

from tfgan_edit.config import UserError

try:
    from aiohttp import web
except ImportError as error:
    raise UserError('pages need the package aiohttp: pip install -e ".[web]"') from error

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # names that a request may have in its Host header
LARGE_BODY = 2**18  # bytes; `Limits.large_bodies` counts requests from here on
BACKLOG = 1024  # connections that may wait to be accepted
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}

log = logging.getLogger(__name__)


class Refusal(UserError):
    """An answer of a handler with another status than 400."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a page may ask for; more is refused with a status and a line that says why.

    Attributes:
        body: bytes of a request (413).
        requests: in progress at a time (503).
        large_bodies: requests of more than `LARGE_BODY` bytes in progress at a time; others wait.
        rate, burst: requests a second in the long run, and at once after a rest (429).
        seconds: that a request may take, its body included (503).
    """

    body: int = 2**20
    requests: int = 1024
    large_bodies: int = 4
    rate: float = 500.0
    burst: int = 2000
    seconds: float = 60.0


def make_app(folders, *, limits=Limits(), wasm=False, isolated=False, camera=False, hosts=()):
    """An aiohttp `Application` that serves folders; add routes to its `router`.

    Answers of the server itself are JSON, {"error": one line}; handlers may raise `UserError` for
    the same with status 400, or a `Refusal`. An unexpected error of one request becomes status 500
    and a log entry.

    Args:
        folders: {path in the URL: folder}, as {"/": PAGE, "/models": DIR}; `/` shows the
            index.html of its folder. Folders are not listed; hidden files and links that lead
            out of their folder are not found.
        limits: `Limits`.
        wasm: lets the page compile WebAssembly.
        isolated: gives the page shared memory, which threads of WebAssembly need.
        camera: lets the page ask for the camera.
        hosts: names of this machine, beside `LOOPBACK`, that requests may come by.
    """
    gate = _Gate(limits, {*LOOPBACK, *hosts})
    app = web.Application(client_max_size=limits.body, middlewares=[gate.handle])
    headers = _headers(wasm, isolated, camera)

    async def add_headers(request, response):
        response.headers.update(headers)
        if isinstance(response, web.FileResponse) and Path(request.path).suffix in TYPES:
            # Browsers run nothing of another type, and tables of types differ between machines.
            response.content_type = TYPES[Path(request.path).suffix]
        response.headers.setdefault("Cache-Control", "no-store")

    app.on_response_prepare.append(add_headers)
    for path, folder in folders.items():
        if path == "/":
            index = Path(folder) / "index.html"

            async def show_index(request, index=index):
                return web.FileResponse(index)

            app.router.add_get("/", show_index)
    for path, folder in folders.items():
        app.router.add_static(path, folder, follow_symlinks=False, show_index=False)
    return app


def _headers(wasm, isolated, camera):
    script = "'self' 'wasm-unsafe-eval'" if wasm else "'self'"
    policy = {
        "default-src": "'none'",
        "script-src": script,
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    own = "(self)"
    headers = {
        "Content-Security-Policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": f"camera={own if camera else '()'}, microphone=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "Server": "tfgan_edit",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if isolated:
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return headers


class _Gate:
    """Middleware that every request passes: who asks, how much, how often, how long."""

    def __init__(self, limits, hosts):
        self.limits, self.hosts = limits, hosts
        self.running = 0
        self.tokens, self.counted_at = float(limits.burst), time.monotonic()
        self.large = asyncio.Semaphore(limits.large_bodies)

    @property
    def handle(self):
        @web.middleware
        async def handle(request, handler):
            refusal = self._refusal(request)
            if refusal is not None:
                return _error(*refusal)
            self.running += 1
            try:
                return await self._answer(request, handler)
            finally:
                self.running -= 1

        return handle

    def _refusal(self, request):
        """(status, reason) of a request that no handler shall see, or None."""
        host = _host_name(request.host)
        if host not in self.hosts:
            return 403, f"this page is at {LOOPBACK[0]}, not at {host:.100}"
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return 403, f"a request from the page {origin:.100}"
        if any(part.startswith(".") for part in request.path.split("/")):
            return 404, "not found"
        if (request.content_length or 0) > self.limits.body:
            return 413, _too_large(self.limits.body)
        if self.running >= self.limits.requests:
            return 503, f"{self.running} requests are in progress, try again"
        if not self._take_token():
            return 429, f"more than {self.limits.rate:g} requests a second"
        return None

    def _take_token(self):
        now = time.monotonic()
        gained = (now - self.counted_at) * self.limits.rate
        self.tokens, self.counted_at = min(self.limits.burst, self.tokens + gained), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    async def _answer(self, request, handler):
        length = request.content_length
        large = request.can_read_body and (length is None or length > LARGE_BODY)
        try:
            async with asyncio.timeout(self.limits.seconds):
                async with self.large if large else contextlib.nullcontext():
                    return await handler(request)
        except TimeoutError:
            return _error(503, f"not done within {self.limits.seconds:g} s")
        except UserError as error:
            return _error(getattr(error, "status", 400), str(error))
        except web.HTTPRequestEntityTooLarge:
            return _error(413, _too_large(self.limits.body))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _error(error.status, error.reason.lower(), allowed)
        except Exception:
            log.exception("%s %s", request.method, request.path)
            return _error(500, "this request failed; the terminal of the server says why")


def _host_name(host):
    """The name in a Host header, without the port and the brackets of IPv6."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _too_large(limit):
    return f"more than {limit / 2**20:g} MiB"


def _error(status, reason, headers=None):
    headers = dict(headers or {})
    if status in (429, 503):
        headers["Retry-After"] = "1"
    return web.json_response({"error": reason}, status=status, headers=headers)


# === Listening ===


def listen(host=LOOPBACK[0], port=0):
    """(socket, URL of the page); port 0 takes a free one.

    Raises:
        UserError: the port is taken, or the machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UserError(f"cannot listen at {host}:{port} ({error.strerror}): try port 0") from error
    name = f"[{host}]" if ":" in host else host
    return sock, f"http://{name}:{sock.getsockname()[1]}/"


def run(app, host=LOOPBACK[0], port=0, open_browser=False):
    """Answers until Ctrl-C; says where. The app's `on_cleanup` runs at the end."""
    sock, url = listen(host, port)
    print(f"{url} (Ctrl-C stops)", flush=True)
    if not _is_loopback(host):
        print(f"other machines can reach {host}: only {LOOPBACK[0]} is private", flush=True)
    if open_browser:

        async def show(app):
            asyncio.get_running_loop().run_in_executor(None, webbrowser.open, url)

        app.on_startup.append(show)
    web.run_app(app, sock=sock, print=None, access_log=None, shutdown_timeout=2.0, backlog=BACKLOG)


def _is_loopback(host):
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
