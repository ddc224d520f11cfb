// Times in turns, as the tuner takes them.
export * from "../../src/tune/timing.ts";
