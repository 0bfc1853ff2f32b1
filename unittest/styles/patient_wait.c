/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sched_yield() for test programs that run on more ranks than there are free cores. Open MPI
   calls it whenever a rank finds no message (mpi_yield_when_idle). The kernel's returns at once if
   other processes have had their share, so that ranks spin while the one they wait for gets no
   core; this one sleeps. It takes the place of the C library's because the program exports it. */
#define _GNU_SOURCE
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <time.h>

int sched_yield(void)
{
  static _Thread_local int prepared;
  if (!prepared) {
    prctl(PR_SET_TIMERSLACK, 1000UL); /* nanoseconds; by default sleeps take 50 us longer */
    prepared = 1;
  }
  const struct timespec moment = {.tv_sec = 0, .tv_nsec = 50000};
  nanosleep(&moment, NULL);
  return 0;
}
