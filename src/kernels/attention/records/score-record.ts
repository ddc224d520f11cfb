import type { ShaderModule } from "../../../gpu/shader-module.ts";
import type { Mod } from "../mod.ts";
import type { ExampleCall, Filled, Numbers, Parameters, Values } from "./parameters.ts";
import { broughtBy, checkValues, numbersIn } from "./values.ts";

/**
 * All there is to know of a score beside its WGSL and its definition in float64, which is a row of
 * `src/reference/scores.ts`. Types, checks, the command line, pages, tests and docs follow from it.
 */
export interface ScoreRecord<Name extends string = string, P extends Parameters = Parameters> {
  readonly name: Name;
  /** Its file, of `shaders/attention/scores`. */
  readonly part: ShaderModule;
  /** In the order in which they are written. */
  readonly parameters: P;
  /** Values that tests take, by name. */
  examples(call: ExampleCall): Readonly<Record<string, Values<P, Filled>>>;
  /** Throws `ShapeError` for parameters that make no sense together; each alone is checked by what it is. */
  check?(score: Values<P>): void;
  /** Fields of `score_params` where they are others than the numbers among the parameters. */
  params?(score: Values<P>): Numbers;
  /**
   * The score as plain f32 loops compute it, every operation rounded; where left out, its definition with the result
   * rounded. Needed where builtins of WGSL err by more.
   */
  emulation?(score: Values<P, Filled>): (value: number) => number;
  /** What WGSL allows its builtins, in times what it allows exp at 0; 0 where left out. */
  builtins?(score: Values<P, Filled>): number;
}

/** The record of a score, its types inferred. */
export const defineScore = <const Name extends string, const P extends Parameters>(
  record: ScoreRecord<Name, P>,
): ScoreRecord<Name, P> => record;

/** The function of a score of a record. Throws `ShapeError` for parameters that make no sense. */
export function recordScore(record: ScoreRecord, score: Values<Parameters>): Mod {
  const { name, part, parameters } = record;
  checkValues(`score ${name}`, parameters, score);
  record.check?.(score);
  const params = record.params?.(score) ?? numbersIn(parameters, score);
  return {
    part,
    uniforms: Object.keys(params).length > 0 ? { score_params: params } : {},
    tensors: broughtBy(parameters, score),
  };
}
