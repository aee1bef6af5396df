"""The server of local pages: who may ask, what is served, and what too much is."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from tests.serving import ask, serving
from tfgan_edit.config import UserError
from tfgan_edit.local_page import LARGE_BODY, Limits, listen, make_app

LIMITS = Limits(body=2**20, requests=40, large_bodies=2, seconds=5.0)
INDEX = """<!doctype html><title>a page</title><link rel="icon" href="data:,">
<script type="module" src="show.js"></script>"""
SCRIPT = "document.documentElement.dataset.ran = 'yes';"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with a hidden file and links that lead out, beside a secret."""
    folder = tmp_path_factory.mktemp("site")
    page = folder / "page"
    (page / "deep").mkdir(parents=True)
    (page / "index.html").write_text(INDEX)
    (page / "show.js").write_text(SCRIPT)
    (page / "deep" / "inner.txt").write_text("inner")
    (page / ".hidden").write_text("secret")
    (folder / "secret.txt").write_text("secret")
    (page / "link.txt").symlink_to(folder / "secret.txt")
    (page / "out").symlink_to(folder)
    (page / "loop").symlink_to(page / "loop")
    (page / "inside.txt").symlink_to(page / "deep" / "inner.txt")
    os.mkfifo(page / "pipe")
    return folder


@pytest.fixture(scope="module")
def seen():
    """What the handlers saw: sizes of bodies, and how many large ones were there at a time."""
    return {"bodies": [], "large": 0, "most": 0}


@pytest.fixture(scope="module")
def url(folder, seen):
    app = make_app({"/": folder / "page"}, limits=LIMITS)

    async def take(request):
        seen["large"] += 1
        seen["most"] = max(seen["most"], seen["large"])
        try:
            await asyncio.sleep(0.05)
            body = await request.read()
        finally:
            seen["large"] -= 1
        seen["bodies"].append(len(body))
        return web.json_response({"bytes": len(body)})

    async def wait(request):
        await asyncio.sleep(float(request.query["seconds"]))
        return web.json_response({})

    async def refuse(request):
        raise UserError("strength=x: must be a number")

    async def fail(request):
        raise RuntimeError("a private detail")

    for path, handler in (("take", take), ("refuse", refuse), ("fail", fail)):
        app.router.add_post(f"/api/{path}", handler)
    app.router.add_get("/api/wait", wait)
    with serving(app) as url:
        yield url


def error_of(answer):
    return answer[0], json.loads(answer[2])["error"]


# === What is served ===


def test_the_page_and_its_files(url):
    status, headers, body = ask(url)
    assert (status, headers["Content-Type"], body) == (200, "text/html", INDEX.encode())
    status, headers, body = ask(url, "/show.js")
    assert (status, headers["Content-Type"], body) == (200, "text/javascript", SCRIPT.encode())
    assert ask(url, "/deep/inner.txt")[2] == ask(url, "/inside.txt")[2] == b"inner"


@pytest.mark.parametrize("path", ("/", "/show.js", "/nowhere", "/api/fail", "/../secret.txt"))
def test_every_answer_has_the_headers(url, path):
    _, headers, _ = ask(url, path)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "aiohttp" not in headers["Server"] and "Access-Control-Allow-Origin" not in headers


def test_what_a_page_may_be_given_more(folder):
    app = make_app({"/": folder / "page"}, wasm=True, isolated=True, camera=True)
    with serving(app) as url:
        _, headers, _ = ask(url)
    assert "script-src 'self' 'wasm-unsafe-eval';" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "camera=(self)" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "path",
    (
        "/../secret.txt",
        "/deep/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/deep%5c..%5c..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link.txt",
        "/out/secret.txt",
        "/loop",
        "/.hidden",
        "/%2ehidden",
        "/deep/",
        "/deep",
        "/pipe",
        "/inner.txt%00.html",
        "/nowhere",
    ),
)
def test_nothing_around_the_folder_is_served(url, path):
    status, _, body = ask(url, path)
    assert status in (400, 403, 404), path
    assert b"secret" not in body and b"root:" not in body and b"inner" not in body
    assert ask(url)[0] == 200


# === Who asks ===


