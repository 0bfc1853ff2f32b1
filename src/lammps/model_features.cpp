/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model_features.h"

#include "compute_sfd_atom.h"
#include "compute_soap_atom.h"
#include "neighborhood.h"

#include "arg_info.h"
#include "atom.h"
#include "compute.h"
#include "error.h"
#include "fix.h"
#include "input.h"
#include "lammps.h"
#include "memory.h"
#include "modify.h"
#include "update.h"
#include "utils.h"
#include "variable.h"

#include "mlgrain/model.h"
#include "mlgrain/soap_projection.h"

#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static bool is_input(const char *word)
{
  return strncmp(word, "c_", 2) == 0 || strncmp(word, "f_", 2) == 0 || strncmp(word, "v_", 2) == 0;
}

std::vector<std::string> MLGRAIN_NS::take_inputs(LAMMPS *lmp, int narg, char **arg, bool global,
                                                 int &taken)
{
  taken = 0;
  while (taken < narg && is_input(arg[taken])) taken++;
  char **expanded;
  int *map = nullptr;
  const int count = utils::expand_args(FLERR, taken, arg, global ? 0 : 1, expanded, lmp, &map);
  std::vector<std::string> words(expanded, expanded + count);
  if (expanded != arg) {
    for (int i = 0; i < count; i++) delete[] expanded[i];
    lmp->memory->sfree(expanded);
    lmp->memory->sfree(map);
  }
  return words;
}

static std::string feature_list(const mlgrain_model *model)
{
  std::string list;
  for (int i = 0; i < mlgrain_model_features(model); i++)
    list += std::string(" ") + mlgrain_model_feature(model, i);
  return list;
}

/* Both lists, for messages. */
static std::string two_lists(const mlgrain_model *model, const std::string &inputs)
{
  return std::string("\n  the model's ") + std::to_string(mlgrain_model_features(model)) +
      " features:" + feature_list(model) + "\n  the inputs:" + inputs;
}

AtomFeatures::AtomFeatures(LAMMPS *lmp, const std::string &owner,
                           const std::vector<std::string> &words, const mlgrain_model *model) :
    lmp(lmp),
    owner(owner), words(words), model(model)
{
  for (const auto &word : words) {
    sources.emplace_back(lmp, owner, word);
    sources.back().check();
  }
  match_names();
}

/* The compute that an input comes from; null if it comes from something else. */
Compute *AtomFeatures::compute_of(size_t input) const
{
  const ArgInfo argument(words[input]);
  if (argument.get_type() != ArgInfo::COMPUTE) return nullptr;
  return lmp->modify->get_compute_by_id(argument.get_name());
}

/* "" if the input has none. */
std::string AtomFeatures::name(size_t input) const
{
  const auto *compute = dynamic_cast<ComputeSFDAtom *>(compute_of(input));
  if (!compute) return "";
  const ArgInfo argument(words[input]);
  return compute->column_name(argument.get_dim() ? argument.get_index1() - 1 : 0);
}

void AtomFeatures::match_names() const
{
  std::string list;
  bool same = (int) words.size() == mlgrain_model_features(model);
  for (size_t i = 0; i < words.size(); i++) {
    const std::string known = name(i);
    list += " " + (known.empty() ? words[i] : known);
    if (same && !known.empty() && known != mlgrain_model_feature(model, (int) i)) same = false;
  }
  if (!same)
    lmp->error->all(FLERR,
                    owner + ": the " + std::to_string(words.size()) +
                        " inputs are not the model's features" + two_lists(model, list));
}

static bool differ(double a, double b)
{
  return std::fabs(a - b) > 1.0e-6 * std::fabs(b);
}

static std::string parameter_list(double sigma, double cutoff, const std::vector<double> &weight)
{
  std::string list = "sigma " + to_text(sigma) + ", rcut " + to_text(cutoff) + ", weights";
  for (const double w : weight) list += " " + to_text(w);
  return list;
}

