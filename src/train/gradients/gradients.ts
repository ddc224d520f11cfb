import { GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { RecordedCalls } from "../../gpu/program/recording.ts";
import type { Storage } from "../../gpu/storage.ts";
import { optionalTensor, tensorCheck } from "../../kernels/define/arguments.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import {
  anything,
  callback,
  checkOptions,
  checkValue,
  fieldsOf,
  listOf,
  recordOf,
  required,
  text,
} from "../../options/checks.ts";
import { isFloat } from "../../tensor/formats/formats.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { Accumulator, type Expected } from "./accumulator.ts";
import { checkCopies, checkOverwrites } from "./overwrites.ts";
import { Recomputed } from "./recompute.ts";
import { isBroadcast, type Region, withoutRepeats } from "./regions.ts";
import { type Destination, GradientError, type InputGradients, type Rule } from "./rule.ts";
import { summedTo } from "./rules/shapes.ts";
import { rules } from "./rules.ts";
import { piecesOf, resultOf, writtenBy } from "./trace.ts";
import { pathTo, type Step, type Walk, walk } from "./walk.ts";

/** How to differentiate. */
export interface GradientOptions {
  /**
   * The gradient of the first tensor, f32 in its shape, which may then be any tensor; default 1 for a loss of one
   * number.
   */
  readonly upstream?: Tensor | undefined;
  /** Rules for your own ops, or to replace built-in ones. */
  readonly rules?: readonly Rule[] | undefined;
}

const parameterCheck = recordOf(tensorCheck);
const fields = fieldsOf<GradientOptions>({
  upstream: optionalTensor,
  rules: listOf(anything), // each is checked below, so that an error names what is missing
});
const ruleFields = fieldsOf<Rule>({ of: required(callback), record: required(callback), unread: listOf(text) });

/**
 * The gradients of a loss of one number by parameters: f32 tensors of their shapes, by the same names; undefined for
 * one that the loss does not depend on. Called inside `record`, after the loss: the calls in between are walked in
 * reverse, and each op's rule records its vector-Jacobian product as calls (reverse mode, Griewank and Walther 2008,
 * section 3.2). Parameters are f32, f16 or bf16. The order of all additions is that of the recording, so two runs give
 * the same bits.
 *
 * @throws GradientError for an op without a rule on the path to a parameter, with the ops on that path; for memory that
 * is overwritten before the loss; for a loss of several numbers without `upstream`. GpuError outside `record`.
 */
export function gradients<P extends Readonly<Record<string, Tensor>>>(
  gpu: Gpu,
  loss: Tensor,
  parameters: P,
  options: GradientOptions = {},
): { readonly [K in keyof P]: Tensor | undefined } {
  checkValue("gradients", "loss", tensorCheck, loss);
  checkValue("gradients", "parameters", parameterCheck, parameters);
  checkOptions("gradients", fields, options);
  for (const [i, rule] of options.rules?.entries() ?? []) checkOptions("gradients", ruleFields, rule, `rules[${i}].`);
  const { recorded } = gpu;
  if (!recorded)
    throw new GpuError("gradients was called outside of record, expected inside the one that has the loss");
  const seed = seedOf(gpu, loss, options.upstream);
  for (const [name, parameter] of Object.entries(parameters)) checkParameter(name, parameter);
  const path = walk([...recorded.calls], new Map(Object.entries(parameters)), loss);
  const table = new Map([...rules, ...(options.rules ?? [])].map((rule) => [rule.of, rule]));
  for (const step of path.active) checkRule(step, table, path);
  checkOverwrites(path, table);
  checkCopies(recorded.operations, path);
  const known = new Accumulator(gpu, expectedOf(path, loss, parameters));
  for (const piece of piecesOf(loss)) known.add(piece, seed);
  const recomputed = new Recomputed(recorded);
  for (const step of path.active.toReversed()) differentiate(gpu, step, table, path, known, recorded, recomputed);
  for (const [name, value] of recorded.named) {
    const tapped = gpu.isTapped(`d ${name}`) && value instanceof Tensor ? gradientOf(gpu, value, known) : undefined;
    if (tapped) gpu.tap(`d ${name}`, tapped);
  }
  const found = Object.entries(parameters).map(
    ([name, parameter]) => [name, gradientOf(gpu, parameter, known)] as const,
  );
  const results = [...found.map(([, gradient]) => gradient), ...recorded.named.values()];
  recomputed.dropUnread(results.flatMap((one) => one?.storages ?? []));
  return Object.fromEntries(found) as { readonly [K in keyof P]: Tensor | undefined };
}

