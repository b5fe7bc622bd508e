"""Minutes of mixed traffic between real processes: see `test_soak`. Run by `nox -s soak`."""
