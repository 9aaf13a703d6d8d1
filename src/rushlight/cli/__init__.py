"""The command line: `rushlight train`, `rushlight predict` and `rushlight info`."""
