"""Stand-ins for Windows, for tests that run on any system."""
