import { evaluator, wholeNumber } from "../../constants.ts";
import { WgslError } from "../../error.ts";
import { parseTokens } from "../../parse.ts";
import { type Edit, edited } from "../../rename.ts";
import { definitionOf, predeclared, resolve, type Scopes } from "../../scopes.ts";
import { type Token, tokensOf } from "../../tokens.ts";
import type { Call, FunctionDeclaration, Module } from "../../tree.ts";
import { allStatements } from "../../walk.ts";
import type { EntryPoint } from "../program.ts";
import { printsOf } from "./prints-of.ts";
import {
  type AddedNames,
  bytesOfBuffer,
  declarationsFor,
  type GpuPrint,
  linesIn,
  type PrintCall,
  readRecords,
  wordsOfRecord,
} from "./records.ts";

export interface InstrumentOptions {
  /** Lines that are kept, 10,000 unless given; fewer where the device's buffers are too small for them. */
  readonly maxLines?: number;
  /** Limits of the device; unless given those that every device has. */
  readonly limits?: {
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxStorageBufferBindingSize: number;
  };
}

/** The buffer that a text prints to. */
interface PrintBuffer {
  readonly group: number;
  readonly binding: number;
  /** Its size. It is zero before a dispatch; what another dispatch prints follows what is there. */
  readonly bytes: number;
  /** Lines that are kept. */
  readonly maxLines: number;
  /** Reads its content after a dispatch: lines by workgroup, lane, and order in the lane, and how many were dropped. */
  readonly read: (content: ArrayBuffer) => { readonly prints: GpuPrint[]; readonly droppedPrints: number };
}

/** A text that a GPU takes. */
interface Instrumented {
  /** Every line keeps its number; what is added as lines follows the last one. */
  readonly code: string;
  /** Undefined where the entry point prints nothing. */
  readonly buffer: PrintBuffer | undefined;
}

const commonLimits = { maxStorageBuffersPerShaderStage: 8, maxStorageBufferBindingSize: 2 ** 27 };

/** Builtin values that a record has, and their types. */
const inputs = { local_invocation_index: "u32", workgroup_id: "vec3<u32>" } as const;

/**
 * Makes `print(…)` something that a GPU does: each call of an entry point, and of what it calls, becomes the call of a
 * function that appends a record to a storage buffer, in a binding of its own. What the entry point does not reach is
 * left out. Arguments are evaluated where they were, once, and nothing else of the text changes.
 *
 * @param entry The entry point, of the text as `checkProgram` has read it.
 * @throws WgslError with its position: where no storage binding is left, not one line fits into a buffer, or the text
 *   redeclares a name of WGSL that the added functions need. RangeError for options.
 */
export function instrumentPrints(code: string, entry: EntryPoint, options: InstrumentOptions = {}): Instrumented {
  const { maxLines = 10_000, limits = commonLimits } = options;
  if (!Number.isInteger(maxLines) || maxLines < 1) {
    throw new RangeError(`maxLines is ${maxLines}; at least one line is kept`);
  }
  const tokens = tokensOf(code);
  const module = parseTokens(tokens);
  const scopes = resolve(module);
  const reached = printsOf(entry);
  const nodes = printCallsIn(module, scopes);
  const kept = nodes.filter(({ at }) => reached.has(at));
  const left = nodes.filter(({ at }) => !reached.has(at));
  const calls = kept.map(
    ({ at }): PrintCall => ({ at, line: code.slice(0, at).split("\n").length, types: reached.get(at) ?? [] }),
  );
  const omitted = left.map((node) => omission(code, node));
  if (calls.length === 0) return { code: edited(code, omitted), buffer: undefined };
  const { at } = kept[0] as Call;
  checkStorage(entry, limits.maxStorageBuffersPerShaderStage, at);
  const lines = Math.min(maxLines, linesIn(limits.maxStorageBufferBindingSize, calls));
  if (lines === 0) {
    const most = limits.maxStorageBufferBindingSize;
    throw new WgslError(`a line of print has ${4 * wordsOfRecord(calls)} bytes; a buffer has ${most} at most`, at);
  }
  const names = unusedNames(tokens, calls);
  const place = freePlace(module, scopes, entry);
  const added = declarationsFor(calls, names, place, lines);
  checkNames(added, scopes, at);
  const renamed = kept.map(
    ({ callee }, i): Edit => ({ at: callee.at, end: callee.end, text: names.functions[i] as string }),
  );
  const instrumented = edited(code, [...omitted, ...renamed, ...entryEdits(module, tokens, entry, names)]);
  const buffer: PrintBuffer = {
    group: place.group,
    binding: place.binding,
    bytes: bytesOfBuffer(calls, lines),
    maxLines: lines,
    read: (content) => readRecords(calls, lines, content),
  };
  return { code: `${instrumented}\n${added}\n`, buffer };
}