@pytest.mark.parametrize(
    "host, status",
    (
        ("127.0.0.1", 200),
        ("localhost:1", 200),
        ("[::1]:80", 200),
        ("LOCALHOST", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.0.0.1@evil.example", 403),
        ("[", 403),
        ("", 403),
    ),
)
def test_only_names_of_this_machine(url, host, status):
    answer = ask(url, headers={"Host": host})
    assert answer[0] == status
    if status == 403:
        assert "this page is at 127.0.0.1" in error_of(answer)[1]


def test_requests_from_other_pages_are_refused(url, seen):
    before = len(seen["bodies"])
    for origin in ("http://evil.example", "null", url.replace("127.0.0.1", "localhost")):
        answer = ask(url, "/api/take", "POST", {"a": 1}, {"Origin": origin.rstrip("/")})
        assert error_of(answer)[0] == 403
    assert len(seen["bodies"]) == before
    assert ask(url, "/api/take", "POST", {"a": 1}, {"Origin": url.rstrip("/")})[0] == 200


# === How much ===


def test_large_bodies_are_refused_before_they_are_read(url, seen):
    before = len(seen["bodies"])
    body = b"x" * (LIMITS.body + 1)
    assert error_of(ask(url, "/api/take", "POST", body)) == (413, "more than 1 MiB")
    chunked = {"Transfer-Encoding": "chunked"}
    chunks = (body[start : start + 2**16] for start in range(0, len(body), 2**16))
    assert error_of(ask(url, "/api/take", "POST", chunks, chunked)) == (413, "more than 1 MiB")
    assert len(seen["bodies"]) == before
    assert ask(url, "/api/take", "POST", body[:-1])[0] == 200


def test_few_large_bodies_at_a_time(url, seen):
    seen["most"] = 0
    body = b"x" * (LARGE_BODY + 1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(url, "/api/take", "POST", body)[0], range(8)))
    assert answers == [200] * 8 and seen["most"] == LIMITS.large_bodies


def test_errors_are_named_and_the_server_lives_on(url):
    assert error_of(ask(url, "/api/refuse", "POST")) == (400, "strength=x: must be a number")
    status, reason = error_of(ask(url, "/api/fail", "POST"))
    assert status == 500 and "private" not in reason
    assert error_of(ask(url, "/api/take", "PUT"))[0] == 405
    assert ask(url)[0] == 200


def test_requests_at_once(url):
    with ThreadPoolExecutor(60) as pool:
        path = "/api/wait?seconds=0.5"
        answers = list(pool.map(lambda _: ask(url, path)[:2], range(60)))
    statuses = [status for status, _ in answers]
    assert set(statuses) <= {200, 503} and statuses.count(200) >= LIMITS.requests
    assert all(headers["Retry-After"] == "1" for status, headers in answers if status == 503)
    assert ask(url)[0] == 200


def test_rate_and_time(folder):
    limits = Limits(rate=0.001, burst=3, seconds=0.05)
    app = make_app({"/": folder / "page"}, limits=limits)

    async def wait(request):
        await asyncio.sleep(60)

    app.router.add_get("/wait", wait)
    with serving(app) as url:
        assert error_of(ask(url, "/wait")) == (503, "not done within 0.05 s")
        assert [ask(url)[0] for _ in range(3)] == [200, 200, 429]


# === Listening ===


def test_a_taken_port_is_named():
    sock, url = listen()
    with sock:
        assert url == f"http://127.0.0.1:{sock.getsockname()[1]}/"
        with pytest.raises(UserError, match="cannot listen at 127.0.0.1:.*in use"):
            listen(port=sock.getsockname()[1])


@pytest.mark.large
def test_run_says_where_and_cleans_up(folder):
    code = f"""
from tfgan_edit.local_page import make_app, run
app = make_app({{"/": {str(folder / "page")!r}}})
async def clean(app): print("cleaned up")
app.on_cleanup.append(clean)
run(app)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        url = line.split()[0]
        status = ask(url)[0]
        with socket.socket() as other:  # only the loopback interface listens
            other.settimeout(2)
            port = int(url.rstrip("/").rpartition(":")[2])
            refused = other.connect_ex((socket.gethostbyname(socket.gethostname()), port))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert line.endswith("(Ctrl-C stops)\n") and status == 200
    assert (process.returncode, output) == (0, "cleaned up\n"), errors
    assert "Traceback" not in errors
    assert refused or socket.gethostbyname(socket.gethostname()).startswith("127.")


def test_a_real_browser_runs_the_page(url, open_page):
    page = open_page(url)
    page.wait_for_selector("html[data-ran]")


def test_the_browser_loads_nothing_from_elsewhere(url, open_page):
    page = open_page(url, expected="Content Security Policy|Failed to load|Refused")
    results = page.evaluate(
        """async () => {
            const refused = async (url) => {
                try { await fetch(url, {mode: "no-cors"}); return false; } catch { return true; }
            };
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.head.append(script);
            return [await refused("http://127.0.0.1:9/"), window.injected === undefined];
        }"""
    )
    assert results == [True, True]
