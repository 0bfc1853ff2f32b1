# SPDX-License-Identifier: GPL-2.0-or-later
"""What a report card has: a file for each kind of property, each with the recipe in words."""
