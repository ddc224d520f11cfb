// The rules for a user's WGSL. The driver decides whether it compiles; these rules are in addition.

import { ShaderError, sourceError } from "../../../gpu/errors.ts";
import { readFile, withoutComments } from "../../../gpu/read-declarations.ts";
import type { BindingDeclaration, ShaderModule } from "../../../gpu/shader-module.ts";
import { type Token, tokensOf } from "../../../gpu/tokens.ts";
import { type FunctionText, readFunctions } from "./functions.ts";
import { checkTurns } from "./loops.ts";

/** A function that the engine calls; one with a default part is optional. */
export interface Promised {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly result: string;
  readonly part?: ShaderModule;
}

/** A text that follows the rules. */
export interface UserText {
  readonly bindings: readonly BindingDeclaration[];
  /** Default parts for functions that it does not define. */
  readonly missing: readonly ShaderModule[];
  /** Whether a function uses its parameter of this index. */
  readonly uses: (name: string, parameter: number) => boolean;
}

/** Maximum bytes of a text. */
const mostBytes = 16 * 1024;

const reasons = new Map(
  Object.entries({
    override: "override is not used: give a const, or a field of a uniform",
    enable: "enable is for kernels, not for what is joined with them",
    requires: "requires is for kernels, not for what is joined with them",
    diagnostic: "diagnostic is for kernels, not for what is joined with them",
    while: "while has no constant bound; count with for",
    loop: "loop has no constant bound; count with for",
    workgroupBarrier: "a barrier needs all threads of a workgroup, and not all of them come here",
    storageBarrier: "a barrier needs all threads of a workgroup, and not all of them come here",
    textureBarrier: "a barrier needs all threads of a workgroup, and not all of them come here",
    workgroupUniformLoad: "a barrier needs all threads of a workgroup, and not all of them come here",
  }),
);

const attributes = new Set(["group", "binding", "size", "align", "must_use"]);

/** Reads a user's text. Throws `ShaderError`, with line and caret, for one that breaks a rule. */
export function readText(code: string, file: string, promises: readonly Promised[]): UserText {
  const fail = (message: string, at: number) => sourceError(message, file, code, at);
  const bytes = new TextEncoder().encode(code).length;
  if (bytes > mostBytes) throw new ShaderError(`${file}: ${bytes} bytes of WGSL, expected at most ${mostBytes}`, file);
  if (/^\/\/ with:/.test(code)) throw fail("parts are the engine's; take what is needed into the text", 0);
  // WGSL ends a line, and with it a comment, at more characters than JavaScript's tools do.
  const odd = code.search(/[\0\v\f\u0085\u2028\u2029]|\r(?!\n)/);
  if (odd >= 0) throw fail("a character that ends a line in WGSL alone, expected line feeds", odd);
  const tokens = tokensOf(code);
  checkBalance(tokens, code, fail);
  tokens.forEach(({ text, at }, i) => {
    const reason = tokens[i - 1]?.text === "." ? undefined : reasons.get(text);
    if (reason) throw fail(reason, at);
    if (text !== "@") return;
    const attribute = tokens[i + 1]?.text ?? "";
    if (/^(compute|vertex|fragment|workgroup_size)$/.test(attribute)) {
      throw fail(`@${attribute} declares an entry point; the kernel has one`, at);
    }
    if (!attributes.has(attribute)) throw fail(`@${attribute} is not used here`, at);
  });
  checkVariables(tokens, fail);
  const functions = readFunctions(tokens);
  const missing = promises.flatMap((promise) => missingPart(promise, functions, file, fail));
  checkTurns(tokens, functions, fail);
  return {
    bindings: readFile(code, file).bindings ?? [],
    missing,
    uses: (name, index) => {
      const { parameters = [], body = [] } = functions.get(name) ?? {};
      return body.some(({ text }) => text === parameters[index]?.name);
    },
  };
}

type Fail = (message: string, at: number) => ShaderError;

function checkBalance(tokens: readonly Token[], code: string, fail: Fail): void {
  const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
  const open: Token[] = [];
  for (const token of tokens) {
    if ("([{".includes(token.text)) open.push(token);
    if (pairs[token.text] && open.pop()?.text !== pairs[token.text])
      throw fail(`${token.text} closes nothing`, token.at);
  }
  const left = open.at(-1);
  if (left) throw fail(`${left.text} is not closed`, left.at);
  // An unclosed comment would swallow the text joined after it.
  if (!withoutComments(`${code}\nend`).endsWith("end")) throw fail("a comment is not closed", code.lastIndexOf("/*"));
}

/** Variables of the module: storage that is read and uniforms, in group 2. */
function checkVariables(tokens: readonly Token[], fail: Fail): void {
  let depth = 0;
  tokens.forEach(({ text, at }, i) => {
    if (text === "{") depth++;
    if (text === "}") depth--;
    if (text !== "var" || depth > 0) return;
    const end = tokens.findIndex((token, j) => j > i && token.text === ">");
    const space = tokens[i + 1]?.text === "<" ? tokens.slice(i + 2, end).map((token) => token.text) : [];
    if (space[0] === "workgroup" || space[0] === "private") {
      throw fail(`var<${space[0]}> is not taken: functions may read what is given to them, and keep nothing`, at);
    }
    if (space[0] === "storage" && space.length > 1 && space[2] !== "read") {
      throw fail(`storage with access ${space[2]}: what is joined with a kernel may only read`, at);
    }
    if (space[0] !== "storage" && space[0] !== "uniform") {
      throw fail("a variable of the module, expected var<storage, read> or var<uniform>", at);
    }
    const head = tokens
      .slice(Math.max(0, i - 10), i)
      .map((token) => token.text)
      .join("");
    const group = /@group\((\w+),?\)(?:@binding\(\w+,?\))?$/.exec(head)?.[1];
    if (group === undefined || !head.includes("@binding(")) {
      throw fail("a resource without its group, 2, and binding right before it", at);
    }
    if (group !== "2") throw fail(`group ${group}, expected 2: the others are the kernel's`, at);
  });
}

function missingPart(
  { name, parameters, result, part }: Promised,
  functions: ReadonlyMap<string, FunctionText>,
  file: string,
  fail: Fail,
): ShaderModule[] {
  const expected = `${name}(${parameters.join(", ")}) -> ${result}`;
  const found = functions.get(name);
  if (!found) {
    if (part) return [part];
    throw new ShaderError(`${file}: there is no function ${expected}`, file);
  }
  const types = found.parameters.map(({ type }) => type);
  const own = `${name}(${types.join(", ")}) -> ${found.result}`;
  if (own.replace("vec2<u32>", "vec2u") !== expected) throw fail(`${own}, expected ${expected}`, found.at);
  return [];
}
