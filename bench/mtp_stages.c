/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the time of a moment tensor potential goes, stage by stage, beside the time that the
   stage's multiply-adds would take if nothing hindered them (each a multiply-add or multiplication
   of a vector, at the rate that a loop of nothing else reaches here): mtp_stages [-n cells] [-a
   lattice] [-u displacement] [-r repeats] [-l level] FILE... in a body-centered cubic crystal with
   thermal displacements. Every block of centers is timed by itself; figures are medians over all
   blocks, so that what interrupts some of them doesn't count. bench/mtp_stages.sh makes files and
   calls this. */
#define _POSIX_C_SOURCE 200809L
#include "mtp_stages.h"

#include <time.h>
#include <unistd.h>

#include "mtp_crystal.h"

static const double skin = 2.0, margin = 0.4; /* of long and short lists, Angstrom */

static const char *const stage_name[STAGES] = {"gather",   "radial", "moments", "products",
                                               "adjoints", "forces", "scatter"};

struct options {
  struct crystal_options crystal;
  int repeats, first_level, last_level;
};

/* Median us/atom of each stage, and what the limit is. */
struct stage_times {
  double time[STAGES], limit[STAGES];
};

static double seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Multiply-adds of a vector for one neighbor of each lane, from the adjoints to a gradient. */
static double force_multiplies(const struct mlgrain_mtp *mtp)
{
  const struct mtp_plan *plan = &mtp->plan;
  double sum = 9.0 + 7.0 * mtp->radial_count;
  for (int s = 0; s < plan->strip_start[mtp->radial_count]; s++)
    if (plan->strips[s].length > 1)
      sum += 2.0 * plan->strips[s].length; /* value and slope, Horner's rule for three sums */
  return sum;
}

/* Multiply-adds of vectors for a block of `rows` rows. */
static void count_multiplies(const struct mlgrain_mtp *mtp, double rows, double count[STAGES])
{
  const struct mtp_plan *plan = &mtp->plan;
  double stored = 0.0, stored_left = 0.0, fused = 0.0, fused_left = 0.0;
  for (size_t i = 0; i < plan->stored_count; i++) {
    stored += (double)plan->stored_panels[i].width * plan->stored_panels[i].length;
    stored_left += plan->stored_panels[i].length;
  }
  for (size_t i = 0; i < plan->fused_count; i++) {
    fused += (double)plan->fused_panels[i].width * plan->fused_panels[i].length;
    fused_left += plan->fused_panels[i].length;
  }
  memset(count, 0, STAGES * sizeof *count);
  count[STAGE_RADIAL] = rows * mtp->radial_count * (2.0 * (mtp->radial_size - 1) + 3.0);
  count[STAGE_MOMENTS] =
      rows * (plan->reduced_count + plan->strip_start[mtp->radial_count] + 3.0 * plan->max_rank);
  count[STAGE_PRODUCTS] = stored + stored_left + 2.0 * (double)plan->term_count + 3.0 * fused +
                          2.0 * fused_left + 2.0 * (double)plan->partner_count;
  count[STAGE_ADJOINTS] = 2.0 * (stored + stored_left);
  count[STAGE_FORCES] = rows * force_multiplies(mtp);
}

/* Ticks of the clock between stages in a microsecond. */
static double ticks_per_microsecond(void)
{
#ifdef __x86_64__
  const double start = seconds();
  const uint64_t first = __builtin_ia32_rdtsc();
  while (seconds() - start < 0.1)
    ;
  return (double)(__builtin_ia32_rdtsc() - first) / (1e6 * (seconds() - start));
#else
  return 1000.0;
#endif
}

static stages_kernel *kernel_of(int level, int mixed)
{
#ifdef MLGRAIN_X86_64_LEVELS
  if (level == 2)
    return mixed ? time_stages_single_v4 : time_stages_v4;
  if (level == 1)
    return mixed ? time_stages_single_v3 : time_stages_v3;
#else
  (void)level;
#endif
  return mixed ? time_stages_single_v2 : time_stages_v2;
}

/* Appends a run's ticks of each stage: all[stage][0 .. *measured). */
static void keep(const struct stage_clock *clock, size_t room, float *all, size_t *measured)
{
  for (size_t b = 0; b < clock->blocks; b++, ++*measured)
    for (int s = 0; s < STAGES; s++)
      all[(size_t)s * room + *measured] = clock->ticks[b][s];
}