function seedOf(gpu: Gpu, loss: Tensor, upstream: Tensor | undefined): Tensor {
  if (!isFloat(loss.dtype)) throw new GradientError(`gradients: loss is ${loss.dtype}, expected f32`);
  if (!upstream) {
    if (loss.size === 1) return fill(gpu, loss.shape, 1);
    const is = `gradients: loss is ${formatShape(loss.shape)}`;
    throw new GradientError(`${is}, expected one number, or its gradient as upstream`);
  }
  if (upstream.dtype === "f32" && formatShape(upstream.shape) === formatShape(loss.shape)) return upstream;
  const is = `gradients: upstream is ${upstream.dtype} ${formatShape(upstream.shape)}`;
  throw new GradientError(`${is}, expected f32 ${formatShape(loss.shape)} (from loss)`);
}

function checkParameter(name: string, parameter: Tensor): void {
  if (isFloat(parameter.dtype) && !isBroadcast(parameter)) return;
  const is = isBroadcast(parameter) ? "a view that repeats elements" : parameter.dtype;
  throw new GradientError(`gradients: parameter ${name} is ${is}, expected memory of f32, f16 or bf16`);
}

function checkRule({ call, reads }: Step, table: ReadonlyMap<object, Rule>, { depends }: Walk): void {
  if (call.by && table.has(call.by)) return;
  const from = [...reads].find((storage) => depends.has(storage));
  const path = from ? `${pathTo(from, depends)} → ${call.op}` : call.op;
  throw new GradientError(
    `gradients: ${call.op}/${call.variant} has no rule for its gradient; on the way from a parameter to the loss: ${path}`,
  );
}

/** What is known before gradients are computed: the size of each storage, and the views by which steps read it. */
function expectedOf({ active, depends }: Walk, loss: Tensor, parameters: object): Map<Storage, Expected> {
  const found = new Map<Storage, { elements: number; regions: Region[] }>();
  const add = (tensor: Tensor, isRead: boolean) => {
    for (const { storage, region } of piecesOf(tensor)) {
      const elements = (storage.bytes / 4) * (tensor.dtype === "f32" ? 1 : 2);
      const one = found.get(storage) ?? { elements, regions: [] };
      found.set(storage, one);
      if (isRead) one.regions.push(withoutRepeats(region));
    }
  };
  add(loss, true);
  for (const parameter of Object.values(parameters)) add(parameter, false);
  for (const { inputs, results } of active) {
    for (const result of results.values()) if (isFloat(result.dtype)) add(result, false);
    for (const input of inputs.values()) {
      if (isFloat(input.dtype) && input.storages.some((storage) => depends.has(storage))) add(input, true);
    }
  }
  return found;
}

