"""The command line: `rushlight run`, `check`, `train`, `predict` and `info`."""
