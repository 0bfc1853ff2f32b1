/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells of points from their neighbors in a cell grid. Which planes a polyhedron is cut by,
   in which order, and when it is complete: the plane halfway to a neighbor at d is
   d . v = d . d / 2, and no neighbor with |d| > 2 max |v| reaches the polyhedron. */
#include <math.h>

#include "cells/candidates.h"
#include "polyhedron_cut.h"
#include "voronoi_private.h"

/* Squared distance, over the cutoff's, below which two points are at one place. */
#define COINCIDENT 1e-18

/* The cell in work. */
struct cell {
  const struct mlgrain_voronoi_settings *settings;
  const struct mlgrain_cells *cells;
  const unsigned char *generator; /* NULL: all points */
  double scale, cutoff, cutoff2;  /* the latter scaled */
  double usual2; /* r^2 within which the last few points had all neighbors that matter */

  /* of the points of one or two cells of the grid */
  struct ball ball;
  int run_count;
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  double reach2; /* r^2 up to which they have all neighbors in work->around; 0: none yet */

  uint32_t center;
  double nearest2;
  double inner2, outer2; /* neighbors at inner2 <= r^2 < outer2 are in work->sorted */
  int wall_count;
  struct plane wall[MLGRAIN_VORONOI_MAX_WALLS];
};

/* The bits of points that are generators. */
static unsigned keep_generators(const struct cell *cell, int64_t first, unsigned bits)
{
  unsigned kept = 0;
  for (; bits; bits &= bits - 1) {
    const int lane = __builtin_ctz(bits);
    if (cell->generator[cell->cells->index[first + lane]])
      kept |= 1u << lane;
  }
  return kept;
}

static vector_int lane_numbers(void)
{
  vector_int lanes;
  for (int lane = 0; lane < WIDTH; lane++)
    lanes[lane] = lane;
  return lanes;
}

/* Collects the points that may be neighbors within sqrt(reach2) of any point in the ball. */
static void collect_around(struct cell *cell, struct voronoi_work *work, double reach2)
{
  const struct mlgrain_cells *cells = cell->cells;
  const struct voronoi_points to = work->around;
  const vector_int lanes = lane_numbers();
  /* a little more, so that rounding loses no neighbor */
  const double reach = (__builtin_sqrt(reach2) / cell->scale + cell->ball.radius) * (1.0 + 1e-12);
  const vector square = vector_set(reach * reach);
  size_t count = 0;
  for (int r = 0; r < cell->run_count; r++)
    for (int64_t j = cell->run[r].first; j < cell->run[r].last; j += WIDTH) {
      const vector x = vector_load(cells->x + j);
      const vector y = vector_load(cells->y + j);
      const vector z = vector_load(cells->z + j);
      const vector dx = x - cell->ball.center[0], dy = y - cell->ball.center[1],
                   dz = z - cell->ball.center[2];
      unsigned bits = vector_less_bits(dx * dx + dy * dy + dz * dz, square) &
                      first_lanes((int64_t)cell->run[r].last - j);
      if (cell->generator)
        bits = keep_generators(cell, j, bits);
      if (!bits)
        continue;
      vector_compress_store(to.x + count, bits, x);
      vector_compress_store(to.y + count, bits, y);
      vector_compress_store(to.z + count, bits, z);
      vector_compress_store((double *)to.index + count, bits, (vector)(lanes + j));
      count += (unsigned)__builtin_popcount(bits);
    }
  work->around.count = count;
  cell->reach2 = reach2;
}

/* Which of the points around are neighbors at inner2 <= r^2 < outer2. Returns how many. */
static size_t choose_neighbors(const struct cell *cell, struct voronoi_work *work)
{
  const struct voronoi_points from = work->around;
  const double x = cell->cells->x[cell->center], y = cell->cells->y[cell->center],
               z = cell->cells->z[cell->center];
  const vector inner2 = vector_set(cell->inner2), outer2 = vector_set(cell->outer2);
  const vector_int lanes = lane_numbers();
  size_t count = 0;
  for (size_t j = 0; j < from.count; j += WIDTH) {
    const vector dx = (vector_load(from.x + j) - x) * cell->scale;
    const vector dy = (vector_load(from.y + j) - y) * cell->scale;
    const vector dz = (vector_load(from.z + j) - z) * cell->scale;
    const vector r2 = dx * dx + dy * dy + dz * dz;
    vector_int index;
    memcpy(&index, from.index + j, sizeof index);
    const vector_int in = (r2 >= inner2) & (r2 < outer2) & (index != (int64_t)cell->center);
    const unsigned bits = vector_mask_bits(in) & first_lanes((int64_t)(from.count - j));
    vector_compress_store((double *)work->place + count, bits, (vector)(lanes + (int64_t)j));
    count += (unsigned)__builtin_popcount(bits);
  }
  return count;
}

