"""Fixtures of tests in a real browser: headless Chromium, driven by Playwright."""

import re
from urllib.parse import urlsplit

import pytest

from tests.tools import require_tool


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests.

    While it runs, `asyncio.run` fails in the thread of the tests, as Playwright's loop is there.
    """
    chromium = require_tool("chromium", "apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """open_page(url, expected=None, **options) -> a page of its own context, at `url`.

    `expected` is a pattern of errors in the console that the test provokes, `options` are
    those of Playwright's `new_context`. At its end every test fails where a page asked anything
    of another origin or left another error in its console.
    """
    contexts, problems = [], []

    def open_page(url, expected=None, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)  # many tests may share a processor

        def note(text):
            if expected is None or not re.search(expected, text):
                problems.append(text)

        def check_origin(request):
            if not request.url.startswith(("data:", "blob:")):
                if urlsplit(request.url).netloc != urlsplit(url).netloc:
                    problems.append(f"asked for {request.url}")

        page.on("request", check_origin)
        page.on("pageerror", lambda error: note(str(error)))
        page.on("console", lambda entry: note(entry.text) if entry.type == "error" else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems
