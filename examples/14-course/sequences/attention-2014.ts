import { decodeGreedy } from "shaderformer/words";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { idsOf, learn, lengthsTo, openCopier, rightAt, spelt } from "./letters.ts";

/** The recurrent model that copies words, without attention and with it: then the writer also sees all states. */
export const run: Run<SettingsOf<"attention-2014">> = async function* (gpu, { word, ...values }) {
  const given = idsOf(word, values.longest);
  const right: number[] = [];
  for (const attention of ["none", "dot"] as const) {
    const settings = { ...values, attention };
    const line = attention === "none" ? "without attention" : "with attention";
    const axis = "words without a mistake, %";
    const model = await openCopier(gpu, settings);
    try {
      for await (const { step, loss } of learn(model, settings)) {
        yield { kind: "point", title: "Loss", axes: ["step", "loss, nats a letter"], line, at: [step, loss] };
        const share = await rightAt(model, settings.longest, 32);
        const title = "Accuracy of the longest words by step";
        yield { kind: "point", title, axes: ["step", axis], line, at: [step, 100 * share] };
      }
      for (const length of lengthsTo(settings.longest)) {
        right.push(await rightAt(model, length));
        const at = [length, 100 * (right.at(-1) ?? 0)] as const;
        yield { kind: "point", title: "Accuracy by length", axes: ["letters", axis], line, at };
      }
      const { ids, alignments } = await decodeGreedy(model, [given], { maxTokens: given.length });
      const [rows = [], weights = []] = [spelt(ids[0] ?? []), alignments?.[0]];
      const head = ["letter", ...given.map((_, i) => String(i + 1))];
      const both = [
        ["read", ...spelt(given)],
        ["written", ...rows],
      ];
      yield { kind: "table", title: `Your word, ${line}`, head, rows: both };
      if (attention === "none") continue;
      const values = weights.map((shares) => [...shares]);
      yield { kind: "grid", title: "Where it looks for each letter", rows, columns: spelt(given), values };
    } finally {
      model.dispose();
    }
  }
  const [without = 0, among = 0] = [right[right.length / 2 - 1], right.at(-1)];
  return { "right at the longest with attention": among, "right at the longest without": without };
};
