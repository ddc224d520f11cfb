// Joins several masks, or several scores, into one: the only WGSL that is generated.
import joinedRanges from "#shaders/attention/joined-ranges.wgsl";
import { readFile } from "../../../gpu/shader/read-declarations.ts";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import { parse } from "../../../wgsl/parse.ts";
import { type Edit, edited, prefixed } from "../../../wgsl/rename.ts";
import { resolve } from "../../../wgsl/scopes.ts";
import type { Variable } from "../../../wgsl/tree.ts";
import { maxOperations } from "../custom/cost.ts";
import { firstBinding, type KeyRange, type MaskMod, type Mod } from "./mod.ts";

/** Maximum number of functions joined: each may bring buffers, of which a kernel has few. */
const maxMembers = 8;

/** One of several, its names prefixed. */
interface Member extends Mod {
  readonly prefix: string;
}

const masks = { glue: "attention/masks/joined", member: "mask", mod: "mask_mod", first: firstBinding.mask } as const;
const scores = {
  glue: "attention/scores/joined",
  member: "score",
  mod: "score_mod",
  first: firstBinding.score,
} as const;

/**
 * The keys that all masks show (`and`), or any of them (`or`): ranges are intersected or spanned, full tiles are full
 * for all masks or for one.
 */
export function joinMasks(how: "and" | "or", mods: readonly MaskMod[]): MaskMod {
  checkMembers(`{ ${how} }`, mods);
  const members = separate(mods, masks);
  const each = (call: (prefix: string) => string, sign: string) => members.map(({ prefix }) => call(prefix)).join(sign);
  const sign = how === "and" ? " && " : " || ";
  const combine = how === "and" ? "both_ranges" : "either_range";
  const ranges = members.map(({ prefix }) => `${prefix}key_range(b, first, last, keys)`);
  const glue = `// ${mods.map(({ part }) => part.name).join(` ${how} `)}

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return ${each((prefix) => `${prefix}mask_mod(b, h, q, k)`, sign)};
}

fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return ${ranges.reduce((all, range) => `${combine}(${all}, ${range})`)};
}

fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return ${each((prefix) => `${prefix}tile_full(b, first_query, last_query, first_key, last_key)`, sign)};
}
`;
  const range = (first: number, last: number, keys: number) =>
    mods.map((mod) => mod.range(first, last, keys)).reduce(how === "and" ? intersection : hull);
  return {
    ...joined({ name: masks.glue, code: glue, parts: [joinedRanges] }, members),
    byHead: mods.some(({ byHead }) => byHead),
    closed: how === "and" && mods.every(({ closed }) => closed),
    range,
  };
}

/** Scores applied in order, the first to the scaled dot product. */
export function chainScores(mods: readonly Mod[]): Mod {
  checkMembers("a chain of scores", mods);
  return chained(mods, separate(mods, scores));
}

/** A score and the part with its derivative. */
interface Differentiable extends Mod {
  readonly derivative: ShaderModule;
}

/**
 * The parts of a chain of scores and of its derivative with respect to the input of member `from`: the product of the
 * derivatives of that one and those after it, each at its input. By default with respect to the scaled dot product.
 */
export function chainDerivatives(mods: readonly Differentiable[], from = 0): readonly ShaderModule[] {
  checkMembers("a chain of scores", mods);
  const both = mods.map((mod) => ({
    ...mod,
    part: { ...mod.derivative, parts: [mod.part] },
  }));
  const members = separate(
    both.map((mod, i) => ({ ...mod, own: [mod.part, ...(mods[i]?.own ?? [mods[i]?.part ?? mod.part])] })),
    scores,
  );
  const steps = members.map(
    ({ prefix }, i) =>
      (i < from ? "" : `  product *= ${prefix}score_derivative(value, b, h, q, k);\n`) +
      `  value = ${prefix}score_mod(value, b, h, q, k);\n`,
  );
  const code = `// The derivative of ${mods.map(({ part }) => part.name).join(" and then ")}

fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  var value = score;
  var product = 1.0;
${steps.join("")}  return product;
}
`;
  const name = "attention/score-derivatives/joined";
  return [chained(mods, members).part, { name, code, parts: [], declares: {} }];
}

/** The part of the derivative with respect to an element of a user's tensor: the value of this function of the text. */
export const slopePart = (name: string): ShaderModule => ({
  name: `attention/score-derivatives/${name}`,
  code: `fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return ${name}(score, b, h, q, k);
}
`,
  parts: [],
  declares: {},
});