void AtomFeatures::match_parameters(const ComputeSFDAtom *compute, const std::string &word) const
{
  const auto *wanted = mlgrain_model_descriptor(model);
  if (!wanted || strcmp(wanted->style, "sfd/atom") != 0) return;
  const size_t types = (size_t) lmp->atom->ntypes;
  std::vector<double> have(types), want(types, 1.0);
  for (size_t t = 0; t < types; t++) have[t] = compute->type_weight((int) t + 1);
  if (wanted->weights) want.assign(wanted->weight, wanted->weight + wanted->weights);
  bool same = want.size() == types && !differ(compute->width(), wanted->sigma) &&
      !differ(compute->cutoff(), wanted->cutoff);
  for (size_t t = 0; same && t < types; t++) same = !differ(have[t], want[t]);
  if (!same)
    lmp->error->all(FLERR,
                    owner + ": the descriptors of '" + word +
                        "' are not those the model was trained with\n  the model: " +
                        parameter_list(wanted->sigma, wanted->cutoff, want) + "\n  the compute: " +
                        parameter_list(compute->width(), compute->cutoff(), have));
}

static std::string parameter_list(const mlgrain_soap_parameters &p)
{
  return std::string(p.basis == MLGRAIN_SOAP_GTO ? "gto" : "quippy") + ", rcut " +
      to_text(p.cutoff) + ", nmax " + std::to_string(p.n_max) + ", lmax " +
      std::to_string(p.l_max) + ", sigma " + to_text(p.sigma) + ", width " + to_text(p.width) +
      ", central " + to_text(p.central_weight) + ", normalise " + (p.normalise ? "yes" : "no") +
      ", species " + std::to_string(p.species);
}

void AtomFeatures::match_parameters(const ComputeSoapAtom *compute, const std::string &word) const
{
  const auto *wanted = mlgrain_model_descriptor(model);
  if (!wanted || strcmp(wanted->style, "soap/atom") != 0) return;
  mlgrain_soap_parameters want;
  if (!mlgrain_soap_of_descriptor(mlgrain_model_metadata(model, "descriptor"), &want))
    lmp->error->all(FLERR, owner + ": the model's descriptor soap/atom lacks a parameter");
  if (!mlgrain_soap_is_same(&compute->parameters(), &want))
    lmp->error->all(
        FLERR,
        owner + ": the vectors of '" + word +
            "' are not those the model was trained with\n  the model: " + parameter_list(want) +
            "\n  the compute: " + parameter_list(compute->parameters()));
}

void AtomFeatures::check() const
{
  for (size_t i = 0; i < words.size(); i++) {
    sources[i].check();
    auto *compute = compute_of(i);
    if (i > 0 && compute == compute_of(i - 1)) continue;
    if (const auto *sfd = dynamic_cast<ComputeSFDAtom *>(compute))
      match_parameters(sfd, words[i]);
    else if (const auto *soap = dynamic_cast<ComputeSoapAtom *>(compute))
      match_parameters(soap, words[i]);
  }
  match_names();
}

void AtomFeatures::add_piece(const void *from, const double *vector, const double *const *array,
                             int column)
{
  if (array && !pieces.empty()) {
    auto &last = pieces.back();
    if (last.owner == from && last.array == array && last.column + last.count == column) {
      last.count++;
      return;
    }
  }
  pieces.push_back({from, vector, array, column, 1});
}

void AtomFeatures::refresh(int igroup)
{
  pieces.clear();
  size_t variable = 0;
  for (size_t i = 0; i < words.size(); i++) {
    const ArgInfo argument(words[i]);
    const int column = argument.get_dim() ? argument.get_index1() - 1 : -1;
    if (argument.get_type() == ArgInfo::COMPUTE) {
      auto *compute = lmp->modify->get_compute_by_id(argument.get_name());
      if (!(compute->invoked_flag & Compute::INVOKED_PERATOM)) {
        compute->compute_peratom();
        compute->invoked_flag |= Compute::INVOKED_PERATOM;
      }
      add_piece(compute, compute->vector_atom, column < 0 ? nullptr : compute->array_atom, column);
    } else if (argument.get_type() == ArgInfo::FIX) {
      const auto *fix = lmp->modify->get_fix_by_id(argument.get_name());
      if (lmp->update->ntimestep % fix->peratom_freq != 0)
        lmp->error->all(FLERR,
                        owner + ": '" + words[i] + "' is not computed at step " +
                            std::to_string(lmp->update->ntimestep) + ", only every " +
                            std::to_string(fix->peratom_freq));
      add_piece(fix, fix->vector_atom, column < 0 ? nullptr : fix->array_atom, column);
    } else {
      if (variable == variables.size()) variables.emplace_back();
      auto &values = variables[variable++];
      values.resize((size_t) lmp->atom->nlocal);
      sources[i].copy(igroup, values.data());
      add_piece(nullptr, values.data(), nullptr, -1);
    }
  }
}

