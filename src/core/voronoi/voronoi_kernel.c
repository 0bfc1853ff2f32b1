/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells of points from their neighbors in a cell grid. Which planes a polyhedron is cut by,
   in which order, and when it is complete: the plane halfway to a neighbor at d is
   d . v = d . d / 2, and no neighbor with |d| > 2 max |v| reaches the polyhedron. */
#include "polyhedron_cut.h"
#include "voronoi_private.h"

/* Squared distance, over the cutoff's, below which two points are at one place. */
#define COINCIDENT 1e-18

/* Which points to collect: those at inner2 <= r^2 < outer2 (scaled), the center not among them. */
struct search {
  const struct mlgrain_cells *cells;
  const unsigned char *generator; /* NULL: all points */
  double scale, inner2, outer2;
  uint32_t center;
  int run_count;
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
};

/* The cell in work. */
struct cell {
  const struct mlgrain_voronoi_settings *settings;
  double cutoff, cutoff2; /* scaled */
  double usual2; /* r^2 within which the last few points had all neighbors that matter */
  double nearest2;
  struct search search;
  int wall_count;
  struct plane wall[MLGRAIN_VORONOI_MAX_WALLS];
};

/* The bits of points that are generators. */
static unsigned keep_generators(const struct search *search, uint32_t first, unsigned bits)
{
  unsigned kept = 0;
  for (; bits; bits &= bits - 1) {
    const unsigned lane = (unsigned)__builtin_ctz(bits);
    if (search->generator[search->cells->index[first + lane]])
      kept |= 1u << lane;
  }
  return kept;
}

/* The bits of points within the shell that are neighbors; first .. last-1 is what remains of the
   run. */
static unsigned choose(const struct search *search, uint32_t first, uint32_t last, vector r2)
{
  unsigned bits = vector_mask_bits((r2 >= search->inner2) & (r2 < search->outer2));
  if (last - first < WIDTH)
    bits &= (1u << (last - first)) - 1;
  if (search->center - first < WIDTH)
    bits &= ~(1u << (search->center - first));
  return search->generator ? keep_generators(search, first, bits) : bits;
}

static void gather(const struct search *search, struct voronoi_neighbors *near)
{
  const struct mlgrain_cells *cells = search->cells;
  const uint32_t center = search->center;
  const double x = cells->x[center], y = cells->y[center], z = cells->z[center];
  vector_int lane;
  for (int l = 0; l < WIDTH; l++)
    lane[l] = l;
  size_t count = 0;
  for (int r = 0; r < search->run_count; r++) {
    for (uint32_t j = search->run[r].first; j < search->run[r].last; j += WIDTH) {
      const vector dx = (vector_load(cells->x + j) - x) * search->scale;
      const vector dy = (vector_load(cells->y + j) - y) * search->scale;
      const vector dz = (vector_load(cells->z + j) - z) * search->scale;
      const vector r2 = dx * dx + dy * dy + dz * dz;
      const unsigned bits = choose(search, j, search->run[r].last, r2);
      if (!bits)
        continue;
      vector_compress_store(near->x + count, bits, dx);
      vector_compress_store(near->y + count, bits, dy);
      vector_compress_store(near->z + count, bits, dz);
      vector_compress_store(near->r2 + count, bits, r2);
      vector_compress_store((double *)near->index + count, bits, (vector)(lane + (int64_t)j));
      count += (unsigned)__builtin_popcount(bits);
    }
  }
  near->count = count;
}

/* Nearest first as far as it matters: counting sort into shells of equal width in r^2. */
static void sort_into_shells(const struct voronoi_neighbors *near, double inner2, double outer2,
                             unsigned char *shell, struct voronoi_neighbors *sorted)
{
  enum { COUNT = 64 };
  const double per_shell = COUNT / (outer2 - inner2);
  unsigned place[COUNT + 1] = {0};
  for (size_t i = 0; i < near->count; i++) {
    const int s = (int)((near->r2[i] - inner2) * per_shell);
    shell[i] = (unsigned char)(s < COUNT ? s : COUNT - 1);
    place[shell[i] + 1]++;
  }
  for (int s = 0; s < COUNT; s++)
    place[s + 1] += place[s];
  sorted->count = near->count;
  for (size_t i = 0; i < near->count; i++) {
    const unsigned to = place[shell[i]]++;
    sorted->x[to] = near->x[i];
    sorted->y[to] = near->y[i];
    sorted->z[to] = near->z[i];
    sorted->r2[to] = near->r2[i];
    sorted->index[to] = near->index[i];
  }
}

