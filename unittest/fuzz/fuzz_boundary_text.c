/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any text as a boundary, in the lattice that the first byte says. Small ones become
   cells, whose atoms must be as many as the cell says. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/bicrystal.h"
#include "mlgrain/boundary_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cell(const struct mlgrain_lattice *lattice,
                       const struct mlgrain_bicrystal_geometry *geometry, int surfaces)
{
  struct mlgrain_site site = {1, {0, 0, 0}};
  const struct mlgrain_crystal crystal = {*lattice, 1, &site, 0.0};
  const struct mlgrain_bicrystal_settings settings = {5.0, {1, 2}, 1, {0, 0}};
  const struct mlgrain_bicrystal_placement placement = {{0.3, 0.6}, -0.3, 1.5, surfaces};
  struct mlgrain_bicrystal *bicrystal;
  struct mlgrain_bicrystal_cell *cell;
  if (mlgrain_bicrystal_create(geometry, &crystal, &settings, &bicrystal, NULL))
    abort();
  if (mlgrain_bicrystal_place(bicrystal, &placement, &cell, NULL))
    abort();
  const struct mlgrain_bicrystal_box box = mlgrain_bicrystal_cell_box(cell);
  size_t count = 0;
  for (size_t n = 0; n < box.numbers; n++) {
    struct mlgrain_bicrystal_atom atom;
    if (!mlgrain_bicrystal_atom_of(cell, n, &atom))
      continue;
    if (atom.place != count++ || !isfinite(atom.x[0] + atom.x[1] + atom.x[2]))
      abort();
  }
  if (count != box.numbers - box.removed)
    abort();
  mlgrain_bicrystal_cell_free(cell);
  mlgrain_bicrystal_free(bicrystal);
}

static void check_coincidence(const struct mlgrain_lattice *lattice,
                              const struct mlgrain_boundary *boundary)
{
  struct mlgrain_coincidence coincidence;
  struct mlgrain_interface interface;
  if (mlgrain_coincidence_find(lattice, &boundary->rotation, &coincidence, NULL) ||
      mlgrain_interface_find(lattice, &boundary->rotation, &coincidence, boundary->plane[0],
                             &interface, NULL) ||
      interface.area > 500.0)
    return;
  struct mlgrain_bicrystal_geometry geometry;
  mlgrain_bicrystal_geometry_find(lattice, &boundary->rotation, &interface, &geometry);
  check_cell(lattice, &geometry, 0);
  check_cell(lattice, &geometry, 1);
}

/* The same text without a coincidence. */
static void check_strained(const struct mlgrain_lattice *lattice, const char *text)
{
  double turn[3][3];
  int64_t plane[2][3];
  struct mlgrain_bicrystal_geometry geometry;
  struct mlgrain_bicrystal_near near;
  struct mlgrain_error error;
  if (mlgrain_boundary_parse_angles(lattice, text, 0.5, turn, plane, &error) ||
      mlgrain_bicrystal_geometry_near(lattice, (const double(*)[3])turn, (const int64_t(*)[3])plane,
                                      0.05, 15.0, &geometry, &near, &error))
    return;
  if (!(near.strain <= 0.05) || !(near.deviation >= 0.0 && near.deviation <= 180.0))
    abort();
  check_cell(lattice, &geometry, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1 || size > 200)
    return 0;
  struct mlgrain_lattice lattice;
  const int64_t ratio[2] = {8, 3};
  if (data[0] % 4 == 3)
    mlgrain_lattice_hexagonal(ratio, 3.2, &lattice, NULL);
  else
    mlgrain_lattice_cubic((enum mlgrain_cubic)(data[0] % 4), 3.6, &lattice, NULL);
  char text[200];
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  struct mlgrain_boundary boundary;
  struct mlgrain_error error;
  double deviation;
  if (!mlgrain_boundary_parse(&lattice, text, 0.01, &boundary, &deviation, &error)) {
    char title[256];
    (void)mlgrain_boundary_title(&lattice, &boundary, title, &error);
    check_coincidence(&lattice, &boundary);
  }
  check_strained(&lattice, text);
  return 0;
}
