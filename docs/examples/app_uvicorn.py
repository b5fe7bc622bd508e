"""An application for uvicorn, which cleans up when the server shuts down. See test_servers.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable


async def app(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[..., Any]) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # until the server shuts down
        Path(os.environ["CLEANED_UP"]).touch()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
