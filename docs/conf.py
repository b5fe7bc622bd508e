"""Sphinx' settings: `nox -s docs` builds the pages, with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import ctrlevent  # noqa: E402  # needs the line above

project = "ctrlevent"
version = release = ctrlevent.__version__
copyright = "the ctrlevent authors"  # noqa: A001  # Sphinx' name

extensions = ["myst_parser", "sphinx.ext.autodoc", "docs._sphinx.extension"]
exclude_patterns = ["_build", "examples"]

# Links between pages and to headings are checked: what is missing is a warning, and so an error.
nitpicky = True
nitpick_ignore_regex = [
    # Names of the standard library, whose inventory is not at hand where the pages are built.
    (r"py:.*", r"(typing|collections|contextlib|subprocess|enum|os|_ctypes)\..*"),
    # Where a module does not import `typing`, Sphinx does not see from where it has a name.
    (r"py:class", r"CompletedProcess"),
]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88

# `nox -s docs -- linkcheck` follows the links to elsewhere.
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]  # made by a script in the page

html_theme = "furo"
html_title = f"ctrlevent {version}"
html_static_path = ["_static"]
html_css_files = ["pages.css", "drawings.css"]
html_copy_source = False
html_theme_options = {"source_view_link": ""}