/* Finds the neighbors at inner2 <= r^2 < outer2. */
static void find_neighbors(struct cell *cell, struct voronoi_work *work, double inner2,
                           double outer2)
{
  cell->search.inner2 = inner2;
  cell->search.outer2 = outer2;
  gather(&cell->search, &work->near);
  sort_into_shells(&work->near, inner2, outer2, work->shell, &work->sorted);
  for (size_t j = 0; j < work->near.count; j++)
    cell->nearest2 = work->near.r2[j] < cell->nearest2 ? work->near.r2[j] : cell->nearest2;
}

/* Neighbors first .. last-1 whose plane has a vertex beyond it. Neighbors in lanes, one vertex
   after the other; the sign bit of a lane is set for good by the first vertex beyond its plane. */
static size_t find_cutting(const struct voronoi_neighbors *near, size_t first, size_t last,
                           const struct polyhedron *polyhedron, uint32_t *found)
{
  size_t count = 0;
  for (size_t j = first; j < last; j += WIDTH) {
    const vector x = vector_load(near->x + j);
    const vector y = vector_load(near->y + j);
    const vector z = vector_load(near->z + j);
    const vector offset = 0.5 * vector_load(near->r2 + j);
    vector_int beyond = {0};
    for (size_t v = 0; v < polyhedron->vertex_count; v++)
      beyond |= (vector_int)(((offset - x * polyhedron->x[v]) - y * polyhedron->y[v]) -
                             z * polyhedron->z[v]);
    unsigned bits = vector_mask_bits(beyond < 0);
    if (last - j < WIDTH)
      bits &= (1u << (last - j)) - 1;
    for (; bits; bits &= bits - 1)
      found[count++] = (uint32_t)j + (unsigned)__builtin_ctz(bits);
  }
  return count;
}

