# SPDX-License-Identifier: GPL-2.0-or-later
"""Segregation of solutes to boundaries, once energies of sites are known: spectra and isotherms."""
