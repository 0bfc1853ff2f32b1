/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms whose features are a model's rows, gone through by the threads of a rank. */
#ifndef MLGRAIN_ROW_WORKERS_H
#define MLGRAIN_ROW_WORKERS_H

#include <memory>
#include <vector>

namespace MLGRAIN_NS {

/* A Worker is what one thread needs. It has `status` and `error` of what it did last, `sum`, what
   it counted, and memory_usage(). */
template <class Worker> class RowWorkers {
 public:
  std::vector<int> chosen;    // local atoms to go through

  /* Calls predict(first, last, worker) for a part of the chosen atoms in each thread. make()
     returns a new Worker. */
  template <class Make, class Predict>
  void run(int threads, const Make &make, const Predict &predict)
  {
    used = (size_t) threads;
    while (workers.size() < used) workers.emplace_back(make());
    const size_t n = chosen.size();
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads)
#endif
    for (int t = 0; t < threads; t++)
      predict(n * (size_t) t / used, n * ((size_t) t + 1) / used, *workers[(size_t) t]);
  }

  /* Sets the sums of what all counted; what the first says that failed, or null. */
  const char *add_up(std::vector<double> &sums) const
  {
    sums.assign(sums.size(), 0.0);
    for (size_t t = 0; t < used; t++) {
      if (workers[t]->status) return workers[t]->error.text;
      for (size_t i = 0; i < sums.size(); i++) sums[i] += workers[t]->sum[i];
    }
    return nullptr;
  }

  double memory_usage() const
  {
    double bytes = sizeof(int) * (double) chosen.capacity();
    for (const auto &worker : workers) bytes += worker->memory_usage();
    return bytes;
  }

 private:
  std::vector<std::unique_ptr<Worker>> workers;
  size_t used = 0;    // of them, in the last run
};

}    // namespace MLGRAIN_NS

#endif
