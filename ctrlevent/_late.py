"""Imports that wait for their first use, and what they say if the interpreter ends before that.

In the `__del__` of an object that lives until then nothing can be imported, not even what was
imported before: `sys.modules` is empty. What was found before that still works. So each import
within a function of this package stands in `with importing:`, and what it gives is kept.
"""

from __future__ import annotations

import sys
from errno import ECANCELED


class _Importing:
    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ImportError) and sys.meta_path is None:
            # As `ctrlevent.__getattr__` says it, which cannot import this when it needs it.
            raise OSError(
                ECANCELED,
                "the interpreter is ending and imports nothing any more; use this once before that",
            ) from error


importing = _Importing()
