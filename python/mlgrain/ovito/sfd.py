# SPDX-License-Identifier: GPL-2.0-or-later
"""Strain functional descriptors in OVITO."""

from __future__ import annotations

from ovito.pipeline import ModifierInterface
from traits.api import Float, List, Range

from ..descriptors import sfd, sfd_names, sfd_parameters
from .parameters import thread_number, threads_parameter
from .particles import atoms_of, weights_of


class SFDModifier(ModifierInterface):
    """Gives particles the property "SFD": 19 strain functional descriptors, P0_I0 to P4_I8
    (doc/theory_sfd.md), as compute sfd/atom does.

    sigma    width of the Gaussian, unit of length of the positions. 0: from the density of the cell
    rcut     particles nearer than this are neighbors, same unit. 0: 6.495 sigma
    weights  of particle types, the first that of type 1; none: all weigh 1
    threads  of the processor; 0: all

    Attributes: SFD.sigma and SFD.rcut, the parameters that were used.
    """

    sigma = Range(low=0.0, value=0.0, label="Sigma (0: automatic)")
    rcut = Range(low=0.0, value=0.0, label="Cutoff (0: automatic)")
    weights = List(Float, label="Weights of particle types")
    threads = threads_parameter()

    def modify(self, data, **_):
        atoms, weights = atoms_of(data), weights_of(data, self.weights)
        sigma, rcut = sfd_parameters(atoms, self.sigma or None, self.rcut or None)
        values = sfd(atoms, sigma, rcut, weights=weights, threads=thread_number(self.threads))
        data.particles_.create_property("SFD", data=values, components=sfd_names())
        data.attributes["SFD.sigma"], data.attributes["SFD.rcut"] = sigma, rcut
