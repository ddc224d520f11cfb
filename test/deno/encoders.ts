// The states of the golden encoders, and the logits of their heads for masked tokens.
import { loadEncoder } from "../../src/encoders.ts";
import { openGpu } from "../../src/index.ts";
import { encoderFolder, encoderGolden, encoderNames, farthest } from "../encode/golden-encoders.ts";
import { headsGolden, logSoftmax } from "../encode/golden-heads.ts";
import { say } from "./report.ts";

/** Computes the states of every golden text, layer by layer. */
export async function encodeGolden(): Promise<void> {
  using gpu = await openGpu();
  for (const name of encoderNames) {
    using encoder = await loadEncoder(gpu, encoderFolder(name));
    let distance = 0;
    for (const { text, layers: golden } of encoderGolden(name).texts) {
      const { layers } = await encoder.hidden(text);
      distance = Math.max(distance, farthest(layers.flat(), golden.flat()));
    }
    const { text, logits } = headsGolden(name).masked;
    const masks = (await encoder.fillMask(text, { top: 1000 })).masks.map((tokens) =>
      [...tokens].sort((a, b) => a.id - b.id).map(({ probability }) => Math.log(probability)),
    );
    say({ kind: "encoder", name, distance, ofMasks: farthest(masks, logits.map(logSoftmax)) });
  }
}
