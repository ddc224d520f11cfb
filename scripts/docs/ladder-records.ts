// What the tables of ladders are made of.
export { counters } from "../../src/study/ladders/ladder.ts";
export { ladders } from "../../src/study/ladders/ladders.ts";
