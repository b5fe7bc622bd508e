"""An application for Flask, which cleans up when the process exits. See test_servers.py."""

from __future__ import annotations

import atexit
import os
from pathlib import Path

from flask import Flask

app = Flask(__name__)
atexit.register(Path(os.environ["CLEANED_UP"]).touch)


@app.get("/")
def hello() -> str:
    return "hello"
