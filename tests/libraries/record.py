"""Writes what the programs print under PyTorch, to be run by a Python that has it.

    python tests/libraries/record.py [PROGRAM...]
"""

import json
import sys

from test_libraries import HERE, NEEDS, output

for program in sys.argv[1:] or NEEDS:
    path = HERE / "expected" / f"{program}.json"
    path.write_text(json.dumps(output(program), separators=(",", ":")) + "\n")
    print(path)
