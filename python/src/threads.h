/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads of the binding: the standard library's, since OpenMP's don't outlive a fork and quarrel
   with those of other Python packages. */
#ifndef MLGRAIN_THREADS_H
#define MLGRAIN_THREADS_H

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace mlgrain
{

/* Calls work(first, last, thread) for consecutive ranges of 0 .. count-1, `chunk` long, until all
   are done or one has thrown, which is thrown on. thread: 0 .. threads-1. */
template <class Work> void in_threads(size_t count, size_t chunk, int threads, const Work &work)
{
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex lock;
  const auto run = [&](int thread) {
    try {
      for (size_t first = next.fetch_add(chunk); first < count; first = next.fetch_add(chunk))
        work(first, std::min(first + chunk, count), thread);
    } catch (...) {
      const std::lock_guard<std::mutex> guard(lock);
      failure = failure ? failure : std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> others;
  const size_t useful = std::min<size_t>(static_cast<size_t>(threads), count / chunk + 1);
  for (size_t t = 1; t < useful; t++) {
    try {
      others.emplace_back(run, static_cast<int>(t));
    } catch (const std::system_error &) {
      break; /* no more threads to be had: the others do the work */
    }
  }
  run(0);
  for (auto &thread : others)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
}

/* Chunks so small that threads end together, so large that beginning one costs nothing. */
inline size_t chunk_of(size_t count, int threads, size_t least, size_t most)
{
  return std::clamp(count / (16 * static_cast<size_t>(threads)), least, most);
}

} // namespace mlgrain

#endif
