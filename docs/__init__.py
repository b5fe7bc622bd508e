"""The documentation, and the code that makes its drawings and tables."""
