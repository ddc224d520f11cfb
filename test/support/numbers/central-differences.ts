// Gradients by central differences, in float64: what a backward definition is checked against.
import { expect } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { at, type Dense, dense, sizeOf } from "../../../src/reference/dense.ts";

/** Tensors by name. */
type Tensors = Readonly<Record<string, Dense>>;

/** Gradients by name: that of input `x` is `dx`. */
type Gradients<I> = { readonly [N in keyof I & string as `d${N}`]?: Dense };

/** A forward definition with its backward, and where they are compared. */
export interface Differentiable<I extends Tensors, O extends Tensors> {
  readonly forward: (inputs: I) => O;
  /** Gradients of some or all inputs, from the inputs and the gradient of each result under the result's name. */
  readonly backward: (inputs: I, upstream: O) => Gradients<I>;
  /** Small: every element is moved both ways. Away from where a function has a corner, by ten steps or more. */
  readonly inputs: I;
  /** Seed of the upstream gradients. */
  readonly seed?: number;
}

/** The step for an element, and the error allowed of the largest gradient (training-and-encoders, section 5.5). */
const relativeStep = 1e-5;
const tolerance = 1e-7;

/**
 * Random gradients of results, each under the result's name. Never ones: a row of softmax, and one of a layer norm,
 * have the same sum for any input, and ones would hide a term that is missing.
 */
export function upstreamOf<O extends Tensors>(results: O, seed = 1): O {
  const drawn = Object.entries(results).map(([name, { shape }], i) => [
    name,
    dense(shape, normal(sizeOf(shape), 1000 * seed + i)),
  ]);
  return Object.fromEntries(drawn) as O;
}

/**
 * The gradient of `Σ upstream · result` over all results, with respect to the input of this name, by central
 * differences: each element is moved by 1e-5 of its size (at least 1e-5) both ways. Results are subtracted element by
 * element, so that what does not depend on the element cancels exactly.
 */
export function centralDifferences<I extends Tensors, O extends Tensors>(
  forward: (inputs: I) => O,
  inputs: I,
  upstream: O,
  name: keyof I & string,
): Dense {
  const input = inputs[name];
  if (!input) throw new RangeError(`there is no input ${name}`);
  const moved = (i: number, value: number) =>
    forward({ ...inputs, [name]: { ...input, values: input.values.with(i, value) } });
  const gradients = Array.from(input.values, (value, i) => {
    const step = relativeStep * Math.max(1, Math.abs(value));
    const [above, below] = [value + step, value - step];
    const [high, low] = [moved(i, above), moved(i, below)];
    let change = 0;
    for (const [result, { values }] of Object.entries<Dense>(upstream)) {
      const [after, before] = [high[result], low[result]];
      if (!after || !before) throw new RangeError(`there is no result ${result}`);
      for (let j = 0; j < values.length; j++) change += at(values, j) * (at(after.values, j) - at(before.values, j));
    }
    return change / (above - below);
  });
  return dense(input.shape, gradients);
}

/**
 * Fails unless each gradient that `backward` returns is within 1e-7 of its largest element of the central differences,
 * everywhere, and all are exactly zero where the upstream gradient is. Fails too where `backward` returns none.
 */
export function expectGradients<I extends Tensors, O extends Tensors>({
  forward,
  backward,
  inputs,
  seed,
}: Differentiable<I, O>): void {
  const results = forward(inputs);
  const upstream = upstreamOf(results, seed);
  const nothing = Object.fromEntries(Object.entries(results).map(([name, { shape }]) => [name, dense(shape)])) as O;
  const found = Object.entries<Dense | undefined>(backward(inputs, upstream)).filter(([, one]) => one !== undefined);
  const zeros = backward(inputs, nothing) as Readonly<Record<string, Dense | undefined>>;
  if (found.length === 0) expect.fail("backward returns no gradient");
  for (const [gradient, actual] of found as [string, Dense][]) {
    const name = gradient.slice(1);
    if (!gradient.startsWith("d") || !inputs[name]) expect.fail(`${gradient} is the gradient of no input`);
    const wanted = centralDifferences(forward, inputs, upstream, name);
    expect(actual.shape, gradient).toEqual(wanted.shape);
    const largest = wanted.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of wanted.values.entries()) {
      const error = Math.abs(at(actual.values, i) - value);
      if (error <= tolerance * largest) continue;
      expect.fail(`${gradient}[${i}] is ${actual.values[i]}, differences give ${value}, and the largest is ${largest}`);
    }
    const rest = [...(zeros[gradient]?.values ?? [Number.NaN])].filter((value) => value !== 0);
    expect(rest, `${gradient} of a zero upstream gradient`).toEqual([]);
  }
}
