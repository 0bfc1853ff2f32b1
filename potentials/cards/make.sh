#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make.sh [CARD ...]: the report cards of this folder, all by default, made again. Everything goes to
# $MLGRAIN_BUILD_DIR/cards (build/cards of this checkout by default), where what is there already is kept;
# pages and pictures come from there into this folder. Iron by published potentials needs
# MLGRAIN_REFERENCE_DIR, a folder with mtp/Fe_16.mtp and mtp/Fe_22.mtp of K. Ito et al., npj Comput. Mater. 10,
# 255 (2024); without it that card is left as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
reference=${MLGRAIN_REFERENCE_DIR:-$top/../shared/reference}
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
mkdir -p "$build/cards"
cd "$build/cards"
# Commands in cards name files as they are here.
ln -sfn "$top/potentials" potentials
ln -sfn "$top/potentials/references" references
for file in "$reference"/mtp/Fe_*.mtp; do
  [ ! -f "$file" ] || ln -sfn "$file" "$(basename "$file")"
done
PATH=$build:$(dirname "$python"):$PATH
export PATH LAMMPS_PLUGIN_PATH=$build LAMMPS_POTENTIALS=$build/lammps-potentials
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# The quick suite and, of the full one, what doesn't take too long.
more=phases,elastic,phonons,vacancy,divacancy,interstitials,surfaces,faults,cost,dislocations

# card NAME ELEMENT LATTICE OPTION ...
card() {
  local name=$1 element=$2 lattice=$3
  shift 3
  mlgrain validate "$@" --lattice "$lattice" --element "$element" -o "$name"
  mkdir -p "$here/$name"
  rm -f "$here/$name"/*
  cp "$name/card.md" "$here/$name"
  # Pictures with few colors: a third of the size.
  "$python" - "$here/$name" "$name"/*.png << 'END'
import os, sys
from PIL import Image
for path in sys.argv[2:]:
    small = Image.open(path).convert("RGB").quantize(48)
    small.save(os.path.join(sys.argv[1], os.path.basename(path)), optimize=True)
END
}

# eam NAME ELEMENT LATTICE FILE ... -- OPTION ...: quick suite of embedded-atom potentials of LAMMPS.
eam() {
  local name=$1 element=$2 lattice=$3 words=() file style coeff
  shift 3
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    file=$1
    shift
    case $file in
      *.alloy) style=eam/alloy coeff="* * $file $element" ;;
      *.fs) style=eam/fs coeff="* * $file $element" ;;
      *) style=eam coeff="* * $file" ;;
    esac
    words+=(--pair "$style" --coeff "$coeff")
  done
  [ $# = 0 ] || shift
  card "$name" "$element" "$lattice" "${words[@]}" "$@"
}

one() {
  case $1 in
    Cu_eam_16)
      card Cu_eam_16 Cu fcc --pair mtp --coeff "* * potentials/Cu_eam_16.almtp Cu" \
        --trained crystal,phases,vacancy,interstitial,surface,fault,boundary,warm,liquid \
        --reference-pair eam/alloy --reference-coeff "* * Cu_mishin1.eam.alloy Cu" \
        --only "$more,faults_tension,boundaries,hot-boundaries,polycrystal"
      ;;
    Fe)
      if [ ! -e Fe_16.mtp ] || [ ! -e Fe_22.mtp ]; then
        echo "make.sh: there are no $reference/mtp/Fe_16.mtp and Fe_22.mtp, so that card Fe stays" >&2
        return
      fi
      # Random crystals, and warm perfect ones with and without point defects, says the article.
      known=crystal,phases,vacancy,interstitial,warm
      card Fe Fe bcc --pair mtp --coeff "* * Fe_16.mtp 0" --trained $known \
        --pair mtp --coeff "* * Fe_22.mtp 0" --trained $known \
        --pair eam/fs --coeff "* * Fe_mm.eam.fs Fe" --reference references/Fe_dft.csv \
        --only "$more,screw,faults_tension,thermal,boundaries,search"
      ;;
    Cu_eam)
      eam Cu_eam Cu fcc Cu_mishin1.eam.alloy Cu_zhou.eam.alloy Cu_smf7.eam Cu_u3.eam Cu_u6.eam \
        -- --reference references/Cu_dft.csv
      ;;
    Fe_eam) eam Fe_eam Fe bcc Fe_mm.eam.fs FeP_mm.eam.fs -- --reference references/Fe_dft.csv ;;
    Ni_eam) eam Ni_eam Ni fcc Ni_smf7.eam Ni_u3.eam NiAlH_jea.eam.alloy -- --reference references/Ni_dft.csv ;;
    Al_eam) eam Al_eam Al fcc Al_zhou.eam.alloy Al_mm.eam.fs Al_jnp.eam -- --reference references/Al_dft.csv ;;
    W_eam) eam W_eam W bcc W_zhou.eam.alloy -- --reference references/W_dft.csv ;;
    *)
      echo "make.sh: there is no card $1" >&2
      exit 2
      ;;
  esac
}

if [ $# = 0 ]; then
  set -- Cu_eam_16 Fe Cu_eam Fe_eam Ni_eam Al_eam W_eam
fi
for name in "$@"; do
  one "$name"
done
