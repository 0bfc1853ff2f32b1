/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks the functions that libmlgrain shows to other programs; the core is compiled with all else
   hidden. The LAMMPS plugin hides these too, with a linker script: plugins share one name space,
   and two functions of the same name would silently become one. */
#ifndef MLGRAIN_EXPORT_H
#define MLGRAIN_EXPORT_H

#ifdef __GNUC__
#define MLGRAIN_EXPORT __attribute__((visibility("default")))
#else
#define MLGRAIN_EXPORT
#endif

#endif
