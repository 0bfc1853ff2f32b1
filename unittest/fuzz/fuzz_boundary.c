/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any whole numbers as a lattice, a rotation and a plane. The first byte says what
   follows: which lattice, by rows, by a quadruple or by a matrix, and how many bytes a number has.
   What is accepted must keep its key when the crystals are exchanged, and its areas must agree. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/boundary_energy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
  const uint8_t *data;
  size_t size;
  unsigned bytes;
};

static int64_t next(struct reader *reader)
{
  int64_t value = 0;
  for (unsigned k = 0; k < reader->bytes && reader->size; k++, reader->size--)
    value = value * 256 + *reader->data++;
  const int64_t half = INT64_C(1) << (8 * reader->bytes - 1);
  return value >= half ? value - 2 * half : value;
}

static void fill(struct reader *reader, int64_t *values, int count)
{
  for (int k = 0; k < count; k++)
    values[k] = next(reader);
}

static enum mlgrain_status read_lattice(struct reader *reader, int which,
                                        struct mlgrain_lattice *lattice,
                                        struct mlgrain_error *error)
{
  int64_t v[9];
  if (which < 3)
    return mlgrain_lattice_cubic((enum mlgrain_cubic)which, 3.6, lattice, error);
  fill(reader, v, which == 3 ? 2 : 6);
  if (which == 3)
    return mlgrain_lattice_hexagonal(v, 3.2, lattice, error);
  const int64_t gram[3][3] = {{v[0], v[1], v[2]}, {v[1], v[3], v[4]}, {v[2], v[4], v[5]}};
  return mlgrain_lattice_of_gram(gram, 1.0, lattice, error);
}

static enum mlgrain_status read_rotation(struct reader *reader, int form,
                                         const struct mlgrain_lattice *lattice,
                                         struct mlgrain_rotation *rotation,
                                         struct mlgrain_error *error)
{
  int64_t quadruple[4], p[3][3], q[3][3];
  if (form == 1) {
    fill(reader, quadruple, 4);
    return mlgrain_rotation_of_quadruple(lattice, quadruple, rotation, error);
  }
  fill(reader, p[0], 9);
  if (form == 2)
    return mlgrain_rotation_of_matrix(lattice, p, next(reader), rotation, error);
  fill(reader, q[0], 9);
  return mlgrain_rotation_of_rows(lattice, p, q, rotation, error);
}

static enum mlgrain_status look_at(const struct mlgrain_lattice *lattice,
                                   const struct mlgrain_boundary *boundary,
                                   struct mlgrain_error *error)
{
  struct mlgrain_coincidence coincidence;
  struct mlgrain_interface interface;
  struct mlgrain_boundary exchanged;
  struct mlgrain_boundary_key key, again;
  struct mlgrain_rotation back;
  struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
  enum mlgrain_boundary_kind kind;
  int count;
  enum mlgrain_status status =
      mlgrain_coincidence_find(lattice, &boundary->rotation, &coincidence, error);
  if (!status)
    status = mlgrain_interface_find(lattice, &boundary->rotation, &coincidence, boundary->plane[0],
                                    &interface, error);
  if (!status) {
    const double areas = interface.net_area[0] * interface.net_area[1];
    if (coincidence.sigma < 2 ||
        !(fabs(interface.area * interface.shift_area - areas) <= 1e-4 * areas))
      abort();
    status = mlgrain_boundary_key_find(lattice, boundary, &key, error);
  }
  if (!status)
    status = mlgrain_boundary_kind_find(lattice, boundary, &kind, error);
  if (!status)
    status = mlgrain_boundary_names(lattice, boundary, name, &count, error);
  if (!status)
    status = mlgrain_rotation_inverse(&boundary->rotation, &back, error);
  if (!status)
    status = mlgrain_boundary_create(lattice, &back, boundary->plane[1], &exchanged, error);
  if (!status)
    status = mlgrain_boundary_key_find(lattice, &exchanged, &again, error);
  if (!status && memcmp(&key, &again, sizeof key))
    abort();
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  struct reader reader = {data + 1, size - 1, 1U + (data[0] >> 5) % 5};
  struct mlgrain_lattice lattice;
  struct mlgrain_rotation rotation;
  struct mlgrain_boundary boundary;
  struct mlgrain_error error = {""};
  int64_t plane[3];
  enum mlgrain_status status = read_lattice(&reader, data[0] % 5, &lattice, &error);
  if (!status)
    status = read_rotation(&reader, data[0] / 5 % 3, &lattice, &rotation, &error);
  fill(&reader, plane, 3);
  if (!status)
    status = mlgrain_boundary_create(&lattice, &rotation, plane, &boundary, &error);
  if (!status)
    status = look_at(&lattice, &boundary, &error);
  if (status && !error.text[0])
    abort();
  if (!status && data[0] % 5 < 3) {
    const struct mlgrain_octonion octonion = mlgrain_boundary_octonion(&lattice, &boundary);
    if (!isfinite(mlgrain_boundary_energy(MLGRAIN_NICKEL, &octonion)))
      abort();
  }
  return 0;
}
