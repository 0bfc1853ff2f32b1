/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells: against cells clipped in the plainest way, against known crystals, and by what
   must hold for any points, such as that cells fill space. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/voronoi.h"
#include "voronoi_reference.h"

enum { MOST_POINTS = 20000 };

/* ---- points -------------------------------------------------------------------------------- */

struct points {
  size_t n;
  double x[MOST_POINTS][3];
  unsigned char chosen[MOST_POINTS];
  struct mlgrain_voronoi_cell cell[MOST_POINTS];
};

/* Uniform in (0, 1). */
static double uniform(uint64_t *state)
{
  *state = *state * 2862933555777941757u + 3037000493u;
  return ((double)(*state >> 12) + 0.5) * 0x1p-52;
}

static void add_point(struct points *points, double x, double y, double z, int chosen)
{
  assert_true(points->n < MOST_POINTS);
  double *to = points->x[points->n];
  to[0] = x;
  to[1] = y;
  to[2] = z;
  points->chosen[points->n++] = (unsigned char)chosen;
}

static void make_random(struct points *points, size_t n, double edge, uint64_t seed)
{
  points->n = 0;
  for (size_t i = 0; i < n; i++) {
    const double x = edge * uniform(&seed), y = edge * uniform(&seed), z = edge * uniform(&seed);
    add_point(points, x, y, z, 1);
  }
}

/* Images of all points in a periodic box with edges along `edge`, as far as `reach` along each. */
static void add_images(struct points *points, const double edge[3][3], int reach)
{
  const size_t n = points->n;
  for (int i = -reach; i <= reach; i++)
    for (int j = -reach; j <= reach; j++)
      for (int k = -reach; k <= reach; k++)
        for (size_t p = 0; (i || j || k) && p < n; p++) {
          double x[3];
          for (int d = 0; d < 3; d++)
            x[d] = points->x[p][d] + i * edge[0][d] + j * edge[1][d] + k * edge[2][d];
          add_point(points, x[0], x[1], x[2], 0);
        }
}

/* A block of a cubic crystal; the point nearest to its middle is chosen. rotation: axis-angle about
   (1, 2, 3). */
static void make_crystal(struct points *points, const double (*basis)[3], int basis_size, double a,
                         double angle)
{
  const double u[3] = {1 / sqrt(14.0), 2 / sqrt(14.0), 3 / sqrt(14.0)};
  const double c = cos(angle), s = sin(angle);
  points->n = 0;
  for (int i = -3; i <= 3; i++)
    for (int j = -3; j <= 3; j++)
      for (int k = -3; k <= 3; k++)
        for (int b = 0; b < basis_size; b++) {
          const double x[3] = {a * (i + basis[b][0]), a * (j + basis[b][1]), a * (k + basis[b][2])};
          const double along = (1 - c) * (u[0] * x[0] + u[1] * x[1] + u[2] * x[2]);
          add_point(points, 17.3 + c * x[0] + along * u[0] + s * (u[1] * x[2] - u[2] * x[1]),
                    -5.1 + c * x[1] + along * u[1] + s * (u[2] * x[0] - u[0] * x[2]),
                    0.7 + c * x[2] + along * u[2] + s * (u[0] * x[1] - u[1] * x[0]),
                    i == 0 && j == 0 && k == 0 && b == 0);
        }
}

static const double fcc[4][3] = {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}};

static struct mlgrain_voronoi_settings settings_of(double cutoff)
{
  const struct mlgrain_voronoi_settings settings = {.cutoff = cutoff, .level = mlgrain_simd_best()};
  return settings;
}

