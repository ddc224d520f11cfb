import { Command } from "commander";
import { tensorText } from "../inspect/tensor-text.ts";
import { addEncoderOptions, type EncoderFlags } from "../model/model-options.ts";
import { openEncoder } from "../model/open-encoder.ts";
import { print, printJson, say } from "../output.ts";
import { tableColumns } from "../terminal.ts";

/** `shaderformer hidden`: an encoder's states, for comparison. */
export function hiddenCommand(): Command {
  const command = new Command("hidden")
    .description(
      "Print the states of a text's tokens after an encoder's embeddings and after each of its layers, for comparing with " +
        "another implementation.",
    )
    .argument("<text>", "a text");
  return addEncoderOptions(command).action(showHidden);
}

async function showHidden(text: string, flags: EncoderFlags): Promise<void> {
  using opened = await openEncoder(flags);
  const { encoder } = opened;
  const { tokens, layers } = await encoder.hidden(text);
  if (flags.json) {
    await printJson({ tokens, layers: layers.map((rows) => rows.map((row) => Array.from(row))) });
    return;
  }
  for (const [i, rows] of layers.entries()) {
    const values = Float64Array.from(rows.flatMap((row) => [...row]));
    const name = i === 0 ? "embeddings" : `layer ${i - 1}`;
    await print(tensorText(name, { shape: [rows.length, rows[0]?.length ?? 0], values }, tableColumns()));
  }
  say(encoder.gpu.adapter.label);
}
