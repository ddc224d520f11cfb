import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { argmax, logitsOf, randomOf, shareOf, train } from "../training.ts";
import { batchOf, drawn, idsOf, words } from "./notebooks.ts";
import { openPositioned, schemesOf } from "./positioned.ts";

/** One decoder, five ways to learn where a token stands: trained on short notebooks, asked about four times longer ones. */
export const run: Run<SettingsOf<"positions">> = async function* (gpu, { notebook, ...values }) {
  const { length, layers, width, steps, rate, seed } = values;
  const longest = 4 * length;
  const given = batchOf([idsOf(notebook, longest)]);
  const rows: (string | number)[][] = [];
  const figures: Record<string, number> = {};
  for (const scheme of schemesOf(values.schemes)) {
    const model = await openPositioned(gpu, scheme, { vocabulary: words.length, width, layers, longest, seed });
    try {
      const random = randomOf(seed);
      const draw = () => drawn(random, 16, length);
      const schedule = { name: "cosine", learningRate: rate, warmup: 10, steps } as const;
      const training = { steps, every: Math.ceil(steps / 12), schedule, clip: 1 };
      for await (const { step, loss } of train(model, draw, training)) {
        yield { kind: "point", title: "Loss", axes: ["step", "loss, nats"], line: scheme, at: [step, loss] };
      }
      const test = drawn(randomOf(1_000_003), 64, longest);
      const said = (await logitsOf(gpu, model, test)).map(argmax);
      const asked = test.targets.flat().flatMap((answer, i) => (answer < 0 ? [] : [{ answer, i, at: i % longest }]));
      const right = (from: number, to: number) =>
        shareOf(
          asked.filter(({ at }) => at >= from && at < to),
          ({ answer, i }) => said[i] === answer,
        );
      for (let from = 0; from < longest; from += length / 4) {
        const at = [from + length / 8, 100 * right(from, from + length / 4)] as const;
        const axes = ["position", "right, %"] as const;
        yield { kind: "point", title: `Answers, trained up to position ${length}`, axes, line: scheme, at };
      }
      figures[`${scheme}, up to the trained length`] = right(length / 2, length);
      figures[`${scheme}, beyond twice that`] = right(2 * length, longest);
      const answers = await logitsOf(gpu, model, given);
      rows.push([scheme, words[argmax(answers.at(-1) ?? [])] ?? ""]);
    } finally {
      model.dispose();
    }
  }
  const right = words[given.targets[0]?.at(-1) ?? 0] ?? "";
  yield { kind: "table", title: "Your notebook", head: ["positions", "answer"], rows: [...rows, ["right", right]] };
  return figures;
};
