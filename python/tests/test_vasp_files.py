# SPDX-License-Identifier: GPL-2.0-or-later
"""VASP's files by way of ASE: units, signs and orders of what a potential is trained on."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from mlgrain import compiled
from mlgrain.errors import MLGrainError
from mlgrain.potentials import configurations

pytest.importorskip("ase")
pytestmark = pytest.mark.skipif(compiled._core is None, reason="no compiled core")

KILOBAR = 1e8 * 1e-30 / 1.602176634e-19  # eV/Angstrom^3
FORCES = np.array([[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]])

VASPRUN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <kpoints><generation param="Gamma"><v type="int" name="divisions">1 1 1</v></generation>
  <varray name="kpointlist"><v>0 0 0</v></varray><varray name="weights"><v>1.0</v></varray></kpoints>
 <atominfo><atoms> 2 </atoms><types> 2 </types>
  <array name="atoms"><dimension dim="1">ion</dimension><field type="string">element</field>
   <field type="int">atomtype</field>
   <set><rc><c>Cu</c><c> 1</c></rc><rc><c>Zr</c><c> 2</c></rc></set></array></atominfo>
 <structure name="initialpos">{structure}</structure>
 <calculation><scstep><energy><i name="e_fr_energy">-7</i><i name="e_wo_entrp">-7</i>
   <i name="e_0_energy">-7</i></energy></scstep>
  <structure>{structure}</structure>
  <varray name="forces"><v>.1 .2 .3</v><v>-.1 -.2 -.3</v></varray>
  <varray name="stress"><v>1 4 6</v><v>4 2 5</v><v>6 5 3</v></varray>
  <energy><i name="e_fr_energy">-7.25</i><i name="e_wo_entrp">-7.2</i>
   <i name="e_0_energy">-7.225</i></energy></calculation>
</modeling>
""".format(structure="<crystal><varray name='basis'><v>4 0 0</v><v>0 5 0</v><v>0 0 6</v></varray>"
           "</crystal><varray name='positions'><v>0 0 0</v><v>.5 .5 .5</v></varray>")

OUTCAR = """ vasp.6.3.0
 POTCAR:    PAW_PBE Cu 22Jun2005
 POTCAR:    PAW_PBE Zr 08Apr2002
 POTCAR:    PAW_PBE Cu 22Jun2005
 POTCAR:    PAW_PBE Zr 08Apr2002
   ISPIN  =      1    spin polarized calculation?
   ions per type =               1   1
--------------------------------------- Iteration      1(   1)  -----------------------
  FORCE on cell =-STRESS in cart. coord.  units (eV):
  in kB       1.00000     2.00000     3.00000     4.00000     5.00000     6.00000

      direct lattice vectors                 reciprocal lattice vectors
     4.000000000  0.000000000  0.000000000     0.250000000  0.000000000  0.000000000
     0.000000000  5.000000000  0.000000000     0.000000000  0.200000000  0.000000000
     0.000000000  0.000000000  6.000000000     0.000000000  0.000000000  0.166666667

 POSITION                                       TOTAL-FORCE (eV/Angst)
 -----------------------------------------------------------------------------------
      0.00000      0.00000      0.00000         0.100000      0.200000      0.300000
      2.00000      2.50000      3.00000        -0.100000     -0.200000     -0.300000
 -----------------------------------------------------------------------------------
  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  =        -7.25000000 eV

  energy  without entropy=       -7.20000000  energy(sigma->0) =       -7.22500000
"""


@pytest.mark.parametrize("name, text", [("vasprun.xml", VASPRUN), ("OUTCAR", OUTCAR)])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_vasp(tmp_path, name, text, ending):
    """The free energy, which forces are derivatives of; pressures in kB, xx yy zz xy yz zx."""
    path = tmp_path / (name + ending)
    path.write_bytes(gzip.compress(text.encode()) if ending else text.encode())
    one, = configurations.read([path])
    assert one.energy == pytest.approx(-7.25)
    np.testing.assert_array_equal(one.types, [29, 40])
    np.testing.assert_allclose(one.positions, [[0, 0, 0], [2, 2.5, 3]])
    np.testing.assert_allclose(one.forces, FORCES)
    np.testing.assert_allclose(one.virial, np.array([1, 2, 3, 4, 6, 5]) * KILOBAR * 120, rtol=1e-5)
    assert one.pbc == (True,) * 3


@pytest.mark.parametrize("name, text", [("vasprun.xml", VASPRUN), ("OUTCAR", OUTCAR)])
def test_files_that_end_early(tmp_path, name, text):
    """An error that names the file, or atoms without the labels that are not there."""
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        (tmp_path / name).write_text(text[:int(part * len(text))])
        try:
            for one in configurations.read([tmp_path / name]):
                assert one.energy is None and one.forces is None and len(one) == 2
        except MLGrainError as error:
            assert name in str(error)