/* Nearest first as far as it matters: counting sort into shells of equal width in r^2. */
static void sort_into_shells(struct cell *cell, size_t count, struct voronoi_work *work)
{
  enum { SHELLS = 16 };
  const double per_shell = SHELLS / (cell->outer2 - cell->inner2);
  const struct voronoi_points from = work->around;
  const struct voronoi_neighbors to = work->sorted;
  const double x = cell->cells->x[cell->center], y = cell->cells->y[cell->center],
               z = cell->cells->z[cell->center];
  unsigned start[SHELLS + 1] = {0};
  for (size_t i = 0; i < count; i++) {
    const int64_t j = work->place[i];
    const double dx = (from.x[j] - x) * cell->scale, dy = (from.y[j] - y) * cell->scale,
                 dz = (from.z[j] - z) * cell->scale, r2 = dx * dx + dy * dy + dz * dz;
    const int s = (int)((r2 - cell->inner2) * per_shell);
    work->shell[i] = (unsigned char)(s < SHELLS ? s : SHELLS - 1);
    start[work->shell[i] + 1]++;
  }
  for (int s = 0; s < SHELLS; s++)
    start[s + 1] += start[s];
  for (size_t i = 0; i < count; i++) {
    const unsigned k = start[work->shell[i]]++;
    const int64_t j = work->place[i];
    const double dx = (from.x[j] - x) * cell->scale, dy = (from.y[j] - y) * cell->scale,
                 dz = (from.z[j] - z) * cell->scale, r2 = dx * dx + dy * dy + dz * dz;
    to.x[k] = dx;
    to.y[k] = dy;
    to.z[k] = dz;
    to.r2[k] = r2;
    to.index[k] = from.index[j];
    cell->nearest2 = r2 < cell->nearest2 ? r2 : cell->nearest2;
  }
  work->sorted.count = count;
}

/* Finds the neighbors at inner2 <= r^2 < outer2. */
static void find_neighbors(struct cell *cell, struct voronoi_work *work, double inner2,
                           double outer2)
{
  cell->inner2 = inner2;
  cell->outer2 = outer2;
  if (outer2 > cell->reach2)
    collect_around(cell, work, outer2);
  sort_into_shells(cell, choose_neighbors(cell, work), work);
}

/* The walls that pass through the cube around the point. */
static void find_walls(struct cell *cell)
{
  const struct mlgrain_cells *cells = cell->cells;
  const uint32_t center = cell->center;
  const double half = 0.5 * cell->cutoff;
  cell->wall_count = 0;
  for (int w = 0; w < cell->settings->wall_count; w++) {
    const double *n = cell->settings->wall[w].normal;
    const double distance = cell->settings->wall[w].offset - n[0] * cells->x[center] -
                            n[1] * cells->y[center] - n[2] * cells->z[center];
    const struct plane wall = {
        {n[0], n[1], n[2]}, 1.0, distance * cell->scale, MLGRAIN_VORONOI_WALL_FACE - w};
    if (wall.offset < half * (fabs(n[0]) + fabs(n[1]) + fabs(n[2])))
      cell->wall[cell->wall_count++] = wall;
  }
}

/* The cube, cut by walls: those along an axis by making it smaller, others by a plane. */
static enum polyhedron_cut start(const struct cell *cell, struct polyhedron *polyhedron)
{
  const double half = 0.5 * cell->cutoff;
  double low[3] = {-half, -half, -half}, high[3] = {half, half, half};
  int64_t origin[POLYHEDRON_BOX_FACES];
  for (int f = 0; f < POLYHEDRON_BOX_FACES; f++)
    origin[f] = MLGRAIN_VORONOI_CUBE_FACE;
  int oblique[MLGRAIN_VORONOI_MAX_WALLS] = {0};
  for (int w = 0; w < cell->wall_count; w++) {
    const struct plane *wall = &cell->wall[w];
    oblique[w] = 1;
    for (int d = 0; d < 3; d++) {
      if (fabs(wall->normal[d]) != 1.0)
        continue;
      oblique[w] = 0;
      if (wall->normal[d] > 0.0 && wall->offset < high[d]) {
        high[d] = wall->offset;
        origin[2 * d + 1] = wall->origin;
      } else if (wall->normal[d] < 0.0 && -wall->offset > low[d]) {
        low[d] = -wall->offset;
        origin[2 * d] = wall->origin;
      }
    }
  }
  if (low[0] >= high[0] || low[1] >= high[1] || low[2] >= high[2])
    return POLYHEDRON_GONE;
  if (!polyhedron_box(polyhedron, low, high, origin))
    return POLYHEDRON_NO_MEMORY;
  for (int w = 0; w < cell->wall_count; w++)
    if (oblique[w]) {
      const enum polyhedron_cut cut = polyhedron_cut(polyhedron, &cell->wall[w]);
      if (cut >= POLYHEDRON_GONE)
        return cut;
    }
  return POLYHEDRON_CUT;
}

