import callKeyRange from "#shaders/attention/custom/key-range.wgsl";
import callMask from "#shaders/attention/custom/mask.wgsl";
import callScore from "#shaders/attention/custom/score.wgsl";
import callTileFull from "#shaders/attention/custom/tile-full.wgsl";
import callScoreDerivative from "#shaders/attention/score-derivatives/custom.wgsl";
import unknownKeyRange from "#shaders/attention/unknown/key-range.wgsl";
import unknownTileFull from "#shaders/attention/unknown/tile-full.wgsl";
import { ShaderError } from "../../../gpu/errors.ts";
import type { BindingDeclaration } from "../../../gpu/shader/shader-module.ts";
import { splitList } from "../../../gpu/shader/type-size.ts";
import type { DType } from "../../../tensor/dtype.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { BoundTensor } from "../../define/kernel.ts";
import { slopePart } from "../records/joined.ts";
import { type ElementFunctions, firstBinding, type MaskMod, type Mod } from "../records/mod.ts";
import { type Promised, type Reading, readText, type UserText } from "./read-text.ts";

/** A tensor for a storage binding of a user's text, of any shape or of an axis pattern such as `[b, s]`. */
export type CustomTensor = Tensor | { readonly tensor: Tensor; readonly pattern: string };

/** A user's function with its uniform and tensors. */
interface Custom {
  readonly kind: "custom";
  /**
   * WGSL of at most 16 KiB: functions, constants, structs, and in group 2 storage buffers that are read and one uniform
   * struct of scalars. It writes only variables of its functions, its loops have constant bounds, and a pair of a query
   * and a key takes at most 65,536 operations. Its names clash neither with the engine's nor with those of other texts.
   */
  readonly wgsl: string;
  /** Fields of its uniform. */
  readonly params?: Readonly<Record<string, number>>;
  /** Its tensors, by the name of their binding. */
  readonly tensors?: Readonly<Record<string, CustomTensor>>;
}

/**
 * A user's mask: `fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool`, at absolute positions (u32 in two's complement:
 * queries may be before 0). It may also define `fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u`, the
 * half-open range of keys that queries first to last see in any head, and `fn tile_full(b: u32, first_query: u32,
 * last_query: u32, first_key: u32, last_key: u32) -> bool`, whether all of these queries see all of these keys.
 */
export interface CustomMask extends Custom {
  /** The same function for the reference on the CPU. */
  readonly twin?: (b: number, h: number, q: number, k: number) => boolean;
}

/**
 * A user's score: `fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32`. It may also define
 * `fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32`, its derivative with respect to `score`,
 * which gradients need. For the gradient of its tensor `x`, an `array<f32>`, it defines `fn x_element(b: u32, h: u32,
 * q: u32, k: u32) -> u32`, the one element of `x` that the score of a pair reads, or a number past the last for none,
 * and may define `fn x_slope(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32`, the derivative with respect to that
 * element; default 1.
 */
export interface CustomScore extends Custom {
  /** The same function for the reference on the CPU. */
  readonly twin?: (score: number, b: number, h: number, q: number, k: number) => number;
}

const position = (count: number) => Array.from({ length: count }, () => "u32");
const maskMod: Promised = { name: "mask_mod", parameters: position(4), result: "bool", calls: callMask };
const keyRange: Promised = {
  name: "key_range",
  parameters: position(4),
  result: "vec2u",
  calls: callKeyRange,
  otherwise: unknownKeyRange,
};
const tileFull: Promised = {
  name: "tile_full",
  parameters: position(5),
  result: "bool",
  calls: callTileFull,
  otherwise: unknownTileFull,
};
const ofScore = { parameters: ["f32", ...position(4)], result: "f32" } as const;
const scoreMod: Promised = { name: "score_mod", ...ofScore, calls: callScore };
const scoreDerivative: Promised = { name: "score_derivative", ...ofScore, calls: callScoreDerivative };

const mask: Reading = {
  file: "custom/mask",
  promises: [maskMod, keyRange, tileFull],
  prefix: "own_mask_",
  first: firstBinding.mask,
};
const score: Reading = {
  file: "custom/score",
  promises: [scoreMod],
  derivative: scoreDerivative,
  ofTensor: (name) => ({
    element: { name: `${name}_element`, parameters: position(4), result: "u32" },
    slope: { name: `${name}_slope`, ...ofScore },
  }),
  prefix: "own_score_",
  first: firstBinding.score,
};