/** Records the rule of one step, and adds its results to the gradients of the step's inputs. */
function differentiate(
  gpu: Gpu,
  step: Step,
  table: ReadonlyMap<object, Rule>,
  { depends }: Walk,
  known: Accumulator,
  { calls }: RecordedCalls,
  recomputed: Recomputed,
): void {
  const { call, inputs, results } = step;
  const rule = table.get(call.by ?? call);
  const gradient = Object.fromEntries(
    [...results].flatMap(([name, result]) => {
      const one = isFloat(result.dtype) ? gradientOf(gpu, result, known) : undefined;
      return one ? [[name, one]] : [];
    }),
  );
  if (!rule || Object.keys(gradient).length === 0) return;
  const wanted = [...inputs].filter(
    ([, { dtype, storages }]) => isFloat(dtype) && storages.some((storage) => depends.has(storage)),
  );
  const needs = new Set(wanted.map(([name]) => name));
  const source = recomputed.of(call);
  const first = calls.length;
  const { options, tensors = {} } = source;
  const { destination, lent } = lending(new Map(wanted), Object.values(gradient), known);
  const given = rule.record(gpu, { tensors, options, result: resultOf(source), gradient, needs, destination });
  const fresh = new Set(calls.slice(first).flatMap((made) => [...writtenBy(made)]));
  for (const [name, input] of wanted) {
    const isThere = given[name] !== undefined && given[name] === lent.get(name);
    if (isThere) known.settle({ storage: input.storage, region: input });
    else contribute(gpu, call.op, name, input, given, { known, fresh });
  }
  for (const made of calls.slice(first)) made.of = call;
}

/** Destinations for a rule's gradients, which it does not read, and those it has requested. */
function lending(wanted: ReadonlyMap<string, Tensor>, read: readonly Tensor[], known: Accumulator) {
  const lent = new Map<string, Tensor>();
  const destination = (name: string): Destination | undefined => {
    const input = wanted.get(name);
    if (!input || input.segments.length > 1 || isBroadcast(input)) return undefined;
    const found = known.destination({ storage: input.storage, region: input });
    if (!found || read.some(({ storages }) => storages.includes(found.y.storage))) return undefined;
    lent.set(name, found.y);
    return found;
  };
  return { destination, lent };
}

function contribute(
  gpu: Gpu,
  op: string,
  name: string,
  input: Tensor,
  given: InputGradients,
  { known, fresh }: { readonly known: Accumulator; readonly fresh: ReadonlySet<Storage> },
): void {
  const gradient = given[name];
  if (!(name in given)) throw new GradientError(`gradients: the rule of ${op} gives no gradient for ${name}`);
  if (!gradient) return;
  if (gradient.dtype !== "f32" || formatShape(gradient.shape) !== formatShape(input.shape)) {
    throw new GradientError(
      `gradients: the rule of ${op} gives ${gradient.dtype} ${formatShape(gradient.shape)} for ${name}, ` +
        `expected f32 ${formatShape(input.shape)}`,
    );
  }
  if (isBroadcast(input) && input.segments.length === 1) {
    // Elements repeated by a view get the sum of their repetitions' gradients.
    const region = withoutRepeats(input);
    known.add({ storage: input.storage, region }, summedTo(gpu, gradient, region.shape), fresh);
    return;
  }
  const pieces = piecesOf(input);
  const parts = pieces.length === 1 ? [gradient] : rowsOf(gradient, input.segments);
  for (const [i, piece] of pieces.entries()) known.add(piece, parts[i] as Tensor, fresh);
}

/** The rows of a gradient for each segment: its own segments if it has as many. */
function rowsOf(gradient: Tensor, segments: Tensor["segments"]): Tensor[] {
  const { gpu, shape, strides } = gradient;
  if (gradient.segments.length === 1) return segments.map(({ begin, end }) => slice(gradient, 0, begin, end));
  return gradient.segments.map(({ storage, begin, end }) => {
    const rows = shape.with(0, end - begin);
    return new Tensor(gpu, rows, "f32", [{ storage, begin: 0, end: end - begin }], strides, 0);
  });
}

/** The gradient of a tensor, in as many segments; undefined without a gradient. */
function gradientOf(gpu: Gpu, tensor: Tensor, known: Accumulator): Tensor | undefined {
  const pieces = piecesOf(tensor);
  const found = pieces.map((piece) => known.of(piece));
  if (found.length === 1) return found[0];
  if (found.every((one) => one === undefined)) return undefined;
  const segments = tensor.segments.map(({ begin, end }, i) => {
    const rows = found[i] ?? fill(gpu, tensor.shape.with(0, end - begin), 0);
    return { storage: rows.storage, begin, end };
  });
  return new Tensor(gpu, tensor.shape, "f32", segments);
}
