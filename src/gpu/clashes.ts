import { sourceError } from "./errors.ts";
import { withoutComments } from "./read-declarations.ts";
import type { JoinedModules } from "./shader-module.ts";
import { moduleNames, tokensOf } from "./tokens.ts";

/**
 * Throws `ShaderError`, with the line, where an untested text declares at module scope a name that another file of the
 * shader also declares, or a WGSL built-in that another file uses: a user's function `dot` would replace the built-in
 * in the whole shader. The functions that a slot's contract requires are no clash.
 */
export function assertNoClash({ shader, modules, replaced }: JoinedModules): void {
  const uses = new Map(modules.map(({ name, code }) => [name, new Uses(code)]));
  const expected = new Set(replaced.flatMap(({ code }) => moduleNames(code).map(({ name }) => name)));
  for (const own of modules) {
    if (!own.check) continue;
    for (const { name, at } of moduleNames(own.code)) {
      const others = modules.filter((other) => other !== own);
      const clash = (what: string, other: string) =>
        sourceError(
          `${name} clashes with ${what} ${other} (in ${shader}); give it another name`,
          own.name,
          own.code,
          at,
        );
      const rival = others.find((other) => uses.get(other.name)?.of(name) === "declared");
      if (rival) throw clash(`${name} of`, rival.name);
      if (own === modules[0] || expected.has(name)) continue;
      const user = others.find((other) => !other.check && uses.get(other.name)?.of(name) === "used");
      if (user) throw clash("what WGSL has for", user.name);
    }
  }
}

/** The names that a file declares, and those that it uses from outside. */
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