/* The walls that pass through the cube around the point. */
static void find_walls(struct cell *cell)
{
  const struct mlgrain_cells *cells = cell->search.cells;
  const uint32_t center = cell->search.center;
  const double half = 0.5 * cell->cutoff;
  cell->wall_count = 0;
  for (int w = 0; w < cell->settings->wall_count; w++) {
    const double *n = cell->settings->wall[w].normal;
    const double distance = cell->settings->wall[w].offset - n[0] * cells->x[center] -
                            n[1] * cells->y[center] - n[2] * cells->z[center];
    const struct plane wall = {
        {n[0], n[1], n[2]}, 1.0, distance * cell->search.scale, MLGRAIN_VORONOI_WALL_FACE - w};
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

static inline enum polyhedron_cut cut_by_neighbor(struct polyhedron *polyhedron,
                                                  const struct voronoi_neighbors *list, size_t j)
{
  const struct plane plane = {{list->x[j], list->y[j], list->z[j]},
                              __builtin_sqrt(list->r2[j]),
                              0.5 * list->r2[j],
                              list->index[j]};
  return polyhedron_cut(polyhedron, &plane);
}

/* Cuts by the neighbors found, in their order: the first `direct` ones, then those that have
   something to cut, which it is cheaper to find for all at once, and again after a few more. */
static enum polyhedron_cut cut_by_found(struct voronoi_work *work, size_t direct)
{
  enum { BETWEEN_SEARCHES = 4 };
  const struct voronoi_neighbors *list = &work->sorted;
  struct polyhedron *polyhedron = &work->polyhedron;
  direct = direct < list->count ? direct : list->count;
  for (size_t j = 0; j < direct; j++) {
    const enum polyhedron_cut cut = cut_by_neighbor(polyhedron, list, j);
    if (cut >= POLYHEDRON_GONE)
      return cut;
  }
  for (size_t next = direct; next < list->count;) {
    const size_t count = find_cutting(list, next, list->count, polyhedron, work->candidate);
    const size_t now = count < BETWEEN_SEARCHES ? count : BETWEEN_SEARCHES;
    for (size_t c = 0; c < now; c++) {
      const enum polyhedron_cut cut = cut_by_neighbor(polyhedron, list, work->candidate[c]);
      if (cut >= POLYHEDRON_GONE)
        return cut;
    }
    next = now < count ? work->candidate[now] : list->count;
  }
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
  enum { DIRECT_CUTS = 12 };
  enum polyhedron_cut cut = cut_by_found(work, DIRECT_CUTS);
  if (cut >= POLYHEDRON_GONE)
    return cut;
  *reach2 = 4.0 * polyhedron_radius2(&work->polyhedron);
  while (cell->search.outer2 < smaller(*reach2, cell->cutoff2)) {
    find_neighbors(cell, work, cell->search.outer2, smaller(*reach2, cell->cutoff2));
    cut = cut_by_found(work, 0);
    if (cut >= POLYHEDRON_GONE)
      return cut;
    *reach2 = 4.0 * polyhedron_radius2(&work->polyhedron);
  }
  if (*reach2 < cell->cutoff2) {
    const double seen2 = 1.02 * *reach2, before2 = 0.95 * cell->usual2;
    cell->usual2 = smaller(cell->cutoff2, seen2 > before2 ? seen2 : before2);
  }
  return POLYHEDRON_CUT;
}

/* Whether a vertex lies on a wall. */
static int touches_wall(const struct cell *cell, const struct polyhedron *polyhedron)
{
  for (int w = 0; w < cell->wall_count; w++)
    for (size_t v = 0; v < polyhedron->vertex_count; v++) {
      const double *n = cell->wall[w].normal;
      const double height =
          polyhedron->x[v] * n[0] + polyhedron->y[v] * n[1] + polyhedron->z[v] * n[2];
      if (height > cell->wall[w].offset - 1e-9)
        return 1;
    }
  return 0;
}

/* Of the polyhedron. All its faces count where no vertex came near to a plane but of its own:
   vertices - edges + faces = 2, and there are 3 edges to 2 vertices. */
static enum mlgrain_status measure(const struct cell *cell, double reach2, int measure_faces,
                                   struct voronoi_work *work, struct mlgrain_voronoi_cell *result)
{
  const struct polyhedron *polyhedron = &work->polyhedron;
  const double scale = cell->search.scale;
  result->volume = polyhedron_volume(polyhedron) / (scale * scale * scale);
  result->faces = (int)(polyhedron->vertex_count / 2) + 2;
  if (measure_faces || polyhedron->near_tie) {
    if (!voronoi_reserve_faces(work))
      return MLGRAIN_OUT_OF_MEMORY;
    result->faces = voronoi_count_faces(work);
  }
  if (reach2 >= cell->cutoff2)
    result->bounds = MLGRAIN_VORONOI_OPEN;
  else
    result->bounds =
        touches_wall(cell, polyhedron) ? MLGRAIN_VORONOI_WALL : MLGRAIN_VORONOI_CLOSED;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status compute_cell(struct cell *cell, struct voronoi_work *work,
                                        int measure_faces, struct mlgrain_voronoi_cell *result)
{
  cell->nearest2 = HUGE_VAL;
  find_neighbors(cell, work, 0.0, cell->usual2);
  if (work->near.count == 0)
    find_neighbors(cell, work, 0.0, cell->cutoff2);
  *result = (struct mlgrain_voronoi_cell){
      .nearest = __builtin_sqrt(cell->nearest2) / cell->search.scale,
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
  const size_t point = (size_t)task->cells->index[cell->search.center];
  struct mlgrain_voronoi_cell result;
  const enum mlgrain_status status = compute_cell(cell, work, task->visit != NULL, &result);
  if (status)
    return status;
  if (result.bounds == MLGRAIN_VORONOI_COINCIDENT && !task->settings->flag_coincident) {
    task->coincident[0] = cell->search.center;
    task->coincident[1] = coincident_point(&work->near);
    return MLGRAIN_INVALID_ARGUMENT;
  }
  if (task->result)
    task->result[point] = result;
  return task->visit ? voronoi_show(task, work, cell->search.scale, point, &result)
                     : MLGRAIN_SUCCESS;
}

/* A power of two brings any unit of length to where tolerances are meant without changing a digit:
   cutoffs become 4 .. 8. */
static double scale_of_cutoff(double cutoff)
{
  int exponent;
  frexp(cutoff, &exponent);
  return ldexp(1.0, 3 - exponent);
}

enum mlgrain_status MLGRAIN_KERNEL(voronoi_compute)(struct voronoi_task *task,
                                                    struct voronoi_work *work)
{
  const struct mlgrain_cells *cells = task->cells;
  struct cell cell = {.settings = task->settings,
                      .search = {.cells = cells,
                                 .generator = task->generator,
                                 .scale = scale_of_cutoff(task->settings->cutoff)}};
  cell.cutoff = task->settings->cutoff * cell.search.scale;
  cell.usual2 = cell.cutoff2 = cell.cutoff * cell.cutoff;
  for (size_t c = task->first_cell; c < task->last_cell; c++) {
    if (cells->start[c] == cells->start[c + 1])
      continue;
    cell.search.run_count = mlgrain_cells_runs(cells, c, 1, cell.search.run);
    size_t most = 0;
    for (int r = 0; r < cell.search.run_count; r++)
      most += cell.search.run[r].last - cell.search.run[r].first;
    if (!voronoi_reserve(work, most))
      return MLGRAIN_OUT_OF_MEMORY;
    for (uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      if (!task->chosen[cells->index[i]])
        continue;
      cell.search.center = i;
      const enum mlgrain_status status = compute_point(&cell, task, work);
      if (status)
        return status;
    }
  }
  return MLGRAIN_SUCCESS;
}
