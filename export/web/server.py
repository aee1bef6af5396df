"""The server of the page: its files, LiteRT.js, the exports, and the list of these."""

from pathlib import Path

from export.web import catalog
from tfgan_edit.local_page import make_app, web

PAGE = Path(__file__).parent / "page"


def page_app(found, runtime):
    """The aiohttp `Application` of the page.

    Args:
        found: `Catalog`.
        runtime: folder of LiteRT.js.
    """
    folders = {catalog.url(name): folder for name, folder in found.folders.items()}
    folders |= {"/litert": runtime, "/": PAGE}
    app = make_app(folders, wasm=True, isolated=True, camera=True)

    async def show_catalog(request):
        return web.json_response(found.describe())

    app.router.add_get("/exports.json", show_catalog)
    return app
