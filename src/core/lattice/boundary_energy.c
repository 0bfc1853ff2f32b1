/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each boundary is compared with the boundaries of the sets <100>, <110> and <111>: those that are
   a pure rotation about such an axis. Its energy is the mean of theirs and of that of a random
   boundary, weighted by how near they are. Names and symbols are those of the paper: p[2] to p[43]
   are its parameters, xi is the angle of the rotation about the axis, eta the asymmetry of the
   tilt, phi the angle between axis and normal. */
#include "mlgrain/boundary_energy.h"

#include <math.h>
#include <string.h>

#include "base/vector3.h"
#include "mlgrain/orientation.h"

#define PI 3.14159265358979323846

enum { PARAMETERS = 44, MOST_AXES = 6, MOST_NEAR = MOST_AXES * 24 };

/* p[k] of aluminium, and those of copper that are other ones. */
static const double aluminium[PARAMETERS] = {0,
                                             0,
                                             0.405204179289160,
                                             0.738862004021890,
                                             0.351631012630026,
                                             2.40065811939667,
                                             1.34694439281655,
                                             0.352260396651516,
                                             0.602137375062785,
                                             1.58082498976078,
                                             0.596442399566661,
                                             1.30981422643602,
                                             3.21443408257354,
                                             0.893016409093743,
                                             0.835332505166333,
                                             0.933176738717594,
                                             0.896076948651935,
                                             0.775053293192055,
                                             0.391719619979054,
                                             0.782601780600192,
                                             0.678572601273508,
                                             1.14716256515278,
                                             0.529386201144101,
                                             0.909044736601838,
                                             0.664018011430602,
                                             0.597206897283586,
                                             0.200371750006251,
                                             0.826325891814124,
                                             0.111228512469435,
                                             0.664039563157148,
                                             0.241537262980083,
                                             0.736315075146365,
                                             0.514591177241156,
                                             1.73804335876546,
                                             3.04687038671309,
                                             1.48989831680317,
                                             0.664965104218438,
                                             0.495035051289975,
                                             0.495402996460658,
                                             0.468878130180681,
                                             0.836548944799803,
                                             0.619285521065571,
                                             0.844685390948170,
                                             1.02295427618256};
static const struct {
  int place;
  double value;
} copper[] = {{7, 3.37892632736175},    {10, 0.710489498577995}, {11, 0.737834049784765},
              {18, 0.509781056492307},  {20, 0.762160812499734}, {21, 1.10473084066580},
              {28, 0.0226010533470218}, {30, 0.297920289861751}, {31, 0.666383447163744},
              {34, 2.69805148576400},   {35, 1.95956771207484},  {36, 0.948894352912787},
              {38, 0.301975031994664},  {39, 0.574050577702240}, {43, 0.0491040633104212}};

/* Energy of a random boundary, J/m^2, and where the metal is between aluminium (0) and copper (1).
 */
static const struct {
  double random_energy, mixture;
} metals[] = {{0.547128733614891, 0.0},
              {1.44532834613925, 0.767911805073948},
              {0.529912885175204, 0.784289766313152},
              {1.03669431227427, 1.0}};

static void set_parameters(enum mlgrain_fcc_metal metal, double p[PARAMETERS])
{
  memcpy(p, aluminium, sizeof aluminium);
  for (size_t k = 0; k < sizeof copper / sizeof *copper; k++)
    p[copper[k].place] += metals[metal].mixture * (copper[k].value - p[copper[k].place]);
}

/* f: 0 at `zero`, 1 at `one`, steep as in Read and Shockley's law at first. */
static double rsw(double x, double zero, double one, double s)
{
  const double y = sin(0.5 * PI * (x - zero) / (one - zero));
  return y < 1e-12 ? 0.0 : y - s * y * log(y);
}

/* Nodes in ascending order with energies; between two nodes the curve rises from the lower one. */
static double curve(double x, const double *node, const double *energy, int count)
{
  int k = 0;
  while (k < count - 2 && x > node[k + 1])
    k++;
  const int low = energy[k] <= energy[k + 1] ? k : k + 1, high = 2 * k + 1 - low;
  return energy[low] + (energy[high] - energy[low]) * rsw(x, node[low], node[high], 0.5);
}

/* x modulo a period, reflected into its first half. */
static double fold(double x, double period)
{
  x = fmod(fabs(x), period);
  return x > 0.5 * period ? period - x : x;
}

static double symmetric_100(const double p[], double x)
{
  const double node[] = {
      0, p[18], acos(4.0 / 5.0), p[19], acos(3.0 / 5.0), 2 * acos(5 / sqrt(34.0)), 0.5 * PI};
  const double energy[] = {0, p[13], p[14], p[15], p[16], p[17], 0};
  return curve(x, node, energy, 7);
}

