// The states of the golden encoders.
import { loadEncoder } from "../../src/encoders.ts";
import { openGpu } from "../../src/index.ts";
import { encoderFolder, encoderGolden, encoderNames, farthest } from "../encode/golden-encoders.ts";
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
    say({ kind: "encoder", name, distance });
  }
}