/** The part that calls a text's function of elements, of member `i` of a chain, or of a score that is not a chain. */
export function elementPart(name: string, i: number | undefined): ShaderModule {
  const called = i === undefined ? name : `${prefixOf(scores.member, i)}${name}`;
  const code = `fn element_of(b: u32, h: u32, q: u32, k: u32) -> u32 {
  return ${called}(b, h, q, k);
}
`;
  return { name: `attention/backward/elements/${called}`, code, parts: [], declares: {} };
}

/** The prefix of a member's names. */
const prefixOf = (member: string, i: number) => `${member}${i}_`;

/** The function of a chain's members, which are separate. */
function chained(mods: readonly Mod[], members: readonly Member[]): Mod {
  const steps = members.map(({ prefix }) => `  value = ${prefix}score_mod(value, b, h, q, k);\n`);
  const glue = `// ${mods.map(({ part }) => part.name).join(" and then ")}

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  var value = score;
${steps.join("")}  return value;
}
`;
  return joined({ name: scores.glue, code: glue, parts: [] }, members);
}

function checkMembers(what: string, { length }: readonly Mod[]): void {
  if (length > 0 && length <= maxMembers) return;
  throw new ShapeError(`attention: ${what} of ${length}, expected 1 to ${maxMembers}`);
}

/** The functions with unique names, bindings and slots, so that they replace nothing. */
function separate(mods: readonly Mod[], { member, first }: typeof masks | typeof scores): Member[] {
  let binding: number = first;
  return mods.map((mod, i) => {
    const prefix = prefixOf(member, i);
    const own = mod.own ?? [mod.part];
    const scopes = new Map(own.map((module) => [module, resolve(parse(module.code))]));
    const names = new Set([...scopes.values()].flatMap(({ module }) => [...module.keys()]));
    const copies = new Map<ShaderModule, ShaderModule>();
    for (const [module, found] of scopes) {
      const name = `joined/${member}-${i}/${module.name}`;
      const numbers = [...found.definitions].flatMap(({ node, isModule }) =>
        isModule && node.kind === "variable" ? bindingEdits(node, () => binding++) : [],
      );
      const code = edited(module.code, [...prefixed(found, prefix, names), ...numbers]);
      const renamed = module.renamed === undefined ? {} : { renamed: prefix + module.renamed };
      copies.set(module, { ...module, ...renamed, name, code, declares: readFile(code, name) });
    }
    // Parts that others share stay as they are.
    const copy = (module: ShaderModule): ShaderModule => copies.get(module) ?? module;
    for (const [module, result] of copies) copies.set(module, Object.assign(result, { parts: module.parts.map(copy) }));
    const rename = <T>(record: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]));
    return {
      ...mod,
      prefix,
      part: copy(mod.part),
      own: own.map(copy),
      uniforms: rename(mod.uniforms),
      tensors: rename(mod.tensors),
    };
  });
}

/** The edits that give a resource its binding. */
const bindingEdits = ({ attributes }: Variable, next: () => number): Edit[] =>
  attributes
    .filter(({ name }) => name === "binding")
    .flatMap(({ values = [] }) => values.map(({ at, end }) => ({ at, end, text: String(next()) })));

/** The function with the text of `glue` and everything that its members bring. */
function joined(glue: Omit<ShaderModule, "declares">, members: readonly Member[]): Mod {
  const own = members.flatMap((member) => member.own ?? []);
  const operations = members.reduce((sum, member) => sum + (member.operations ?? 0), 0);
  if (operations > maxOperations) {
    throw new ShapeError(
      `attention: ${glue.name} of ${members.length} texts makes ${operations} operations for every pair of a query and a ` +
        `key, expected at most ${maxOperations}`,
    );
  }
  const part = {
    ...glue,
    parts: [...glue.parts, ...members.map((member) => member.part)],
    declares: {},
  };
  return {
    operations,
    part,
    own: [part, ...own],
    uniforms: Object.assign({}, ...members.map(({ uniforms }) => uniforms)),
    tensors: Object.assign({}, ...members.map(({ tensors }) => tensors)),
  };
}

function intersection([first, end]: KeyRange, [other, otherEnd]: KeyRange): KeyRange {
  const last = Math.min(end, otherEnd);
  return [Math.min(Math.max(first, other), last), last];
}

function hull(range: KeyRange, other: KeyRange): KeyRange {
  if (range[0] >= range[1]) return other;
  return other[0] >= other[1] ? range : [Math.min(range[0], other[0]), Math.max(range[1], other[1])];
}