void AtomFeatures::copy(const int *atoms, size_t n, double *rows) const
{
  for (size_t k = 0; k < n; k++) {
    const int i = atoms[k];
    for (const auto &piece : pieces) {
      if (piece.array)
        memcpy(rows, piece.array[i] + piece.column, (size_t) piece.count * sizeof(double));
      else
        *rows = piece.vector[i];
      rows += piece.count;
    }
  }
}

double AtomFeatures::memory_usage() const
{
  double bytes = 0.0;
  for (const auto &values : variables) bytes += sizeof(double) * (double) values.capacity();
  return bytes;
}

GlobalFeatures::GlobalFeatures(LAMMPS *lmp, const std::string &owner,
                               const std::vector<std::string> &words, const mlgrain_model *model) :
    lmp(lmp),
    owner(owner), words(words)
{
  std::string list;
  for (const auto &word : words) {
    check_word(word);
    list += " " + word;
  }
  if ((int) words.size() != mlgrain_model_features(model))
    lmp->error->all(FLERR,
                    owner + ": the " + std::to_string(words.size()) +
                        " inputs are not the model's features" + two_lists(model, list));
}

void GlobalFeatures::fail(const std::string &word, const std::string &what) const
{
  lmp->error->all(FLERR, owner + ": '" + word + "' " + what);
}

void GlobalFeatures::check() const
{
  for (const auto &word : words) check_word(word);
}

/* Whether an index (0: none) fits a scalar or a vector of that length. */
static bool fits(int index, int scalar, int vector, int length)
{
  return index == 0 ? scalar != 0 : vector && index <= length;
}

void GlobalFeatures::check_word(const std::string &word) const
{
  const ArgInfo argument(word);
  const int index = argument.get_dim() ? argument.get_index1() : 0;
  bool good = false;
  if (argument.get_dim() > 1) fail(word, "has two indices");
  if (argument.get_type() == ArgInfo::COMPUTE) {
    const auto *compute = lmp->modify->get_compute_by_id(argument.get_name());
    if (!compute) fail(word, "is not defined");
    good = fits(index, compute->scalar_flag, compute->vector_flag, compute->size_vector);
  } else if (argument.get_type() == ArgInfo::FIX) {
    const auto *fix = lmp->modify->get_fix_by_id(argument.get_name());
    if (!fix) fail(word, "is not defined");
    good = fits(index, fix->scalar_flag, fix->vector_flag, fix->size_vector);
  } else if (argument.get_type() == ArgInfo::VARIABLE) {
    const int variable = lmp->input->variable->find(argument.get_name());
    if (variable < 0) fail(word, "is not defined");
    good = index ? lmp->input->variable->vectorstyle(variable) != 0
                 : lmp->input->variable->equalstyle(variable) != 0;
  }
  if (!good) fail(word, "is no global number");
}

double GlobalFeatures::value(const std::string &word) const
{
  const ArgInfo argument(word);
  const int index = argument.get_dim() ? argument.get_index1() : 0;
  if (argument.get_type() == ArgInfo::COMPUTE) {
    auto *compute = lmp->modify->get_compute_by_id(argument.get_name());
    const int flag = index ? Compute::INVOKED_VECTOR : Compute::INVOKED_SCALAR;
    if (!(compute->invoked_flag & flag)) {
      if (index)
        compute->compute_vector();
      else
        compute->compute_scalar();
      compute->invoked_flag |= flag;
    }
    return index ? compute->vector[index - 1] : compute->scalar;
  }
  if (argument.get_type() == ArgInfo::FIX) {
    auto *fix = lmp->modify->get_fix_by_id(argument.get_name());
    if (lmp->update->ntimestep % fix->global_freq != 0)
      fail(word, "is not computed at step " + std::to_string(lmp->update->ntimestep));
    return index ? fix->compute_vector(index - 1) : fix->compute_scalar();
  }
  const int variable = lmp->input->variable->find(argument.get_name());
  if (!index) return lmp->input->variable->compute_equal(variable);
  double *vector;
  if (lmp->input->variable->compute_vector(variable, &vector) < index)
    fail(word, "is beyond the end of the variable");
  return vector[index - 1];
}

std::vector<double> GlobalFeatures::row() const
{
  std::vector<double> values;
  for (const auto &word : words) values.push_back(value(word));
  return values;
}