/* Cuts by the neighbors found, nearest first. *reach2 receives the square of twice the distance of
   the farthest vertex, which is not looked for before a few cuts have been made. */
static enum polyhedron_cut cut_by_found(struct voronoi_work *work, double *reach2)
{
  enum { FIRST_CUTS = 12 };
  const struct voronoi_neighbors *list = &work->sorted;
  struct polyhedron *polyhedron = &work->polyhedron;
  for (size_t j = 0; j < list->count; j++) {
    if (list->r2[j] >= *reach2)
      continue;
    const struct plane plane = {{list->x[j], list->y[j], list->z[j]},
                                __builtin_sqrt(list->r2[j]),
                                0.5 * list->r2[j],
                                list->index[j]};
    const enum polyhedron_cut cut = polyhedron_cut(polyhedron, &plane);
    if (cut >= POLYHEDRON_GONE)
      return cut;
    if (cut == POLYHEDRON_CUT && j >= FIRST_CUTS)
      *reach2 = 4.0 * polyhedron_radius2(polyhedron);
  }
  *reach2 = 4.0 * polyhedron_radius2(polyhedron);
  return POLYHEDRON_CUT;
}

static double smaller(double a, double b)
{
  return a < b ? a : b;
}

/* Cuts by all neighbors that reach the cell: those within the usual distance, then, where the cell
   turns out to be larger, those out to twice its farthest vertex or the cutoff. *reach2 receives
   the square of that. */
static enum polyhedron_cut cut_by_all(struct cell *cell, struct voronoi_work *work, double *reach2)
{
  *reach2 = HUGE_VAL;
  enum polyhedron_cut cut = cut_by_found(work, reach2);
  while (cut < POLYHEDRON_GONE && cell->outer2 < smaller(*reach2, cell->cutoff2)) {
    find_neighbors(cell, work, cell->outer2, smaller(*reach2, cell->cutoff2));
    cut = cut_by_found(work, reach2);
  }
  if (cut < POLYHEDRON_GONE && *reach2 < cell->cutoff2)
    cell->usual2 = smaller(cell->cutoff2, 0.9 * cell->usual2 + 0.1 * 1.1 * *reach2);
  return cut;
}

/* Whether a vertex lies on a wall. */
static int touches_wall(const struct cell *cell, const struct polyhedron *polyhedron)
{
  for (int w = 0; w < cell->wall_count; w++)
    for (size_t v = 0; v < polyhedron->vertex_count; v++) {
      const double *n = cell->wall[w].normal;
      double at[3];
      polyhedron_vertex(polyhedron, v, at);
      const double height = at[0] * n[0] + at[1] * n[1] + at[2] * n[2];
      if (height > cell->wall[w].offset - 1e-9)
        return 1;
    }
  return 0;
}

/* Whether the point is beyond a wall, and maybe far from its polyhedron. */
static int is_outside(const struct cell *cell)
{
  for (int w = 0; w < cell->wall_count; w++)
    if (cell->wall[w].offset < 0.0)
      return 1;
  return 0;
}

/* Of the polyhedron. All its faces count where no vertex came near to a plane but of its own:
   vertices - edges + faces = 2, and there are 3 edges to 2 vertices. */