/** Calls of the interpreter's `print`, not of one that the text declares. */
function printCallsIn({ declarations }: Module, scopes: Scopes): Call[] {
  const functions = declarations.filter((one) => one.kind === "function");
  return functions.flatMap(({ body }) =>
    [...allStatements(body)].flatMap((statement) => {
      if (statement.kind !== "call-statement") return [];
      const { call } = statement;
      return call.callee.name === "print" && !definitionOf(scopes, call.callee) ? [call] : [];
    }),
  );
}

/** A statement that does nothing, also in the head of a `for`, on as many lines. */
function omission(code: string, { at, end }: Call): Edit {
  return { at, end, text: `_ = 0${code.slice(at, end).replace(/[^\n]/g, "")}` };
}

function checkStorage({ name, function: { uses } }: EntryPoint, most: number, at: number): void {
  const used = [...uses].filter(({ space }) => space === "storage").length;
  if (used < most) return;
  const limit = `the device allows ${most} (maxStorageBuffersPerShaderStage)`;
  throw new WgslError(`print needs a storage binding of its own; ${name} uses ${used}, and ${limit}`, at);
}

/** Throws for a predeclared name in the added text that means something else in this one. */
function checkNames(added: string, { module }: Scopes, at: number): void {
  const taken = tokensOf(added).find(({ text }) => predeclared.has(text) && module.has(text));
  if (taken) throw new WgslError(`print on a GPU needs WGSL's ${taken.text}, which the text redeclares`, at);
}

/** Names with a beginning that no word of the text has. */
function unusedNames(tokens: readonly Token[], calls: readonly PrintCall[]): AddedNames {
  const words = tokens.filter(({ kind }) => kind === "word").map(({ text }) => text);
  let prefix = "print_";
  for (let i = 2; words.some((word) => word.startsWith(prefix)); i++) prefix = `print${i}_`;
  return {
    struct: `${prefix}Lines`,
    buffer: `${prefix}lines`,
    lane: `${prefix}lane`,
    workgroup: `${prefix}workgroup`,
    functions: calls.map((_, i) => `${prefix}${i}`),
  };
}

/** The first binding that no variable of the text has, in the first group that the entry point uses. */
function freePlace({ declarations }: Module, scopes: Scopes, { function: { uses } }: EntryPoint) {
  const own = [...uses].flatMap(({ binding }) => binding ?? []);
  const group = own.reduce((least, one) => Math.min(least, one.group), own[0]?.group ?? 0);
  const evaluate = evaluator(scopes);
  const declared = declarations.flatMap((one) => {
    if (one.kind !== "variable") return [];
    const [inGroup, binding] = ["group", "binding"].map((name) => {
      const value = one.attributes.find((attribute) => attribute.name === name)?.values?.[0];
      return value && wholeNumber(evaluate(value));
    });
    return inGroup === group && binding !== undefined ? [binding] : [];
  });
  const taken = new Set([...declared, ...own.filter((one) => one.group === group).map(({ binding }) => binding)]);
  let binding = 0;
  while (taken.has(binding)) binding++;
  return { group, binding };
}

/** Parameters for the builtin values that the entry point has not, and what keeps all of them, before its body. */
function entryEdits({ declarations }: Module, tokens: readonly Token[], entry: EntryPoint, names: AddedNames): Edit[] {
  const isEntry = (one: Module["declarations"][number]): one is FunctionDeclaration =>
    one.kind === "function" && one.label.at === entry.function.span.at;
  const node = declarations.find(isEntry) as FunctionDeclaration;
  const known = new Map(entry.parameters.flatMap(valuesIn));
  const added: string[] = [];
  const sourceOf = (builtin: keyof typeof inputs, name: string) => {
    const own = known.get(builtin);
    if (own === undefined) added.push(`@builtin(${builtin}) ${name}: ${inputs[builtin]}, `);
    return own ?? name;
  };
  const lane = sourceOf("local_invocation_index", `${names.lane}_in`);
  const workgroup = sourceOf("workgroup_id", `${names.workgroup}_in`);
  const open = (tokens.find(({ at }) => at >= node.label.end) as Token).end;
  const first = node.body.at + 1;
  return [
    { at: open, end: open, text: added.join("") },
    { at: first, end: first, text: ` ${names.lane} = ${lane}; ${names.workgroup} = ${workgroup};` },
  ];
}

/** Builtin values of a parameter, and the expression of each. */
function valuesIn({ variable: { name, type }, inputs: given }: EntryPoint["parameters"][number]): [string, string][] {
  return given.map(({ builtin }, i) => [builtin, type.kind === "struct" ? `${name}.${type.members[i]?.name}` : name]);
}
