# SPDX-License-Identifier: GPL-2.0-or-later
"""The subcommands of `mlgrain`, a few to a module. Each module has add(subparsers)."""