/* Computes the chosen points' cells. */
static enum mlgrain_status compute(struct points *points,
                                   const struct mlgrain_voronoi_settings *settings,
                                   const unsigned char *generator, size_t coincident[2],
                                   struct mlgrain_error *error)
{
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(points->n, points->x, settings->cutoff, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  const size_t count = mlgrain_cells_count(cells), part = count / 3;
  enum mlgrain_status status = mlgrain_voronoi_compute(settings, cells, 0, part, points->chosen,
                                                       generator, points->cell, coincident, error);
  if (status == MLGRAIN_SUCCESS)
    status = mlgrain_voronoi_compute(settings, cells, part, count, points->chosen, generator,
                                     points->cell, coincident, error);
  mlgrain_cells_free(cells);
  return status;
}

static void compute_all(struct points *points, const struct mlgrain_voronoi_settings *settings)
{
  struct mlgrain_error error = {""};
  if (compute(points, settings, NULL, NULL, &error) != MLGRAIN_SUCCESS)
    fail_msg("%s", error.text);
}

static void assert_close(double value, double expected, double tolerance)
{
  if (!(fabs(value - expected) <= tolerance * fabs(expected)))
    fail_msg("%.17g is not %.17g", value, expected);
}

/* ---- crystals ------------------------------------------------------------------------------ */

static void crystals_have_their_polyhedra(void **state)
{
  (void)state;
  static const double bcc[2][3] = {{0, 0, 0}, {.5, .5, .5}};
  static const struct {
    const double (*basis)[3];
    int size, faces;
  } crystal[3] = {{fcc, 4, 12}, {bcc, 2, 14}, {bcc, 1, 6}};
  static struct points points;
  for (int c = 0; c < 3; c++)
    for (int turn = 0; turn < 20; turn++) {
      const double a = 3.615;
      make_crystal(&points, crystal[c].basis, crystal[c].size, a, 0.3 * turn);
      const struct mlgrain_voronoi_settings settings = settings_of(2.2 * a);
      compute_all(&points, &settings);
      for (size_t i = 0; i < points.n; i++)
        if (points.chosen[i]) {
          assert_close(points.cell[i].volume, a * a * a / crystal[c].size, 1e-11);
          assert_int_equal(points.cell[i].faces, crystal[c].faces);
          assert_int_equal(points.cell[i].bounds, MLGRAIN_VORONOI_CLOSED);
        }
    }
}

/* In a face-centered cubic crystal four more planes touch each of six corners: displacements of any
   size decide which of them cut. */
static void nearly_perfect_crystals_are_no_trouble(void **state)
{
  (void)state;
  static struct points points;
  uint64_t seed = 5;
  for (double size = 1e-16; size < 1e-3; size *= 3.0)
    for (int repeat = 0; repeat < 10; repeat++) {
      const double a = 4.05;
      make_crystal(&points, fcc, 4, a, 0.0);
      for (size_t i = 0; i < points.n; i++)
        for (int d = 0; d < 3; d++)
          points.x[i][d] += size * a * (2 * uniform(&seed) - 1);
      const struct mlgrain_voronoi_settings settings = settings_of(2.0 * a);
      compute_all(&points, &settings);
      for (size_t i = 0; i < points.n; i++)
        if (points.chosen[i]) {
          const struct voronoi_reference_cell plain =
              voronoi_reference(points.n, points.x, i, settings.cutoff, 0, NULL, NULL);
          assert_close(points.cell[i].volume, plain.volume, 1e-10);
          assert_in_range(points.cell[i].faces, 12, 18);
        }
    }
}

/* ---- any points ---------------------------------------------------------------------------- */

static void check_against_reference(const struct points *points,
                                    const struct mlgrain_voronoi_settings *settings)
{
  double plane[MLGRAIN_VORONOI_MAX_WALLS][4];
  for (int w = 0; w < settings->wall_count; w++) {
    memcpy(plane[w], settings->wall[w].normal, 3 * sizeof(double));
    plane[w][3] = settings->wall[w].offset;
  }
  for (size_t i = 0; i < points->n; i++) {
    if (!points->chosen[i])
      continue;
    const struct voronoi_reference_cell plain = voronoi_reference(
        points->n, points->x, i, settings->cutoff, settings->wall_count, plane, NULL);
    assert_close(points->cell[i].volume, plain.volume, 1e-10);
    assert_int_equal(points->cell[i].faces, plain.faces);
    assert_int_equal(points->cell[i].bounds == MLGRAIN_VORONOI_OPEN,
                     plain.radius >= settings->cutoff / 2);
  }
}

/* From a few neighbors, where most cells are open, to so many that all are closed. */
static void cells_equal_the_plain_ones(void **state)
{
  (void)state;
  static struct points points;
  static const double cutoff[4] = {0.3, 0.6, 1.0, 1.9};
  size_t bounded[3] = {0, 0, 0};
  for (uint64_t seed = 1; seed <= 12; seed++) {
    make_random(&points, 150, 1.0, seed);
    const struct mlgrain_voronoi_settings settings = settings_of(cutoff[seed % 4]);
    compute_all(&points, &settings);
    check_against_reference(&points, &settings);
    for (size_t i = 0; i < points.n; i++)
      bounded[points.cell[i].bounds]++;
  }
  assert_true(bounded[MLGRAIN_VORONOI_CLOSED] > 200 && bounded[MLGRAIN_VORONOI_OPEN] > 200);
  assert_int_equal(bounded[MLGRAIN_VORONOI_WALL], 0);
}

static void cells_fill_a_periodic_box(void **state)
{
  (void)state;
  static const double edge[3][3] = {{1.0, 0, 0}, {0.3, 0.9, 0}, {-0.2, 0.25, 1.1}};
  static struct points points;
  make_random(&points, 500, 1.0, 77);
  add_images(&points, edge, 1);
  const struct mlgrain_voronoi_settings settings = settings_of(0.6);
  compute_all(&points, &settings);
  double sum = 0.0;
  for (size_t i = 0; i < 500; i++) {
    assert_int_equal(points.cell[i].bounds, MLGRAIN_VORONOI_CLOSED);
    sum += points.cell[i].volume;
  }
  assert_close(sum, 1.0 * 0.9 * 1.1, 1e-12);
}

/* Farther neighbors, more distant shells: what is closed stays the same. */
static void the_cutoff_does_not_matter_to_closed_cells(void **state)
{
  (void)state;
  static struct points points, farther;
  make_random(&points, 400, 1.0, 3);
  farther = points;
  const struct mlgrain_voronoi_settings settings = settings_of(0.5), wider = settings_of(1.7);
  compute_all(&points, &settings);
  compute_all(&farther, &wider);
  size_t closed = 0;
  for (size_t i = 0; i < points.n; i++)
    if (points.cell[i].bounds == MLGRAIN_VORONOI_CLOSED) {
      assert_close(points.cell[i].volume, farther.cell[i].volume, 1e-12);
      assert_int_equal(points.cell[i].faces, farther.cell[i].faces);
      assert_int_equal(farther.cell[i].bounds, MLGRAIN_VORONOI_CLOSED);
      closed++;
    }
  assert_true(closed > 100);
}

/* Voro++ has a tolerance in absolute numbers; the unit of length must not meet it. */
static void any_unit_of_length_serves(void **state)
{
  (void)state;
  static struct points points, scaled;
  make_random(&points, 300, 10.0, 9);
  const struct mlgrain_voronoi_settings settings = settings_of(6.0);
  compute_all(&points, &settings);
  static const double unit[3] = {1e-10, 3.7e-3, 1e12};
  for (int u = 0; u < 3; u++) {
    scaled = points;
    for (size_t i = 0; i < points.n; i++)
      for (int d = 0; d < 3; d++)
        scaled.x[i][d] *= unit[u];
    const struct mlgrain_voronoi_settings other = settings_of(6.0 * unit[u]);
    compute_all(&scaled, &other);
    for (size_t i = 0; i < points.n; i++) {
      assert_close(scaled.cell[i].volume, points.cell[i].volume * pow(unit[u], 3), 1e-11);
      assert_close(scaled.cell[i].nearest, points.cell[i].nearest * unit[u], 1e-12);
      assert_int_equal(scaled.cell[i].faces, points.cell[i].faces);
      assert_int_equal(scaled.cell[i].bounds, points.cell[i].bounds);
    }
  }
}

static void the_nearest_neighbor_is_found(void **state)
{
  (void)state;
  static struct points points;
  make_random(&points, 300, 1.0, 21);
  const struct mlgrain_voronoi_settings settings = settings_of(0.4);
  compute_all(&points, &settings);
  for (size_t i = 0; i < points.n; i++) {
    double nearest = INFINITY;
    for (size_t j = 0; j < points.n; j++)
      if (j != i)
        nearest = fmin(nearest, sqrt(pow(points.x[i][0] - points.x[j][0], 2) +
                                     pow(points.x[i][1] - points.x[j][1], 2) +
                                     pow(points.x[i][2] - points.x[j][2], 2)));
    assert_close(points.cell[i].nearest, nearest, 1e-14);
  }
}

/* ---- walls --------------------------------------------------------------------------------- */

static void add_wall(struct mlgrain_voronoi_settings *settings, double x, double y, double z,
                     double offset)
{
  const double length = sqrt(x * x + y * y + z * z);
  struct mlgrain_voronoi_wall *wall = &settings->wall[settings->wall_count++];
  wall->normal[0] = x / length;
  wall->normal[1] = y / length;
  wall->normal[2] = z / length;
  wall->offset = offset / length;
}

/* Unit cube with faces along the axes. */
static void add_cube(struct mlgrain_voronoi_settings *settings)
{
  for (int d = 0; d < 3; d++) {
    add_wall(settings, -(d == 0), -(d == 1), -(d == 2), 0.0);
    add_wall(settings, d == 0, d == 1, d == 2, 1.0);
  }
}

static void cells_fill_a_box_with_walls(void **state)
{
  (void)state;
  static struct points points;
  make_random(&points, 400, 1.0, 4);
  points.x[0][2] = 0.0; /* on a wall */
  points.x[1][0] = 1.0;
  struct mlgrain_voronoi_settings settings = settings_of(0.9);
  add_cube(&settings);
  compute_all(&points, &settings);
  check_against_reference(&points, &settings);
  double sum = 0.0;
  size_t at_wall = 0;
  for (size_t i = 0; i < points.n; i++) {
    sum += points.cell[i].volume;
    assert_int_not_equal(points.cell[i].bounds, MLGRAIN_VORONOI_OPEN);
    at_wall += points.cell[i].bounds == MLGRAIN_VORONOI_WALL;
  }
  assert_close(sum, 1.0, 1e-12);
  assert_in_range(at_wall, 150, 300);
  assert_int_equal(points.cell[0].bounds, MLGRAIN_VORONOI_WALL);
}

/* The faces of a parallelepiped with corners (0, 0, 0) and a + b + c. */
static void cells_fill_an_oblique_box(void **state)
{
  (void)state;
  static const double a[3] = {1.0, 0, 0}, b[3] = {0.4, 0.9, 0}, c[3] = {-0.3, 0.2, 1.1};
  static struct points points;
  uint64_t seed = 8;
  points.n = 0;
  for (int i = 0; i < 400; i++) {
    const double u = uniform(&seed), v = uniform(&seed), w = uniform(&seed);
    add_point(&points, u * a[0] + v * b[0] + w * c[0], v * b[1] + w * c[1], w * c[2], 1);
  }
  struct mlgrain_voronoi_settings settings = settings_of(1.2);
  const double *edge[3] = {a, b, c};
  for (int d = 0; d < 3; d++) {
    const double *p = edge[(d + 1) % 3], *q = edge[(d + 2) % 3];
    const double n[3] = {p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2],
                         p[0] * q[1] - p[1] * q[0]};
    add_wall(&settings, -n[0], -n[1], -n[2], 0.0);
    add_wall(&settings, n[0], n[1], n[2], 1.0 * 0.9 * 1.1);
  }
  compute_all(&points, &settings);
  check_against_reference(&points, &settings);
  double sum = 0.0;
  for (size_t i = 0; i < points.n; i++)
    sum += points.cell[i].volume;
  assert_close(sum, 1.0 * 0.9 * 1.1, 1e-12);
}

