import { withoutComments } from "./declarations.ts";
import { sourceError } from "./errors.ts";
import { moduleNames, tokensOf } from "./tokens.ts";

type File = readonly [name: string, code: string];

/**
 * Throws `ShaderError`, with the line, where one of `own` declares at module scope what another file of the shader
 * declares as well, or what it takes from WGSL: a function `dot` of a user's would be everybody's. `promised` are the
 * names that the others expect of them.
 */
export function assertNoClash(
  shader: string,
  sources: readonly File[],
  own: Readonly<Record<string, string>>,
  promised: ReadonlySet<string>,
): void {
  const uses = new Map(sources.map(([file, code]) => [file, new Uses(code)]));
  for (const [file, code] of sources) {
    if (!(file in own)) continue;
    for (const { name, at } of moduleNames(code)) {
      const others = sources.filter(([other]) => other !== file);
      const clash = (what: string, other: string) =>
        sourceError(`${name} clashes with ${what} ${other} (in ${shader}); give it another name`, file, code, at);
      const rival = others.find(([other]) => uses.get(other)?.of(name) === "declared");
      if (rival) throw clash(`${name} of`, rival[0]);
      const user = others.find(([other]) => !(other in own) && uses.get(other)?.of(name) === "used");
      if (user && !promised.has(name)) throw clash("what WGSL has for", user[0]);
    }
  }
}

/** How a file uses names: those that it declares, and those that come from outside of it. */
class Uses {
  readonly #declared: ReadonlySet<string>;
  readonly #words: ReadonlySet<string>;
  readonly #code: string;

  constructor(code: string) {
    this.#code = withoutComments(code);
    this.#declared = new Set(moduleNames(code).map(({ name }) => name));
    const tokens = tokensOf(code);
    this.#words = new Set(tokens.filter((_, i) => tokens[i - 1]?.text !== ".").map(({ text }) => text));
  }

  of(name: string): "declared" | "used" | undefined {
    if (this.#declared.has(name)) return "declared";
    if (!this.#words.has(name)) return undefined;
    const isLocal = new RegExp(`\\b(?:let|var|const)\\s+${name}\\b|\\b${name}\\s*:`).test(this.#code);
    return isLocal ? undefined : "used";
  }
}
