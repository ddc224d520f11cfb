// A user's masks and scores: hostile texts are refused with line and name, and no text, however broken, meets anything
// but a ShaderError.
import { expect, test } from "vitest";
import { ShaderError } from "../../src/gpu/errors.ts";
import { anyMaskMod, anyScoreMod } from "../../src/kernels/attention/records/made-mods.ts";
import { ShapeError } from "../../src/tensor/shape.ts";
import { parse } from "../../src/wgsl/parse.ts";
import { resolve } from "../../src/wgsl/scopes.ts";
import { tokensOf } from "../../src/wgsl/tokens.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { shaderModules } from "../support/shaders.ts";
import { honestTexts } from "./hostile/honest-wgsl.ts";
import { hostileKinds, hostileText } from "./hostile/hostile-wgsl.ts";

const attentionFiles = [...shaderModules.values()].filter(({ name }) => /^(attention|lib)\//.test(name));

/** Names that our shaders declare at module scope. */
const engineNames = [...new Set(attentionFiles.flatMap(({ code }) => [...resolve(parse(code)).module.keys()]))].filter(
  (name) => !/^(?:mask_mod|score_mod|score_derivative|key_range|tile_full|score|[bhqk])$/.test(name), // the text may have these
);

function refusal(call: () => unknown): Error | undefined {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

test("hostile texts are refused, each with its line and what is wrong", () => {
  const random = randomFor("hostile WGSL");
  const counts = new Map<string, number>();
  for (let i = 0; i < attempts(5000, 500); i++) {
    const kind = hostileKinds[i % hostileKinds.length] as string;
    const { mod, wgsl, line, names } = hostileText(kind, random, engineNames);
    const error = refusal(() => (mod === "mask" ? anyMaskMod : anyScoreMod)({ kind: "custom", wgsl }));
    expect(error, `${kind}:\n${wgsl}`).toBeInstanceOf(ShaderError);
    const found = `${kind}, line ${(error as ShaderError).line}: ${error?.message}`;
    expect(found, wgsl).toContain(`${kind}, line ${line}: `);
    expect(found, wgsl).toContain(names);
    expect(error?.message).toMatch(/^custom\/(mask|score):\d+: [\s\S]*\n +\| +\^/);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${total} hostile texts of ${counts.size} kinds refused, ${Math.min(...counts.values())} or more of each`,
  );
});

const honest = honestTexts.map(({ wgsl }) => wgsl);

test("a broken text is taken or refused with a ShaderError, whatever its breakage", () => {
  const random = randomFor("broken WGSL");
  const counts = { taken: 0, refused: 0 };
  const texts = [...honest, ...hostileKinds.map((kind) => hostileText(kind, random, engineNames).wgsl)];
  for (let i = 0; i < attempts(10_000, 300); i++) {
    const from = random.uniform() < 0.7 ? honest : texts;
    let wgsl = from[random.integer(from.length)] as string;
    for (let n = random.integer(3); n >= 0; n--) {
      const tokens = tokensOrCharacters(wgsl);
      const [one, other] = [tokens[random.integer(tokens.length)], tokens[random.integer(tokens.length)]];
      if (!one || !other) continue;
      const put = [
        wgsl.slice(other.at, other.end),
        "",
        "&",
        "*",
        "/*",
        "*/",
        "(",
        "<",
        ">",
        "\n",
        "for",
        "é",
        "\u{1f600}",
      ];
      wgsl = `${wgsl.slice(0, one.at)}${put[random.integer(put.length)]}${wgsl.slice(one.end)}`;
    }
    const error = refusal(() =>
      /\bmask_mod\b/.test(wgsl) ? anyMaskMod({ kind: "custom", wgsl }) : anyScoreMod({ kind: "custom", wgsl }),
    );
    if (error && !(error instanceof ShapeError && /params are missing|no tensor of this name/.test(error.message))) {
      expect(error, wgsl).toBeInstanceOf(ShaderError);
      expect(error.message, wgsl).toMatch(/^custom\/(mask|score):/);
      counts.refused++;
    } else counts.taken++;
  }
  console.log(`${counts.refused} broken texts refused, ${counts.taken} taken`);
});

function tokensOrCharacters(code: string): readonly { readonly at: number; readonly end: number }[] {
  try {
    return tokensOf(code);
  } catch {
    return Array.from(code, (_, at) => ({ at, end: at + 1 }));
  }
}