/* From beyond the cube, over its corner, to the point and past it. */
static void a_wall_cuts_the_cube_wherever_it_is(void **state)
{
  (void)state;
  static const double normal[4][3] = {{0, 0, 1}, {0, -1, 0}, {1, 1, -1}, {-0.3, 0.1, 0.9}};
  static struct points points;
  points.n = 0;
  add_point(&points, 0.1, 0.2, 0.3, 1);
  for (int w = 0; w < 4; w++)
    for (double offset = -1.95; offset < 2.0; offset += 0.1) {
      struct mlgrain_voronoi_settings settings = settings_of(2.0);
      add_wall(&settings, normal[w][0], normal[w][1], normal[w][2], offset);
      compute_all(&points, &settings);
      check_against_reference(&points, &settings);
    }
}

static void points_outside_walls_keep_what_is_inside(void **state)
{
  (void)state;
  static struct points points;
  for (int oblique = 0; oblique < 2; oblique++) {
    struct mlgrain_voronoi_settings settings = settings_of(4.0);
    add_wall(&settings, oblique ? 1e-9 : 0.0, 0.0, 1.0, 0.0);
    points.n = 0;
    add_point(&points, 0.0, 0.0, 0.5, 1);
    compute_all(&points, &settings); /* the half cube below the wall */
    assert_close(points.cell[0].volume, 4.0 * 4.0 * 1.5, 1e-8);
    add_point(&points, 0.0, 0.0, -1.0, 1);
    compute_all(&points, &settings); /* the plane between them is at -0.25 */
    assert_close(points.cell[0].volume, 4.0 * 4.0 * 0.25, 1e-8);
    points.x[0][2] = 1.5;
    compute_all(&points, &settings); /* now it is outside */
    assert_true(points.cell[0].volume == 0.0);
    assert_int_equal(points.cell[0].faces, 0);
    assert_int_equal(points.cell[0].bounds, MLGRAIN_VORONOI_WALL);
    points.x[0][2] = 2.5;
    compute_all(&points, &settings); /* and so is the whole cube */
    assert_true(points.cell[0].volume == 0.0);
    assert_close(points.cell[0].nearest, 3.5, 1e-15);
  }
}

