// The states, logits and greedy tokens of the golden encoder-decoders.
import { loadEncoderDecoder } from "../../src/encoders.ts";
import { openGpu } from "../../src/index.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { sequenceFolder, sequenceGolden, sequenceNames } from "../seq2seq/golden.ts";
import { say } from "./report.ts";

/** Computes every golden text: alone for its states, all together for their tokens. */
export async function generateGoldenSequences(): Promise<void> {
  using gpu = await openGpu();
  for (const name of sequenceNames) {
    using model = await loadEncoderDecoder(gpu, sequenceFolder(name));
    const { texts, forced } = sequenceGolden(name);
    const given = texts.map(({ text }) => text);
    let distance = 0;
    for (const { text, states } of texts) {
      distance = Math.max(distance, farthest((await model.hidden(text)).layers.at(-1) ?? [], states));
    }
    const { logits = [] } = await model.hidden(given[0] ?? "", { target: forced.ids.slice(1) });
    const ofLogits = farthest(
      forced.rows.map((row) => logits[row] ?? []),
      forced.logits,
    );
    const { results } = await model.generate(given, { maxTokens: 20 });
    say({ kind: "sequences", name, distance, ofLogits, tokens: results.map(({ ids }) => ids) });
  }
}
