import { randomSource } from "../../src/check/random.ts";

/** The seed of every fuzzer; SHADERFORMER_SEED sets another. */
export const seed = Number(process.env["SHADERFORMER_SEED"] ?? 1);

/** How many inputs a fuzzer makes: `all` in `npm run test:fuzz`, `some` of them, the first ones, in `npm test`. */
export const attempts = (all: number, some: number) => (process.env["SHADERFORMER_FUZZ"] === "1" ? all : some);

/** Random numbers for the fuzzer of this name, the same in every run with one seed. */
export const randomFor = (name: string) =>
  randomSource([...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, seed));