/* A small box, with the point outside: nothing is lost with the distance. */
static void small_cells_may_be_far_from_their_point(void **state)
{
  (void)state;
  static struct points points;
  points.n = 0;
  add_point(&points, 0.1, 0.2, 0.3, 1);
  const double low = 1.0, edge = 0x1p-10;
  struct mlgrain_voronoi_settings settings = settings_of(4.0);
  for (int d = 0; d < 3; d++) {
    add_wall(&settings, -(d == 0), -(d == 1), -(d == 2), -low);
    add_wall(&settings, d == 0, d == 1, d == 2, low + edge);
  }
  compute_all(&points, &settings);
  assert_close(points.cell[0].volume, edge * edge * edge, 1e-12);
  assert_int_equal(points.cell[0].faces, 6);
  assert_int_equal(points.cell[0].bounds, MLGRAIN_VORONOI_WALL);
}

/* ---- faces --------------------------------------------------------------------------------- */

struct faces {
  const struct points *points;
  const struct mlgrain_voronoi_settings *settings;
  int cells, stop_after;
  double *area; /* [n][n]: between points, NULL: not wanted */
};

static enum mlgrain_status visit_all(struct points *points,
                                     const struct mlgrain_voronoi_settings *settings,
                                     mlgrain_voronoi_visitor *visit, void *context,
                                     struct mlgrain_error *error)
{
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(points->n, points->x, settings->cutoff, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  const enum mlgrain_status status =
      mlgrain_voronoi_visit(settings, cells, 0, mlgrain_cells_count(cells), points->chosen, NULL,
                            visit, context, NULL, error);
  mlgrain_cells_free(cells);
  return status;
}

static void normal_of(const struct faces *faces, size_t point, int64_t neighbor, double normal[3])
{
  double square = 0.0;
  for (int d = 0; d < 3; d++) {
    normal[d] = neighbor < 0 ? faces->settings->wall[-1 - neighbor].normal[d]
                             : faces->points->x[neighbor][d] - faces->points->x[point][d];
    square += normal[d] * normal[d];
  }
  for (int d = 0; d < 3; d++)
    normal[d] /= sqrt(square);
}

/* Corners lie in one plane, and enclose the area. */
static void check_corners(const struct mlgrain_voronoi_face *face, double surface)
{
  double sum[3] = {0.0, 0.0, 0.0};
  assert_true(face->corner_count >= 3);
  for (int c = 0; c < face->corner_count; c++) {
    const double *first = face->corner[0], *a = face->corner[c],
                 *b = face->corner[(c + 1) % face->corner_count];
    double height = 0.0;
    for (int d = 0; d < 3; d++) {
      const int e = (d + 1) % 3, f = (d + 2) % 3;
      height += (a[d] - first[d]) * face->area_vector[d] / face->area;
      sum[d] +=
          0.5 * ((a[e] - first[e]) * (b[f] - first[f]) - (a[f] - first[f]) * (b[e] - first[e]));
    }
    assert_true(fabs(height) < 1e-9 * sqrt(surface));
  }
  for (int d = 0; d < 3; d++)
    assert_true(fabs(sum[d] - face->area_vector[d]) < 1e-12 * surface);
}

/* Both ends of an edge are in the plane of the face beside it, which is another one. Returns how
   many edges there are with such a face among those shown. */
static int check_edges(const struct mlgrain_voronoi_polyhedron *polyhedron,
                       const struct mlgrain_voronoi_face *face, double surface)
{
  int found = 0;
  for (int c = 0; c < face->corner_count; c++) {
    if (face->beside[c] == MLGRAIN_VORONOI_CUBE_FACE)
      continue;
    assert_true(face->beside[c] != face->neighbor);
    for (int g = 0; g < polyhedron->cell.faces; g++) {
      const struct mlgrain_voronoi_face *other = &polyhedron->face[g];
      for (int end = 0; end < 2 && other->neighbor == face->beside[c]; end++, found++) {
        const double *corner = face->corner[(c + end) % face->corner_count];
        double height = 0.0;
        for (int d = 0; d < 3; d++)
          height += (corner[d] - other->corner[0][d]) * other->area_vector[d] / other->area;
        assert_true(fabs(height) < 1e-9 * sqrt(surface));
      }
    }
  }
  return found;
}

/* Against the plain cell: the same area to each point and wall, along the direction to it. All
   areas together close the surface. */
static enum mlgrain_status check_faces(void *context,
                                       const struct mlgrain_voronoi_polyhedron *polyhedron)
{
  struct faces *faces = context;
  const struct points *points = faces->points;
  const size_t n = points->n;
  static double plain[MOST_POINTS + MLGRAIN_VORONOI_MAX_WALLS];
  double plane[MLGRAIN_VORONOI_MAX_WALLS][4];
  for (int w = 0; w < faces->settings->wall_count; w++) {
    memcpy(plane[w], faces->settings->wall[w].normal, 3 * sizeof(double));
    plane[w][3] = faces->settings->wall[w].offset;
  }
  const size_t point = polyhedron->point;
  voronoi_reference(n, points->x, point, faces->settings->cutoff, faces->settings->wall_count,
                    plane, plain);
  double sum[3] = {0.0, 0.0, 0.0}, surface = 0.0;
  int edges = 0;
  for (int f = 0; f < polyhedron->cell.faces; f++)
    surface += polyhedron->face[f].area;
  for (int f = 0; f < polyhedron->cell.faces; f++) {
    const struct mlgrain_voronoi_face *face = &polyhedron->face[f];
    check_corners(face, surface);
    edges += check_edges(polyhedron, face, surface);
    for (int d = 0; d < 3; d++)
      sum[d] += face->area_vector[d];
    if (face->neighbor == MLGRAIN_VORONOI_CUBE_FACE)
      continue;
    double normal[3];
    normal_of(faces, point, face->neighbor, normal);
    for (int d = 0; d < 3; d++)
      assert_true(fabs(face->area_vector[d] - face->area * normal[d]) < 1e-11 * surface);
    double *other =
        &plain[face->neighbor < 0 ? n + (size_t)(-1 - face->neighbor) : (size_t)face->neighbor];
    assert_true(fabs(face->area - *other) < 1e-11 * surface);
    *other = 0.0; /* each once */
    if (faces->area)
      faces->area[n * point + (size_t)face->neighbor] = face->area;
  }
  for (size_t j = 0; j < n + (size_t)faces->settings->wall_count; j++)
    assert_true(plain[j] < 1e-11 * surface); /* none is left out */
  for (int d = 0; d < 3; d++)
    assert_true(fabs(sum[d]) < 1e-12 * surface);
  assert_true(edges > 0);
  assert_close(polyhedron->cell.volume, points->cell[point].volume, 1e-15);
  assert_int_equal(polyhedron->cell.faces, points->cell[point].faces);
  assert_int_equal(polyhedron->cell.bounds, points->cell[point].bounds);
  return ++faces->cells == faces->stop_after ? MLGRAIN_NOT_CONVERGED : MLGRAIN_SUCCESS;
}

static void faces_equal_the_plain_ones(void **state)
{
  (void)state;
  static struct points points;
  static const double cutoff[3] = {0.4, 0.9, 1.9};
  for (uint64_t seed = 1; seed <= 6; seed++) {
    make_random(&points, 120, 1.0, seed);
    struct mlgrain_voronoi_settings settings = settings_of(cutoff[seed % 3]);
    if (seed % 2) {
      add_cube(&settings);
      settings.wall_count -= 2; /* open at the top and the bottom */
      add_wall(&settings, 1, 2, 3, 5.5);
    }
    struct faces faces = {&points, &settings, 0, -1, NULL};
    compute_all(&points, &settings);
    assert_int_equal(visit_all(&points, &settings, check_faces, &faces, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(faces.cells, points.n);
  }
}

static void neighbors_share_their_faces(void **state)
{
  (void)state;
  enum { COUNT = 200 };
  static struct points points;
  static double area[COUNT][COUNT];
  make_random(&points, COUNT, 1.0, 44);
  const struct mlgrain_voronoi_settings settings = settings_of(6.0);
  struct faces faces = {&points, &settings, 0, -1, &area[0][0]};
  compute_all(&points, &settings);
  assert_int_equal(visit_all(&points, &settings, check_faces, &faces, NULL), MLGRAIN_SUCCESS);
  size_t shared = 0;
  for (size_t i = 0; i < COUNT; i++)
    for (size_t j = 0; j < i; j++)
      if (points.cell[i].bounds == MLGRAIN_VORONOI_CLOSED &&
          points.cell[j].bounds == MLGRAIN_VORONOI_CLOSED) {
        assert_true(fabs(area[i][j] - area[j][i]) < 1e-11);
        shared += area[i][j] > 0.0;
      }
  assert_true(shared > 100);
}

/* Bisectors through one point or one line come and go with rounding; faces without area are not
   among those shown. */
static void crystals_have_their_faces(void **state)
{
  (void)state;
  static const double bcc[2][3] = {{0, 0, 0}, {.5, .5, .5}};
  static const double diamond[8][3] = {{0, 0, 0},       {0, .5, .5},     {.5, 0, .5},
                                       {.5, .5, 0},     {.25, .25, .25}, {.25, .75, .75},
                                       {.75, .25, .75}, {.75, .75, .25}};
  static const struct {
    const double (*basis)[3];
    int size, faces;
  } crystal[4] = {{fcc, 4, 12}, {bcc, 2, 14}, {bcc, 1, 6}, {diamond, 8, 16}};
  static struct points points;
  for (int c = 0; c < 4; c++)
    for (int turn = 0; turn < 5; turn++) {
      make_crystal(&points, crystal[c].basis, crystal[c].size, 3.615, 0.3 * turn);
      const struct mlgrain_voronoi_settings settings = settings_of(8.0);
      struct faces faces = {&points, &settings, 0, -1, NULL};
      compute_all(&points, &settings);
      assert_int_equal(visit_all(&points, &settings, check_faces, &faces, NULL), MLGRAIN_SUCCESS);
      for (size_t i = 0; i < points.n; i++)
        if (points.chosen[i])
          assert_int_equal(points.cell[i].faces, crystal[c].faces);
    }
}

/* Displacements larger than the tolerance of a cut, and smaller than a face that counts. */
static void displacements_like_rounding_make_no_faces(void **state)
{
  (void)state;
  static struct points points;
  uint64_t seed = 15;
  for (int repeat = 0; repeat < 100; repeat++) {
    make_crystal(&points, fcc, 4, 4.05, 0.1 * repeat);
    for (size_t i = 0; i < points.n; i++)
      for (int d = 0; d < 3; d++)
        points.x[i][d] += 4e-12 * uniform(&seed);
    const struct mlgrain_voronoi_settings settings = settings_of(8.0);
    compute_all(&points, &settings);
    for (size_t i = 0; i < points.n; i++)
      if (points.chosen[i])
        assert_int_equal(points.cell[i].faces, 12);
  }
}

/* Thousands of faces, more than memory is kept for at first. */
static void a_cell_may_have_thousands_of_faces(void **state)
{
  (void)state;
  static struct points points;
  uint64_t seed = 2;
  points.n = 0;
  add_point(&points, 0.0, 0.0, 0.0, 1);
  while (points.n < 3000) {
    const double x = uniform(&seed) - 0.5, y = uniform(&seed) - 0.5, z = uniform(&seed) - 0.5;
    const double r = sqrt(x * x + y * y + z * z);
    add_point(&points, x / r, y / r, z / r, 0);
  }
  const struct mlgrain_voronoi_settings settings = settings_of(4.0);
  compute_all(&points, &settings);
  assert_in_range(points.cell[0].faces, 2900, 2999);
  assert_in_range((int)(1e4 * points.cell[0].volume), 5235, 5260); /* pi / 6 = 0.52360 */
}

static void visitors_end_the_search(void **state)
{
  (void)state;
  static struct points points;
  make_random(&points, 50, 1.0, 44);
  struct mlgrain_voronoi_settings settings = settings_of(1.0);
  struct faces faces = {&points, &settings, 0, 7, NULL};
  compute_all(&points, &settings);
  assert_int_equal(visit_all(&points, &settings, check_faces, &faces, NULL), MLGRAIN_NOT_CONVERGED);
  assert_int_equal(faces.cells, 7);
  settings.wall_count = -1;
  struct mlgrain_error error = {""};
  assert_int_equal(visit_all(&points, &settings, check_faces, &faces, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_true(strlen(error.text) > 0);
}

/* ---- choices ------------------------------------------------------------------------------- */

static void only_chosen_points_are_written(void **state)
{
  (void)state;
  static struct points points;
  make_random(&points, 100, 1.0, 6);
  for (size_t i = 0; i < points.n; i++) {
    points.chosen[i] = i % 3 == 0;
    points.cell[i].volume = -7.0;
  }
  const struct mlgrain_voronoi_settings settings = settings_of(0.8);
  compute_all(&points, &settings);
  for (size_t i = 0; i < points.n; i++)
    assert_true(points.chosen[i] ? points.cell[i].volume > 0.0 : points.cell[i].volume == -7.0);
}

static void points_that_generate_nothing_are_not_there(void **state)
{
  (void)state;
  static struct points points, fewer;
  unsigned char generator[200];
  make_random(&points, 200, 1.0, 14);
  fewer.n = 0;
  for (size_t i = 0; i < points.n; i++) {
    generator[i] = points.chosen[i] = i % 5 != 2;
    if (generator[i])
      add_point(&fewer, points.x[i][0], points.x[i][1], points.x[i][2], 1);
  }
  const struct mlgrain_voronoi_settings settings = settings_of(0.7);
  assert_int_equal(compute(&points, &settings, generator, NULL, NULL), MLGRAIN_SUCCESS);
  compute_all(&fewer, &settings);
  for (size_t i = 0, k = 0; i < points.n; i++)
    if (generator[i]) {
      assert_close(points.cell[i].volume, fewer.cell[k].volume, 1e-13);
      assert_int_equal(points.cell[i].faces, fewer.cell[k].faces);
      k++;
    }
}

static void a_lone_point_has_the_cube(void **state)
{
  (void)state;
  static struct points points;
  points.n = 0;
  add_point(&points, 1.0, 2.0, 3.0, 1);
  add_point(&points, 4.0, 2.0, 3.0, 0); /* at the cutoff: not within */
  const struct mlgrain_voronoi_settings settings = settings_of(3.0);
  compute_all(&points, &settings);
  assert_close(points.cell[0].volume, 27.0, 1e-15);
  assert_int_equal(points.cell[0].faces, 6);
  assert_int_equal(points.cell[0].bounds, MLGRAIN_VORONOI_OPEN);
  assert_true(isinf(points.cell[0].nearest));
}

/* ---- errors -------------------------------------------------------------------------------- */

static void points_at_one_place_are_named(void **state)
{
  (void)state;
  static struct points points;
  struct mlgrain_error error;
  for (int generators = 0; generators < 2; generators++)
    for (double apart = 0.0; apart < 1e-9; apart += 0.9e-10) {
      make_random(&points, 100, 1.0, 31);
      memcpy(points.x[83], points.x[12], sizeof points.x[83]);
      points.x[83][1] += apart;
      const struct mlgrain_voronoi_settings settings = settings_of(1.0);
      size_t same[2] = {0, 0};
      const enum mlgrain_status status =
          compute(&points, &settings, generators ? points.chosen : NULL, same, &error);
      assert_int_equal(status, MLGRAIN_INVALID_ARGUMENT);
      assert_int_equal(same[0] + same[1], 12 + 83);
      assert_non_null(strstr(error.text, "at one place"));
    }
}

/* Not an error where it is asked for: both have the flag, all others the cells that they have with
   one point there. */
static void points_at_one_place_are_flagged(void **state)
{
  (void)state;
  static struct points points, single;
  make_random(&single, 100, 1.0, 31);
  make_random(&points, 100, 1.0, 31);
  memcpy(points.x[83], points.x[12], sizeof points.x[83]);
  memcpy(single.x[83], (double[3]){50.0, 50.0, 50.0}, sizeof single.x[83]);
  struct mlgrain_voronoi_settings settings = settings_of(1.0);
  settings.flag_coincident = 1;
  compute_all(&points, &settings);
  compute_all(&single, &settings);
  for (size_t i = 0; i < 100; i++) {
    const struct mlgrain_voronoi_cell *cell = &points.cell[i], *wanted = &single.cell[i];
    const int twin = i == 12 || i == 83;
    assert_int_equal(cell->bounds, twin ? MLGRAIN_VORONOI_COINCIDENT : wanted->bounds);
    assert_int_equal(cell->faces, twin ? 0 : wanted->faces);
    assert_close(cell->volume, twin ? 0.0 : wanted->volume, 1e-12);
  }
}

static void wrong_settings_are_refused(void **state)
{
  (void)state;
  static struct points points;
  make_random(&points, 10, 1.0, 1);
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(points.n, points.x, 0.5, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  const double bad[6] = {0.0, -1.0, NAN, INFINITY, 1e-101, 0.51};
  struct mlgrain_error error;
  for (int b = 0; b < 8; b++) {
    struct mlgrain_voronoi_settings settings = settings_of(b < 6 ? bad[b] : 0.5);
    settings.wall_count = b == 6 ? 7 : b == 7 ? -1 : 0;
    error.text[0] = '\0';
    assert_int_equal(mlgrain_voronoi_compute(&settings, cells, 0, mlgrain_cells_count(cells),
                                             points.chosen, NULL, points.cell, NULL, &error),
                     MLGRAIN_INVALID_ARGUMENT);
    assert_true(strlen(error.text) > 0);
  }
  mlgrain_cells_free(cells);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crystals_have_their_polyhedra),
      cmocka_unit_test(nearly_perfect_crystals_are_no_trouble),
      cmocka_unit_test(cells_equal_the_plain_ones),
      cmocka_unit_test(cells_fill_a_periodic_box),
      cmocka_unit_test(the_cutoff_does_not_matter_to_closed_cells),
      cmocka_unit_test(any_unit_of_length_serves),
      cmocka_unit_test(the_nearest_neighbor_is_found),
      cmocka_unit_test(cells_fill_a_box_with_walls),
      cmocka_unit_test(cells_fill_an_oblique_box),
      cmocka_unit_test(a_wall_cuts_the_cube_wherever_it_is),
      cmocka_unit_test(points_outside_walls_keep_what_is_inside),
      cmocka_unit_test(small_cells_may_be_far_from_their_point),
      cmocka_unit_test(faces_equal_the_plain_ones),
      cmocka_unit_test(neighbors_share_their_faces),
      cmocka_unit_test(crystals_have_their_faces),
      cmocka_unit_test(displacements_like_rounding_make_no_faces),
      cmocka_unit_test(a_cell_may_have_thousands_of_faces),
      cmocka_unit_test(visitors_end_the_search),
      cmocka_unit_test(only_chosen_points_are_written),
      cmocka_unit_test(points_that_generate_nothing_are_not_there),
      cmocka_unit_test(a_lone_point_has_the_cube),
      cmocka_unit_test(points_at_one_place_are_named),
      cmocka_unit_test(points_at_one_place_are_flagged),
      cmocka_unit_test(wrong_settings_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