/** The function of a user's mask. Throws `ShaderError`, with the line, for an invalid text. */
export function customMask(given: CustomMask): MaskMod {
  const text = readText(given.wgsl, mask);
  return {
    ...customMod(given, text, mask, "attention/masks/custom"),
    byHead: text.uses("mask_mod", 1),
    closed: false,
    range: (_first, _last, keys) => [0, keys],
  };
}

/** True if a user's mask reads its head, or is invalid, which is reported where it is used. */
export function usesHead(wgsl: string): boolean {
  try {
    return readText(wgsl, mask).uses("mask_mod", 1);
  } catch (error) {
    if (error instanceof ShaderError) return true;
    throw error;
  }
}

/** The function of a user's score. Throws `ShaderError`, with the line, for an invalid text. */
export function customScore(given: CustomScore): Mod {
  const text = readText(given.wgsl, score);
  const elements = [...text.elements].map(([name, { element, slope }]): [string, ElementFunctions] => [
    name,
    { element: score.prefix + element, slope: slope === undefined ? undefined : slopePart(score.prefix + slope) },
  ]);
  const mod = customMod(given, text, score, "attention/scores/custom");
  return { ...mod, derivative: text.derivative, elements: new Map(elements) };
}

function customMod(
  { params, tensors = {} }: Custom,
  { module, bindings, parts, operations }: UserText,
  { file, prefix }: Reading,
  part: string,
): Mod {
  const uniforms = bindings.filter(({ space }) => space === "uniform");
  const [uniform, second] = uniforms;
  if (second) throw new ShaderError(`${file}: ${uniform?.name} and ${second.name} are uniforms, expected one`, file);
  if (uniform && !params) throw new ShapeError(`${file}: it declares ${uniform.name}, and params are missing`);
  if (params && !uniform) throw new ShapeError(`${file}: params are given, and it declares no uniform for them`);
  if (uniform && params) checkFields(file, uniform, module.declares.structs?.[uniform.type], params);
  const storage = bindings.filter(({ space }) => space === "storage");
  for (const name of Object.keys(tensors)) {
    if (storage.some((one) => one.name === name)) continue;
    const declared = storage.map((one) => one.name).join(", ") || "none";
    throw new ShapeError(`${file}: it declares no storage buffer ${name} for the tensor given; it has ${declared}`);
  }
  const bound = storage.map((one): [string, BoundTensor] => [
    prefix + one.name,
    boundFor(file, one, tensors[one.name]),
  ]);
  const joined = { name: part, code: `// ${file}\n`, parts: [module, ...parts], declares: {} };
  return {
    part: joined,
    own: [joined, module, ...parts],
    uniforms: uniform && params ? { [prefix + uniform.name]: params } : {},
    tensors: Object.fromEntries(bound),
    operations,
  };
}

/** Throws `ShaderError` unless the params are the fields of the uniform's struct, by name. */
function checkFields(
  file: string,
  { name, type }: BindingDeclaration,
  members: string | undefined,
  params: Readonly<Record<string, number>>,
): void {
  const fields = splitList(members ?? "").map((member) => /^(\w+)\s*:\s*(?:u32|i32|f32)$/u.exec(member)?.[1]);
  if (members === undefined || fields.includes(undefined)) {
    const what = members === undefined ? type : `{ ${members} }`;
    throw new ShaderError(`${file}: ${name} is ${what}, expected a struct of u32, i32 and f32`, file);
  }
  const missing = fields.find((field) => !Object.hasOwn(params, field ?? ""));
  if (missing) throw new ShaderError(`${file}: ${name}.${missing} is not among the values given`, file);
  const unknown = Object.keys(params).find((field) => !fields.includes(field));
  if (unknown === undefined) return;
  throw new ShaderError(`${file}: ${name} has no field ${unknown}; it has ${fields.join(", ")}`, file);
}

function boundFor(file: string, { name, type }: BindingDeclaration, given: CustomTensor | undefined): BoundTensor {
  if (!given) throw new ShapeError(`${file}: it declares ${name}, and no tensor of this name is given`);
  const [, scalar, letter] = /^array<(?:(f32|u32|i32|f16)|vec[234]([fuih]))>$/.exec(type) ?? [];
  const dtype = scalar ?? { f: "f32", u: "u32", i: "i32", h: "f16" }[letter ?? ""];
  if (!dtype) throw new ShaderError(`${file}: ${name} is ${type}, expected an array of f32, u32, i32 or f16`, file);
  const types = [dtype as DType];
  const label = `${file}: ${name}`;
  return "pattern" in given
    ? { tensor: given.tensor, pattern: given.pattern, types, label }
    : { tensor: given, types, label };
}