static double tilt_100(const double p[], double xi, double eta)
{
  const double e1 = symmetric_100(p, xi), e2 = symmetric_100(p, 0.5 * PI - xi);
  return e1 >= e2 ? e1 - (e1 - e2) * pow(2 * eta / PI, p[12])
                  : e2 - (e2 - e1) * pow(1 - 2 * eta / PI, p[12]);
}

static double twist_100(const double p[], double xi)
{
  const double z = sin(2 * fold(xi, 0.5 * PI));
  return z < 1e-12 ? 0.0 : p[10] * (z - p[11] * z * log(z));
}

static double energy_100(const double p[], double xi, double eta, double phi)
{
  const double x = 2 * phi / PI;
  return twist_100(p, xi) * pow(1 - x, p[8]) + tilt_100(p, xi, eta) * pow(x, p[9]);
}

static double symmetric_110(const double p[], double xi)
{
  const double node[] = {0, p[32], acos(1.0 / 3.0), p[33], acos(-7.0 / 11.0), p[34], PI};
  const double energy[] = {0, p[27], p[28], p[29], p[30], p[31], 0};
  return curve(PI - xi, node, energy, 7);
}

static double tilt_110(const double p[], double xi, double eta)
{
  const double e1 = symmetric_110(p, xi), e2 = symmetric_110(p, PI - xi);
  return e1 >= e2 ? e2 + (e1 - e2) * rsw(eta, PI, 0, p[26])
                  : e1 + (e2 - e1) * rsw(eta, 0, PI, p[26]);
}

static double twist_110(const double p[], double xi)
{
  const double node[] = {0, p[22], acos(1.0 / 3.0), 0.5 * PI};
  const double energy[] = {0, p[23], p[24], p[25]};
  return curve(fold(xi, PI), node, energy, 4);
}

static double energy_110(const double p[], double xi, double eta, double phi)
{
  const double x = 2 * phi / PI;
  return twist_110(p, xi) * pow(1 - x, p[20]) + tilt_110(p, xi, eta) * pow(x, p[21]);
}

static double twist_111(const double p[], double xi)
{
  return xi < p[37] ? p[38] * rsw(xi, 0, p[37], p[36])
                    : p[28] + (p[38] - p[28]) * rsw(xi, PI / 3, p[37], p[36]);
}

static double tilt_111(const double p[], double xi, double eta)
{
  const double end = p[41] + (p[42] - p[41]) * rsw(eta, 0, 0.5 * PI / p[43], 0.5);
  return xi < p[39] ? p[40] * rsw(xi, 0, p[39], 0.5)
                    : end + (p[40] - end) * rsw(xi, PI / 3, p[39], 0.5);
}

static double energy_111(const double p[], double xi, double eta, double phi)
{
  xi = fold(xi, 2 * PI / 3);
  eta = fold(eta, 2 * PI / 3);
  const double x = 2 * phi / PI, twist = twist_111(p, xi), tilt = tilt_111(p, xi, eta);
  return twist + (tilt - twist) * (p[35] * x - (p[35] - 1) * x * x);
}

/* The axes of a set with the directions that angles about them count from. */
struct axis_set {
  int axes;
  double axis[MOST_AXES][3], pivot[MOST_AXES][3];
  double (*energy)(const double p[], double xi, double eta, double phi);
};

static const struct axis_set sets[3] = {
    {3, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 1, 0}, {0, 0, 1}, {1, 0, 0}}, energy_100},
    {6,
     {{1, 1, 0}, {1, -1, 0}, {1, 0, 1}, {1, 0, -1}, {0, 1, 1}, {0, 1, -1}},
     {{0, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {1, 0, 0}, {1, 0, 0}},
     energy_110},
    {4,
     {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}},
     {{1, -1, 0}, {1, 1, 0}, {1, 1, 0}, {1, -1, 0}},
     energy_111}};

/* Where a boundary is beside those of one axis. */
struct near {
  double distance, xi, eta, phi;
};

static double round6(double x)
{
  return 1e-6 * round(1e6 * x);
}

/* An angle brought into (-period/2, period/2]. */
static double reduce(double x, double period)
{
  const double rest = x - period * round(x / period);
  return rest <= -0.5 * period + 1e-9 ? rest + period : rest;
}

/* Angle of a vector about an axis, from the pivot. */
static double angle_about(const double axis[3], const double pivot[3], const double v[3])
{
  double across[3];
  cross3(axis, pivot, across);
  return atan2(dot3(across, v), dot3(pivot, v));
}

static void unit3(double v[3])
{
  const double length = norm3(v);
  for (int d = 0; d < 3; d++)
    v[d] /= length;
}

