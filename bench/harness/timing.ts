// Alternating timings, as in the tuner.
export * from "../../src/tune/timing.ts";
