"""Every Python that finds this folder on PYTHONPATH measures what it runs: `nox -s coverage`.

Does nothing unless COVERAGE_PROCESS_START names the configuration.
"""

from __future__ import annotations

import os

if "COVERAGE_PROCESS_START" in os.environ:
    import coverage

    coverage.process_startup()