static enum mlgrain_status measure(const struct cell *cell, double reach2, int measure_faces,
                                   struct voronoi_work *work, struct mlgrain_voronoi_cell *result)
{
  const struct polyhedron *polyhedron = &work->polyhedron;
  const double scale = cell->scale;
  const int outside = is_outside(cell);
  result->faces = (int)(polyhedron->vertex_count / 2) + 2;
  if (measure_faces || polyhedron->near_tie || outside) {
    if (!voronoi_reserve_faces(work))
      return MLGRAIN_OUT_OF_MEMORY;
    result->faces = voronoi_count_faces(work);
  }
  const double volume = outside ? polyhedron_volume_of_faces(polyhedron, work->measured)
                                : polyhedron_volume(polyhedron);
  result->volume = volume / (scale * scale * scale);
  if (reach2 >= cell->cutoff2)
    result->bounds = MLGRAIN_VORONOI_OPEN;
  else
    result->bounds = touches_wall(cell, polyhedron) ? MLGRAIN_VORONOI_WALL : MLGRAIN_VORONOI_CLOSED;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status compute_cell(struct cell *cell, struct voronoi_work *work,
                                        int measure_faces, struct mlgrain_voronoi_cell *result)
{
  cell->nearest2 = HUGE_VAL;
  find_neighbors(cell, work, 0.0, cell->usual2);
  if (work->sorted.count == 0)
    find_neighbors(cell, work, 0.0, cell->cutoff2);
  *result = (struct mlgrain_voronoi_cell){
      .nearest = __builtin_sqrt(cell->nearest2) / cell->scale,
      .bounds = MLGRAIN_VORONOI_COINCIDENT,
  };
  if (cell->nearest2 < COINCIDENT * cell->cutoff2)
    return MLGRAIN_SUCCESS;

  find_walls(cell);
  double reach2 = 0.0;
  enum polyhedron_cut cut = start(cell, &work->polyhedron);
  if (cut < POLYHEDRON_GONE)
    cut = cut_by_all(cell, work, &reach2);
  if (cut == POLYHEDRON_NO_MEMORY)
    return MLGRAIN_OUT_OF_MEMORY;
  result->bounds = MLGRAIN_VORONOI_WALL;
  if (cut == POLYHEDRON_GONE)
    work->polyhedron.vertex_count = work->polyhedron.plane_count = 0;
  else
    return measure(cell, reach2, measure_faces, work, result);
  return MLGRAIN_SUCCESS;
}

static uint32_t coincident_point(const struct voronoi_neighbors *near)
{
  size_t closest = 0;
  for (size_t j = 1; j < near->count; j++)
    if (near->r2[j] < near->r2[closest])
      closest = j;
  return (uint32_t)near->index[closest];
}

static enum mlgrain_status compute_point(struct cell *cell, struct voronoi_task *task,
                                         struct voronoi_work *work)
{
  const size_t point = (size_t)task->cells->index[cell->center];
  struct mlgrain_voronoi_cell result;
  const enum mlgrain_status status = compute_cell(cell, work, task->visit != NULL, &result);
  if (status)
    return status;
  if (result.bounds == MLGRAIN_VORONOI_COINCIDENT && !task->settings->flag_coincident) {
    task->coincident[0] = cell->center;
    task->coincident[1] = coincident_point(&work->sorted);
    return MLGRAIN_INVALID_ARGUMENT;
  }
  if (task->result)
    task->result[point] = result;
  return task->visit ? voronoi_show(task, work, cell->scale, point, &result) : MLGRAIN_SUCCESS;
}

/* A power of two brings any unit of length to where tolerances are meant without changing a digit:
   cutoffs become 4 .. 8. */
static double scale_of_cutoff(double cutoff)
{
  int exponent;
  frexp(cutoff, &exponent);
  return ldexp(1.0, 3 - exponent);
}

static enum mlgrain_status compute_points(struct cell *cell, struct voronoi_task *task,
                                          struct voronoi_work *work, struct mlgrain_run points)
{
  size_t most = 0;
  for (int r = 0; r < cell->run_count; r++)
    most += cell->run[r].last - cell->run[r].first;
  if (!voronoi_reserve(work, most))
    return MLGRAIN_OUT_OF_MEMORY;
  cell->ball = ball_around(cell->cells, points);
  cell->reach2 = 0.0;
  for (uint32_t i = points.first; i < points.last; i++)
    if (task->chosen[cell->cells->index[i]]) {
      cell->center = i;
      const enum mlgrain_status status = compute_point(cell, task, work);
      if (status)
        return status;
    }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(voronoi_compute)(struct voronoi_task *task,
                                                    struct voronoi_work *work)
{
  const struct mlgrain_cells *cells = task->cells;
  struct cell cell = {.settings = task->settings,
                      .cells = cells,
                      .generator = task->generator,
                      .scale = scale_of_cutoff(task->settings->cutoff)};
  cell.cutoff = task->settings->cutoff * cell.scale;
  cell.usual2 = cell.cutoff2 = cell.cutoff * cell.cutoff;
  int32_t span;
  for (size_t c = task->first_cell; c < task->last_cell; c += (size_t)span) {
    span = cells_together(cells, c, task->last_cell);
    const struct mlgrain_run points = points_of_cells(cells, c, span);
    if (!has_chosen(cells, task->chosen, points))
      continue;
    cell.run_count = mlgrain_cells_runs(cells, c, span, cell.run);
    const enum mlgrain_status status = compute_points(&cell, task, work, points);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}
