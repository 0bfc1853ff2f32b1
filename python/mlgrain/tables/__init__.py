# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of descriptors: from LAMMPS dumps, in .npz files, and samples of their rows."""

from .table import Table, is_descriptor, table_from_dumps

__all__ = ["Table", "is_descriptor", "table_from_dumps"]
