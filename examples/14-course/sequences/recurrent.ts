import { attention, type Gpu, normal, recurrent, type Tensor } from "shaderformer";
import { decodeGreedy } from "shaderformer/words";
import type { Run, Shown } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { idsOf, learn, lengthsTo, openCopier, rightAt, spelt } from "./letters.ts";

/** A GRU reads a word into one state, from which another writes it: the longer the word, the less fits. */
export const run: Run<SettingsOf<"recurrent">> = async function* (gpu, { word, ...values }) {
  const settings = { ...values, attention: "none" } as const;
  const given = idsOf(word, settings.longest);
  const model = await openCopier(gpu, settings);
  const right: number[] = [];
  try {
    for await (const { step, loss } of learn(model, settings)) {
      yield {
        kind: "point",
        title: "Loss",
        axes: ["step", "loss, nats a letter"],
        line: "one state",
        at: [step, loss],
      };
    }
    for (const length of lengthsTo(settings.longest)) {
      right.push(await rightAt(model, length));
      const at = [length, 100 * (right.at(-1) ?? 0)] as const;
      const axes = ["letters", "words without a mistake, %"] as const;
      yield { kind: "point", title: "Accuracy by length", axes, line: "one state", at };
    }
    const { ids } = await decodeGreedy(model, [given], { maxTokens: given.length });
    const rows = [given, ...ids].map((tokens, i) => [i === 0 ? "read" : "written", ...spelt(tokens)]);
    const head = ["letter", ...given.map((_, i) => i + 1)].map(String);
    yield { kind: "table", title: "Your word", head, rows };
  } finally {
    model.dispose();
  }
  yield* times(gpu, settings.width);
  return { "right at two letters": right[1] ?? 0, "right at the longest": right.at(-1) ?? 0 };
};

/** One step after the other, as a recurrent layer works, against all tokens at once, as attention does. */
async function* times(gpu: Gpu, h: number): AsyncGenerator<Shown> {
  for (const t of [16, 32, 64, 128, 256]) {
    const runs: Record<string, () => Tensor> = {
      "a GRU, step after step": () => {
        const [x, weight] = [normal(gpu, [1, t, h], { seed: 1 }), normal(gpu, [3 * h, h], { seed: 2 })];
        return recurrent(gpu, { x, weightIh: weight, weightHh: weight }, { cell: "gru" }).out;
      },
      "attention, all at once": () => {
        const q = normal(gpu, [1, 1, t, h], { seed: 1 });
        return attention(gpu, { q, k: q, v: q }).out;
      },
    };
    for (const [line, once] of Object.entries(runs)) {
      let fastest = Number.POSITIVE_INFINITY; // of three: the first also compiles the kernels
      for (let i = 0; i < 3; i++) {
        using _ = gpu.scope();
        const begun = performance.now();
        await once().read();
        fastest = Math.min(fastest, performance.now() - begun);
      }
      yield { kind: "point", title: "Time by length", axes: ["tokens", "ms"], line, at: [t, fastest] };
    }
  }
}
