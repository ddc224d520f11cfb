import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { Mod } from "./mod.ts";
import type { ExampleCall, Filled, Numbers, Parameters, Values } from "./parameters.ts";
import { boundBy, checkValues, numbersIn } from "./values.ts";

/**
 * Everything about a score except its WGSL and its definition in float64, which is a row of
 * `src/reference/attention/masks.ts`. Types, checks, the command line, pages, tests and docs are derived from it.
 */
export interface ScoreRecord<Name extends string = string, P extends Parameters = Parameters> {
  readonly name: Name;
  /** Its file in `shaders/attention/scores`. */
  readonly part: ShaderModule;
  /** In written order. */
  readonly parameters: P;
  /** Values for tests, by name. */
  examples(call: ExampleCall): Readonly<Record<string, Values<P, Filled>>>;
  /** Throws `ShapeError` for invalid combinations of parameters; each is also checked by its type. */
  check?(score: Values<P>): void;
  /** Fields of `score_params`, where they are not just the numeric parameters. */
  params?(score: Values<P>): Numbers;
  /**
   * The score as plain f32 loops compute it, every operation rounded; default its definition with the result rounded.
   * Required where WGSL's builtins have larger errors.
   */
  emulation?(score: Values<P, Filled>): (value: number) => number;
  /** Errors that WGSL allows its builtins, as multiples of those of exp at 0; default 0. */
  builtins?(score: Values<P, Filled>): number;
}

/** The record of a score, its types inferred. */
export const defineScore = <const Name extends string, const P extends Parameters>(
  record: ScoreRecord<Name, P>,
): ScoreRecord<Name, P> => record;

/** The function of a record's score. Throws `ShapeError` for invalid parameters. */
export function recordScore(record: ScoreRecord, score: Values<Parameters>): Mod {
  const { name, part, parameters } = record;
  checkValues(`score ${name}`, parameters, score);
  record.check?.(score);
  const params = record.params?.(score) ?? numbersIn(parameters, score);
  return {
    part,
    uniforms: Object.keys(params).length > 0 ? { score_params: params } : {},
    tensors: boundBy(parameters, score),
  };
}
