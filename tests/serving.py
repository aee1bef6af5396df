"""A local page that answers while a test asks."""

import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import threading
from urllib.parse import urlsplit

from aiohttp import web

from tfgan_edit.local_page import BACKLOG, listen


@contextlib.contextmanager
def serving(app):
    """URL of an `Application` that runs in a thread; at the end it is shut down and cleaned up."""
    started = concurrent.futures.Future()
    loop = asyncio.new_event_loop()

    async def start():
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        sock, url = listen()
        await web.SockSite(runner, sock, backlog=BACKLOG).start()
        return runner, url

    def work():
        asyncio.set_event_loop(loop)
        try:
            runner, url = loop.run_until_complete(start())
        except BaseException as error:
            started.set_exception(error)
            return
        started.set_result(url)
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=work, name="page")
    thread.start()
    try:
        yield started.result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def ask(url, path="/", method="GET", body=None, headers=None):
    """(status, headers, bytes) of a request, whose path is sent as it is given.

    A dictionary as body is sent as JSON.
    """
    headers = dict(headers or {})
    if isinstance(body, dict):
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        body = body.encode() if isinstance(body, str) else body
        if body is not None and "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body, encode_chunked="Transfer-Encoding" in headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
