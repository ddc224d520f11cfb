import { ShaderError, sourceError } from "../../../gpu/errors.ts";
import { reading as withLine } from "../../../gpu/read-declarations.ts";
import type { ShaderModule } from "../../../gpu/shader-module.ts";
import { definitionOf } from "../../../wgsl/scopes.ts";
import { apart, type Renaming, type SetApart } from "./apart.ts";
import { operationsOf } from "./cost.ts";
import { checkText, defines, type Signature } from "./rules.ts";
import { type OwnText, ownText } from "./text.ts";

/** A function that the engine calls, and the part that calls it; one with a default part is optional. */
export interface Promised extends Signature {
  readonly calls: ShaderModule;
  readonly otherwise?: ShaderModule;
}

/** A text that follows the rules. */
export interface UserText extends SetApart {
  /** Parts that call its functions, or stand for those that it does not define. */
  readonly parts: readonly ShaderModule[];
  /** Whether a function uses its parameter of this index. */
  readonly uses: (name: string, parameter: number) => boolean;
  /** The part that calls its derivative, where it defines one. */
  readonly derivative: ShaderModule | undefined;
  /** Maximum number of operations of its function, or of its derivative, for a pair of a query and a key. */
  readonly operations: number;
}

/** How a text is read: its name, its functions, and how its names are set apart. */
export interface Reading extends Renaming {
  /** The functions that the engine calls, the required one first. */
  readonly promises: readonly Promised[];
  /** The derivative of the required one, which only gradients call. */
  readonly derivative?: Promised;
}

/** Maximum bytes of a text. */
const mostBytes = 16 * 1024;

/** Reads a user's text. Throws `ShaderError`, with line and caret, for one that breaks a rule. */
export function readText(code: string, reading: Reading): UserText {
  const { file, promises, derivative } = reading;
  if (typeof code !== "string") throw new ShaderError(`${file}: wgsl is ${typeof code}, expected a text`, file);
  const bytes = new TextEncoder().encode(code).length;
  if (bytes > mostBytes) throw new ShaderError(`${file}: ${bytes} bytes of WGSL, expected at most ${mostBytes}`, file);
  const fail = (message: string, at: number) => sourceError(message, file, code, at);
  if (/^\/\/ with:/.test(code)) throw fail("parts are the engine's; take what is needed into the text", 0);
  // WGSL ends a line, and with it a comment, at more characters than JavaScript's tools do.
  const odd = code.search(/[\0\v\f\u0085\u2028\u2029]|\r(?!\n)/);
  if (odd >= 0) throw fail("a character that ends a line in WGSL alone, expected line feeds", odd);
  return withLine(file, code, () => {
    const text = ownText(code);
    checkText(text);
    const operations = operationsOf(text);
    const parts = promises.map((promise) => {
      if (defines(text, promise)) return promise.calls;
      if (promise.otherwise) return promise.otherwise;
      const { name, parameters, result } = promise;
      throw new ShaderError(`${file}: there is no function ${name}(${parameters.join(", ")}) -> ${result}`, file);
    });
    const [main] = promises;
    const ofDerivative = derivative && defines(text, derivative) ? derivative : undefined;
    const operationsIn = (one: Promised | undefined) => operations.get(one?.name ?? "") ?? 0;
    return {
      ...apart(text, reading),
      parts,
      uses: (name, parameter) => usesParameter(text, name, parameter),
      derivative: ofDerivative?.calls,
      operations: Math.max(operationsIn(main), operationsIn(ofDerivative)),
    };
  });
}

function usesParameter({ functions, scopes }: OwnText, name: string, index: number): boolean {
  const parameter = functions.find(({ label }) => label.name === name)?.parameters[index];
  return [...scopes.meanings.keys()].some((used) => definitionOf(scopes, used)?.node === parameter);
}
