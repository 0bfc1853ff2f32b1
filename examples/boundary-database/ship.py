#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ship.py FOLDER SET ...: what collect.py has put together, small enough to ship with the package. In the
folder of the study; writes to FOLDER

  SET.csv        table.csv of the set
  SET.xyz.xz     the lowest structure of each boundary, in the same order (extended XYZ, positions to
                 10^-4 Angstrom)
"""

import lzma
import os
import pathlib
import shutil
import sys

from collect import frames


def lowest(path):
    """Frames of the structures with id 1."""
    return (frame for frame in frames(path) if " id=1 " in f" {frame[0]} ")


def rounded(line):
    """An atom's line with its position to four digits."""
    name, x, y, z, *rest = line.split()
    return " ".join([name, *(f"{float(value):.4f}" for value in (x, y, z)), *rest])


def ship(name, folder):
    target = folder / f"{name}.xyz.xz"
    part = target.with_suffix(".part")
    with lzma.open(part, "wt", preset=9) as output:
        for comment, atoms in lowest(pathlib.Path(name, "structures.xyz.gz")):
            output.write("\n".join([str(len(atoms)), comment, *map(rounded, atoms)]) + "\n")
    os.replace(part, target)
    shutil.copyfile(pathlib.Path(name, "table.csv"), folder / f"{name}.csv")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in sys.argv[2:]:
            ship(name, folder)
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
