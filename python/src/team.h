/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that stay between one task and the next, for work that comes in many short pieces. */
#ifndef MLGRAIN_TEAM_H
#define MLGRAIN_TEAM_H

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace mlgrain
{

/* run(work, task, parts) calls work(task, 0) .. work(task, parts - 1), one in each thread while
   there are enough, and returns when all are done. */
class Team
{
public:
  explicit Team(int threads)
  {
    for (int t = 1; t < threads; t++) {
      try {
        others.emplace_back([this] { serve(); });
      } catch (const std::system_error &) {
        break; /* no more threads to be had: the others do the work */
      }
    }
  }
  ~Team()
  {
    {
      const std::lock_guard<std::mutex> guard(lock);
      ended = true;
    }
    begun.notify_all();
    for (auto &thread : others)
      thread.join();
  }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  void run(void (*now)(void *task, int part), void *on, int parts)
  {
    std::unique_lock<std::mutex> guard(lock);
    work = now;
    task = on;
    next = 0;
    count = left = parts;
    begun.notify_all();
    take_parts(guard);
    done.wait(guard, [this] { return left == 0; });
  }

private:
  void serve()
  {
    std::unique_lock<std::mutex> guard(lock);
    while (!ended) {
      take_parts(guard);
      begun.wait(guard, [this] { return ended || next < count; });
    }
  }

  void take_parts(std::unique_lock<std::mutex> &guard)
  {
    while (next < count) {
      const int part = next++;
      guard.unlock();
      work(task, part);
      guard.lock();
      if (--left == 0)
        done.notify_all();
    }
  }

  std::vector<std::thread> others;
  std::mutex lock;
  std::condition_variable begun, done;
  void (*work)(void *task, int part) = nullptr;
  void *task = nullptr;
  int next = 0, count = 0, left = 0;
  bool ended = false;
};

} // namespace mlgrain

#endif
