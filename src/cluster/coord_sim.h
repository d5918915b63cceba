/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated coordination store: one world in memory, any number of sessions (one struct coord each), faults drawn from
 * a seed. Run from one thread, the same seed and calls give the same outcomes; it is thread-safe nevertheless. Used by
 * tests and by the cluster simulator; uses no clock, file or thread of its own.
 */
#ifndef MENCIA_CLUSTER_COORD_SIM_H
#define MENCIA_CLUSTER_COORD_SIM_H

#include "cluster/coord.h"

/* Chances in parts per million, each drawn per call; all zero = a perfect store. */
struct coord_sim_faults {
    uint32_t unknown_applied; /* a write that succeeds answers COORD_UNKNOWN */
    uint32_t unknown_lost;    /* a write answers COORD_UNKNOWN and never happens */
    uint32_t unknown_late;    /* a write answers COORD_UNKNOWN and is tried at a later call of anyone, at the latest at
                                 this session's next write or sync */
    uint32_t unavailable;     /* any call answers COORD_UNAVAILABLE */
    uint32_t stale_read;      /* a read does not catch up with others' writes */
    uint32_t spurious_watch;  /* after a call, a random armed watch of the session fires */
    int64_t delay_us_max;     /* each call first asks for a delay in [0, delay_us_max] */
    void (*delay)(void *arg, int64_t us); /* advances the simulator's clock (or sleeps); NULL = no delays */
    void *delay_arg;
};

struct coord_sim;

/* env serves only last_reply_ns. */
struct coord_sim *coord_sim_new(struct env *env, uint64_t seed);
/* All sessions must be closed. */
void coord_sim_free(struct coord_sim *sim);
void coord_sim_set_faults(struct coord_sim *sim, const struct coord_sim_faults *faults);
/* A new session; never fails. */
struct coord *coord_sim_session(struct coord_sim *sim);
/* The server gives the session up: ephemerals vanish, late writes are dropped, state COORD_LOST, watches fire. */
void coord_sim_expire(struct coord_sim *sim, struct coord *session);
/* Cut off: calls answer COORD_UNAVAILABLE, state COORD_SUSPENDED; connected again, all its watches fire. */
void coord_sim_disconnect(struct coord_sim *sim, struct coord *session, bool cut_off);
/* Carries out late writes and lets every session see everything, firing watches. */
void coord_sim_settle(struct coord_sim *sim);
/* Number of nodes but the root. */
uint32_t coord_sim_count(struct coord_sim *sim);

#endif
