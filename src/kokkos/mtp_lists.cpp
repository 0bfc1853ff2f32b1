/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_lists.h"

extern "C" {
#include "mtp/mtp_private.h"
}

#include <algorithm>
#include <new>

using namespace MLGRAIN_NS;

/* Sorts entries by level, keeping their order within one. */
template <class T>
static MTPLevels<T> by_level(const std::vector<T> &entries, const std::vector<int> &level)
{
  MTPLevels<T> made;
  const int most = level.empty() ? -1 : *std::max_element(level.begin(), level.end());
  for (int l = 0; l <= most; l++) {
    made.start.push_back((int) made.entry.size());
    for (size_t k = 0; k < entries.size(); k++)
      if (level[k] == l) made.entry.push_back(entries[k]);
  }
  made.start.push_back((int) made.entry.size());
  return made;
}

static void list_strips(const mtp_plan &plan, int functions, MTPLists &lists)
{
  lists.strip_start.assign(plan.strip_start, plan.strip_start + functions + 1);
  for (int mu = 0; mu < functions; mu++)
    for (int s = plan.strip_start[mu]; s < plan.strip_start[mu + 1]; s++) {
      const auto &strip = plan.strips[s];
      lists.strips.push_back({mu, strip.b, strip.c, strip.length, (int) strip.slot});
    }
}

/* A moment's level is one above those it is recovered from; on the way back the highest level comes
   first. */
static void list_recovery(const mtp_plan &plan, MTPLists &lists)
{
  std::vector<int> slot_level(plan.basic_slots, 0), level;
  std::vector<MTPRecovery> entries;
  std::vector<std::vector<MTPGatherTerm>> users(plan.basic_slots);
  for (size_t k = 0; k < plan.recovery_count; k++) {
    const auto &one = plan.recovery[k];
    const int target = (int) one.target, plus = (int) one.plus,
              minus[2] = {(int) one.minus[0], (int) one.minus[1]};
    entries.push_back({target, plus, {minus[0], minus[1]}});
    slot_level[target] =
        1 + std::max(slot_level[plus], std::max(slot_level[minus[0]], slot_level[minus[1]]));
    level.push_back(slot_level[target] - 1);
    users[plus].push_back({target, 1.0});
    for (int i : minus) users[i].push_back({target, -1.0});
  }
  lists.recovery = by_level(entries, level);

  const int most = *std::max_element(slot_level.begin(), slot_level.end());
  std::vector<MTPGather> back;
  std::vector<int> back_level;
  for (int slot = 0; slot < (int) plan.basic_slots; slot++) {
    if (users[slot].empty()) continue;
    const int first = (int) lists.gather_terms.size();
    lists.gather_terms.insert(lists.gather_terms.end(), users[slot].begin(), users[slot].end());
    back.push_back({slot, first, (int) lists.gather_terms.size()});
    back_level.push_back(most - 1 - slot_level[slot]);
  }
  lists.gather = by_level(back, back_level);
}

static MTPPanel copy_panel(const mtp_panel &panel)
{
  static_assert(MTP_PANEL == MTP_PANEL_WIDTH, "width of panels");
  MTPPanel made = {};
  made.width = (int) panel.width;
  made.length = (int) panel.length;
  made.partners = (int) panel.partners;
  made.own_factors = (int) panel.own_factors;
  for (int k = 0; k < made.width; k++) {
    made.node[k] = (int) panel.node[k];
    made.weight[k] = panel.weight[k];
  }
  made.factor = (int) panel.factor;
  made.index = (int) panel.index;
  made.partner = (int) panel.partner;
  return made;
}

static void list_panels(const mtp_plan &plan, MTPLists &lists)
{
  std::vector<int> slot_level(plan.slots, 0), level;
  std::vector<MTPPanel> stored;
  for (size_t i = 0; i < plan.stored_count; i++) {
    const auto &panel = plan.stored_panels[i];
    int deepest = 0;
    for (size_t k = 0; k < (size_t) panel.length * (panel.width + 1); k++)
      deepest = std::max(deepest, slot_level[plan.indices[panel.index + k]]);
    for (uint32_t k = 0; k < panel.width; k++) slot_level[panel.node[k]] = deepest + 1;
    stored.push_back(copy_panel(panel));
    level.push_back(deepest);
  }
  lists.stored = by_level(stored, level);
  for (size_t i = 0; i < plan.fused_count; i++)
    lists.fused.push_back(copy_panel(plan.fused_panels[i]));
  lists.factors.assign(plan.factors, plan.factors + plan.factor_count);
  lists.indices.assign(plan.indices, plan.indices + plan.index_count);
}

static std::vector<MTPTerm> copy_terms(const mtp_term *term, size_t count)
{
  std::vector<MTPTerm> made;
  for (size_t k = 0; k < count; k++) made.push_back({term[k].coefficient, (int) term[k].slot});
  return made;
}

static void list_energy(const mtp_plan &plan, MTPLists &lists)
{
  lists.partners = copy_terms(plan.partners, plan.partner_count);
  lists.terms = copy_terms(plan.terms, plan.term_count);
  for (size_t i = 0; i < plan.quadratic_count; i++) {
    const auto &form = plan.quadratics[i];
    lists.quadratics.push_back(
        {(int) form.slot, form.weight, (int) form.first_term, (int) form.last_term});
  }
}

/* All products of the file, sorted by target. */
static void list_products(const mlgrain_mtp_file *file, MTPLists &lists)
{
  std::vector<std::vector<MTPProductTerm>> terms(file->moment_count);
  std::vector<int> moment_level(file->moment_count, 0), level;
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    terms[a[3]].push_back({a[0], a[1], (double) a[2]});
    moment_level[a[3]] =
        std::max(moment_level[a[3]], 1 + std::max(moment_level[a[0]], moment_level[a[1]]));
  }
  std::vector<MTPProduct> entries;
  for (int k = file->basic_count; k < file->moment_count; k++) {
    const int first = (int) lists.product_terms.size();
    lists.product_terms.insert(lists.product_terms.end(), terms[k].begin(), terms[k].end());
    entries.push_back({k, first, (int) lists.product_terms.size()});
    level.push_back(std::max(moment_level[k], 1) - 1);
  }
  lists.products = by_level(entries, level);
}

MTPLists::MTPLists(const mlgrain_mtp_file *file)
{
  mtp_plan plan = {};
  const auto status = mtp_plan_make(file, 1, &plan);
  if (!status) {
    slots = (int) plan.slots;
    reduced = (int) plan.reduced_count;
    basics = (int) plan.basic_slots;
    max_rank = plan.max_rank;
    list_strips(plan, file->radial_count, *this);
    list_recovery(plan, *this);
    list_panels(plan, *this);
    list_energy(plan, *this);
    basic_slot.assign(plan.basic_slot, plan.basic_slot + file->basic_count);
    list_products(file, *this);
  }
  mtp_plan_free(&plan);
  if (status) throw std::bad_alloc();
}
