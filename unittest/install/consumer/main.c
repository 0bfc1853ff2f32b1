/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of one atom among seven others, as a program outside this project would ask for them
   (doc/theory_sfd.md has the figures). */
#include <math.h>
#include <mlgrain/cells.h>
#include <mlgrain/sfd.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
  const double x[8][3] = {{0, 0, 0},        {2.5, .1, -.2},   {-.3, 2.4, .5},  {.4, -.6, 2.7},
                          {-2.2, -1.1, .9}, {1.3, 1.9, -1.6}, {-1, 1.2, -2.3}, {1.8, -1.7, -.8}};
  const unsigned char chosen[8] = {1};
  const double expected_density = 1.1061749202;  /* P0_I0 */
  const double expected_gradient = 0.0663041961; /* P1_I0 */

  struct mlgrain_error error;
  struct mlgrain_sfd *sfd = NULL;
  struct mlgrain_cells *cells = NULL;
  double descriptor[8 * MLGRAIN_SFD_COUNT];
  enum mlgrain_status status = mlgrain_sfd_create(0.909, 5.904, mlgrain_simd_best(), &sfd, &error);
  if (!status)
    status = mlgrain_cells_create(8, x, 5.904, &cells, NULL, &error);
  if (!status)
    status = mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), chosen, NULL,
                                 descriptor, &error);
  mlgrain_cells_free(cells);
  mlgrain_sfd_free(sfd);
  if (status) {
    fprintf(stderr, "%s: %s\n", mlgrain_status_text(status), error.text);
    return EXIT_FAILURE;
  }

  printf("%s %.10f, %s %.10f\n", mlgrain_sfd_name(0), descriptor[0], mlgrain_sfd_name(1),
         descriptor[1]);
  const int right = fabs(descriptor[0] - expected_density) < 1e-10 &&
                    fabs(descriptor[1] - expected_gradient) < 1e-10;
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