/* v turned about a unit axis. */
static void turn(const double axis[3], double angle, const double v[3], double turned[3])
{
  double q[4] = {cos(0.5 * angle), 0, 0, 0}, m[3][3];
  for (int d = 0; d < 3; d++)
    q[d + 1] = sin(0.5 * angle) * axis[d];
  mlgrain_quaternion_matrix(q, m);
  apply3((const double(*)[3])m, v, turned);
}

/* The rotation q (first component not negative) of a description with normals n1, n2, by the axis
   of a set: whether it counts. */
static int compare(const struct axis_set *set, int a, const double q[4], const double n1[3],
                   const double n2[3], struct near *near)
{
  double axis[3], pivot[3], back[3], m1[3], m2[3];
  memcpy(axis, set->axis[a], sizeof axis);
  memcpy(pivot, set->pivot[a], sizeof pivot);
  unit3(axis);
  unit3(pivot);
  const double sine = norm3(q + 1); /* of half the angle */
  const double along = sine > 0.0 ? dot3(q + 1, axis) / sine : 0.0;
  near->distance = 2 * sqrt(fabs(1 - along * along)) * sine;
  if (near->distance >= 1.0)
    return 0;
  const double theta = 2 * atan(along * sine / q[0]), period = PI * set->axes / 6;
  turn(axis, -theta, n2, back);
  for (int d = 0; d < 3; d++)
    m1[d] = n1[d] + back[d];
  if (norm3(m1) < 1e-9)
    return 0;
  unit3(m1);
  turn(axis, theta, m1, m2);
  const double cosine = fabs(dot3(axis, m1));
  near->phi = acos(fmin(1.0, cosine));
  double theta1 = -0.5 * theta, theta2 = 0.5 * theta;
  if (cosine <= 0.9999) {
    theta1 = angle_about(axis, pivot, m1);
    theta2 = angle_about(axis, pivot, m2);
  }
  theta1 = reduce(theta1, period);
  theta2 = reduce(theta2, period);
  near->xi = round6(fabs(theta2 - theta1));
  near->eta = round6(fabs(theta2 + theta1));
  near->phi = round6(near->phi);
  near->distance = round6(near->distance);
  return 1;
}

static int is_new(const struct near *list, int count, const struct near *near)
{
  for (int k = 0; k < count; k++)
    if (fabs(list[k].distance - near->distance) < 5e-7 && fabs(list[k].xi - near->xi) < 5e-7 &&
        fabs(list[k].eta - near->eta) < 5e-7 && fabs(list[k].phi - near->phi) < 5e-7)
      return 0;
  return 1;
}

/* All that counts of a set, each once. */
static int find_near(const struct axis_set *set, const struct mlgrain_octonion *octonion,
                     struct near list[MOST_NEAR])
{
  double operation[MLGRAIN_MOST_OPERATIONS][4], m[3][3], n1[3];
  const int operations = mlgrain_symmetry_operations(MLGRAIN_CUBIC, operation);
  int count = 0;
  mlgrain_quaternion_matrix(octonion->first, m);
  memcpy(n1, m[2], sizeof n1);
  for (int s = 0; s < operations; s++) { /* R takes vectors of crystal 1 to crystal 2 */
    double second[4], back[4], q[4], n2[3];
    mlgrain_quaternion_product(octonion->second, operation[s], second);
    mlgrain_quaternion_matrix(second, m);
    memcpy(n2, m[2], sizeof n2);
    for (int k = 0; k < 4; k++)
      back[k] = k ? -second[k] : second[k];
    mlgrain_quaternion_product(back, octonion->first, q);
    const double sign = q[0] < 0 ? -1.0 : 1.0;
    for (int k = 0; k < 4; k++)
      q[k] *= sign;
    for (int a = 0; a < set->axes; a++)
      if (compare(set, a, q, n1, n2, &list[count]) && is_new(list, count, &list[count]))
        count++;
  }
  return count;
}

static double weight_of(double distance, double range, double weight)
{
  double s = sin(0.5 * PI * distance / range);
  if (distance > range)
    s = 1.0;
  if (distance < 1e-5 * range)
    s = 1e-5 * 0.5 * PI;
  return weight * (1 / (s * (1 - 0.5 * log(s))) - 1);
}

double mlgrain_boundary_energy(enum mlgrain_fcc_metal metal,
                               const struct mlgrain_octonion *octonion)
{
  double p[PARAMETERS], sum = 1.0, weights = 1.0;
  set_parameters(metal, p);
  for (int k = 0; k < 3; k++) {
    struct near list[MOST_NEAR + 1];
    const int count = find_near(&sets[k], octonion, list);
    for (int i = 0; i < count; i++) {
      const double w = weight_of(list[i].distance, p[2 + k], p[5 + k]);
      sum += w * sets[k].energy(p, list[i].xi, list[i].eta, list[i].phi);
      weights += w;
    }
  }
  return metals[metal].random_energy * sum / weights;
}
