/** The amounts that a client measures. The programs of both languages get the plan as JSON. */
export interface Plan {
  /** The time for which calls, and then streams, are used before any of them counts, in milliseconds. V8 takes a second. */
  readonly firstWarmUpMs: number
  /** The time for which every measurement runs before it counts, in milliseconds. */
  readonly warmUpMs: number
  /** The time for which calls are made, one after another and 32 at a time, in milliseconds. */
  readonly callMs: number
  /** The time for which streaming calls are made, and the number of records in each answer. */
  readonly resultsMs: number
  readonly recordCount: number
  /** The time for which each kind of transfer is repeated, in milliseconds; one is finished in any case. */
  readonly streamMs: number
  /** The transfers, each as a number of writes and their bytes. */
  readonly transfers: readonly { readonly chunkBytes: number; readonly count: number }[]
  readonly pingPongMs: number
  /** The number of connections that are made. */
  readonly connects: number
}

/** Enough for a 99th percentile of Python's calls, and under six minutes with five rounds. */
export const fullPlan: Plan = {
  firstWarmUpMs: 1_000,
  warmUpMs: 100,
  callMs: 700,
  resultsMs: 400,
  recordCount: 1_000,
  streamMs: 200,
  transfers: [
    { chunkBytes: 64, count: 1_000 },
    { chunkBytes: 1024, count: 1_000 },
    { chunkBytes: 64 * 1024, count: 256 },
    { chunkBytes: 1024 * 1024, count: 16 },
  ],
  pingPongMs: 250,
  connects: 9,
}

/** Shows that everything works, and figures of the right order. */
export const quickPlan: Plan = {
  firstWarmUpMs: 100,
  warmUpMs: 40,
  callMs: 150,
  resultsMs: 100,
  recordCount: 500,
  streamMs: 40,
  transfers: [
    { chunkBytes: 64, count: 300 },
    { chunkBytes: 1024, count: 300 },
    { chunkBytes: 64 * 1024, count: 64 },
    { chunkBytes: 1024 * 1024, count: 8 },
  ],
  pingPongMs: 60,
  connects: 3,
}
