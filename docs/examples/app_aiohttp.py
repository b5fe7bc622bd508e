"""An application for aiohttp, which cleans up when the server shuts down. See test_servers.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def resource(_: web.Application) -> AsyncIterator[None]:
    yield
    Path(os.environ["CLEANED_UP"]).touch()


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def make(_: list[str]) -> web.Application:
    """What `python -m aiohttp.web app_aiohttp:make` runs."""
    app = web.Application()
    app.cleanup_ctx.append(resource)
    app.router.add_get("/", hello)
    return app
