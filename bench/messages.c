/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts a program's MPI messages, by the profiling interface of MPI, for bench/messages.sh: to be
   loaded before the program (LD_PRELOAD). When MPI is finalized, a line is added to the file that
   MLGRAIN_MESSAGES names: messages sent to other ranks and their bytes, collective operations and
   the bytes that a rank gives to these; means over the ranks. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES, MESSAGE_BYTES, COLLECTIVES, COLLECTIVE_BYTES, KINDS };

static double counted[KINDS];

static void note(int kind, int count, MPI_Datatype type)
{
  int size = 0;
  if (type != MPI_DATATYPE_NULL)
    PMPI_Type_size(type, &size);
  counted[kind] += 1.0;
  counted[kind + 1] += (double)count * size;
}

int MPI_Send(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
  note(MESSAGES, count, type);
  return PMPI_Send(data, count, type, to, tag, comm);
}

int MPI_Rsend(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
  note(MESSAGES, count, type);
  return PMPI_Rsend(data, count, type, to, tag, comm);
}

int MPI_Isend(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request *request)
{
  note(MESSAGES, count, type);
  return PMPI_Isend(data, count, type, to, tag, comm, request);
}

int MPI_Sendrecv(const void *data, int count, MPI_Datatype type, int to, int tag, void *received,
                 int most, MPI_Datatype received_type, int from, int received_tag, MPI_Comm comm,
                 MPI_Status *status)
{
  note(MESSAGES, count, type);
  return PMPI_Sendrecv(data, count, type, to, tag, received, most, received_type, from,
                       received_tag, comm, status);
}

int MPI_Allreduce(const void *data, void *result, int count, MPI_Datatype type, MPI_Op op,
                  MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Allreduce(data, result, count, type, op, comm);
}

int MPI_Reduce(const void *data, void *result, int count, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Reduce(data, result, count, type, op, root, comm);
}

int MPI_Bcast(void *data, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Bcast(data, count, type, root, comm);
}

int MPI_Scan(const void *data, void *result, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Scan(data, result, count, type, op, comm);
}

int MPI_Allgather(const void *data, int count, MPI_Datatype type, void *result, int each,
                  MPI_Datatype result_type, MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Allgather(data, count, type, result, each, result_type, comm);
}

int MPI_Allgatherv(const void *data, int count, MPI_Datatype type, void *result, const int each[],
                   const int begin[], MPI_Datatype result_type, MPI_Comm comm)
{
  note(COLLECTIVES, count, type);
  return PMPI_Allgatherv(data, count, type, result, each, begin, result_type, comm);
}

int MPI_Barrier(MPI_Comm comm)
{
  note(COLLECTIVES, 0, MPI_DATATYPE_NULL);
  return PMPI_Barrier(comm);
}

int MPI_Finalize(void)
{
  const char *path = getenv("MLGRAIN_MESSAGES");
  double sum[KINDS];
  int rank, ranks;
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  PMPI_Comm_size(MPI_COMM_WORLD, &ranks);
  PMPI_Reduce(counted, sum, KINDS, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  FILE *file = rank == 0 && path ? fopen(path, "a") : NULL;
  if (file) {
    fprintf(file, "%.17g %.17g %.17g %.17g\n", sum[MESSAGES] / ranks, sum[MESSAGE_BYTES] / ranks,
            sum[COLLECTIVES] / ranks, sum[COLLECTIVE_BYTES] / ranks);
    fclose(file);
  }
  return PMPI_Finalize();
}
