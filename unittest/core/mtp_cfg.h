/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads configurations in the .cfg format of MLIP, as far as the reference data need it. */
#ifndef MTP_CFG_H
#define MTP_CFG_H

#include "mtp_atoms.h"

struct configuration {
  struct atoms atoms;
  int has_cell, has_grades;
  double cell[3][3];
  double (*force)[3], *grade;
  double energy, stress[6]; /* PlusStress: xx yy zz yz xz xy */
};

static inline void configuration_free(struct configuration *c)
{
  atoms_free(&c->atoms);
  free(c->force);
  free(c->grade);
  memset(c, 0, sizeof *c);
}

static inline int read_cfg_atoms(FILE *file, const char *header, int size, struct configuration *c)
{
  c->has_grades = strstr(header, "nbh_grades") != NULL;
  c->force = calloc((size_t)size, sizeof *c->force);
  c->grade = calloc((size_t)size, sizeof *c->grade);
  for (int i = 0; i < size; i++) {
    double x[3];
    int id, species;
    if (fscanf(file, "%d %d %lf %lf %lf %lf %lf %lf", &id, &species, &x[0], &x[1], &x[2],
               &c->force[i][0], &c->force[i][1], &c->force[i][2]) != 8)
      return 0;
    if (c->has_grades && fscanf(file, "%lf", &c->grade[i]) != 1)
      return 0;
    atoms_add(&c->atoms, x, species, i);
  }
  c->atoms.local = size;
  return 1;
}

/* The next configuration of the file; 0 at its end. */
static inline int read_cfg(FILE *file, struct configuration *c)
{
  char line[512];
  int size = 0, good = 1;
  memset(c, 0, sizeof *c);
  while (fgets(line, sizeof line, file)) {
    if (strstr(line, "END_CFG"))
      return good;
    if (strstr(line, "Size"))
      good = good && fscanf(file, "%d", &size) == 1;
    else if (strstr(line, "Supercell")) {
      c->has_cell = 1;
      for (int k = 0; k < 9; k++)
        good = good && fscanf(file, "%lf", &c->cell[k / 3][k % 3]) == 1;
    } else if (strstr(line, "AtomData"))
      good = good && read_cfg_atoms(file, line, size, c);
    else if (strstr(line, "Energy"))
      good = good && fscanf(file, "%lf", &c->energy) == 1;
    else if (strstr(line, "PlusStress"))
      for (int k = 0; k < 6; k++)
        good = good && fscanf(file, "%lf", &c->stress[k]) == 1;
  }
  return 0;
}

#endif