static struct stage_times measure(const struct mlgrain_mtp *mtp, const struct crystal *crystal,
                                  stages_kernel *kernel, int repeats)
{
  const size_t atoms = (size_t)crystal->local, room = atoms * (size_t)repeats;
  struct mlgrain_mtp_workspace *workspace;
  double(*force)[3] = checked(calloc((size_t)crystal->total, sizeof *force));
  float(*screen)[4] = checked(malloc((size_t)crystal->total * sizeof *screen));
  float *all = checked(malloc(STAGES * room * sizeof *all));
  const int species = 0;
  struct stage_clock clock = {.ticks = checked(malloc(atoms * sizeof *clock.ticks))};
  struct mlgrain_mtp_atoms list = {.x = (const double(*)[3])crystal->x,
                                   .type = crystal->type,
                                   .species_of_type = &species,
                                   .type_count = 1,
                                   .neighbors = (const int *const *)crystal->neighbors,
                                   .neighbor_count = crystal->neighbor_count,
                                   .neighbor_mask = -1,
                                   .screen = (const float(*)[4])screen};
  struct mlgrain_mtp_result result = {.force = force, .smallest_distance = INFINITY};
  size_t measured = 0;
  list.screen_extent = mlgrain_mtp_screen(&list, crystal->x[0], 0, (size_t)crystal->total, screen);
  if (mlgrain_mtp_workspace_create(&workspace, NULL) ||
      mlgrain_mtp_shorten(mtp, workspace, &list, crystal->center, atoms, margin, NULL))
    exit(EXIT_FAILURE);
  const struct mtp_task task = {mtp, workspace, &list, crystal->center, atoms, &result};
  for (int repeat = 0; repeat < repeats; repeat++) {
    kernel(&task, &clock);
    keep(&clock, room, all, &measured);
  }
  struct stage_times times;
  const double scale = 1.0 / (ticks_per_microsecond() * clock.lanes);
  count_multiplies(mtp, clock.rows / (double)clock.blocks, times.limit);
  for (int s = 0; s < STAGES; s++) {
    qsort(all + (size_t)s * room, measured, sizeof *all, ascending);
    times.time[s] = (double)all[(size_t)s * room + measured / 2] * scale;
    times.limit[s] *= clock.ticks_per_multiply * scale;
  }
  mlgrain_mtp_workspace_free(workspace);
  free(clock.ticks);
  free(all);
  free(screen);
  free(force);
  return times;
}

static void print_row(const char *name, int level, int mixed, const struct stage_times *times)
{
  double time = 0.0, limit = 0.0;
  for (int s = 0; s < STAGES; s++) {
    time += times->time[s];
    limit += times->limit[s];
  }
  printf("| %s | %s | %s |", name, mlgrain_simd_name((enum mlgrain_simd_level)level),
         mixed ? "mixed" : "double");
  for (int s = 0; s < STAGES; s++) {
    printf(" %.3g", times->time[s]);
    if (times->limit[s] > 0.0)
      printf(" (%.2g)", times->limit[s]);
    printf(" |");
  }
  printf(" %.3g (%.2g) | %.1f |\n", time, limit, time / limit);
  fflush(stdout);
}

static void run(const char *path, const struct options *options)
{
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error;
  struct crystal crystal = {0};
  if (mlgrain_mtp_file_read(path, &file, &error)) {
    fprintf(stderr, "%s\n", error.text);
    exit(EXIT_FAILURE);
  }
  add_atoms(&options->crystal, file->max_dist + skin, &crystal);
  add_lists(file->max_dist + skin, &crystal);
  const char *slash = strrchr(path, '/');
  for (int level = options->last_level; level >= options->first_level; level--)
    for (int mixed = 0; mixed < 2; mixed++) {
      struct mlgrain_mtp *mtp;
      if ((mixed ? mlgrain_mtp_create_mixed
                 : mlgrain_mtp_create)(file, (enum mlgrain_simd_level)level, &mtp, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(EXIT_FAILURE);
      }
      const struct stage_times times =
          measure(mtp, &crystal, kernel_of(level, mixed), options->repeats);
      print_row(slash ? slash + 1 : path, level, mixed, &times);
      mlgrain_mtp_free(mtp);
    }
  free_crystal(&crystal);
  mlgrain_mtp_file_free(file);
}

static void parse(int argc, char **argv, struct options *options)
{
  for (int c; (c = getopt(argc, argv, "n:a:u:r:l:")) != -1;) {
    if (take_option(&options->crystal, c, optarg))
      continue;
    if (c == 'r')
      options->repeats = atoi(optarg);
    else if (c == 'l')
      options->first_level = options->last_level = atoi(optarg);
    else
      exit(EXIT_FAILURE);
  }
  if (options->repeats < 1 || options->crystal.cells < 2 || options->first_level < 0 ||
      options->last_level > (int)mlgrain_simd_best()) {
    fprintf(stderr, "at least one repeat and two cells, a level of this machine\n");
    exit(EXIT_FAILURE);
  }
}

int main(int argc, char **argv)
{
  struct options options = {
      .crystal = {.cells = 6, .species = 1, .lattice = 2.83, .displacement = 0.08},
      .repeats = 20,
      .first_level = mlgrain_simd_best() ? 1 : 0,
      .last_level = (int)mlgrain_simd_best()};
  parse(argc, argv, &options);
  printf("| potential | instructions | precision |");
  for (int s = 0; s < STAGES; s++)
    printf(" %s |", stage_name[s]);
  printf(" all | times its limit |\n|---|---|---|");
  for (int s = 0; s < STAGES; s++)
    printf("---|");
  printf("---|--:|\n");
  for (int f = optind; f < argc; f++)
    run(argv[f], &options);
  return EXIT_SUCCESS;
}
