import { Command } from "commander";
import { positive } from "../arguments.ts";
import { addEncoderOptions, type EncoderFlags } from "../model/model-options.ts";
import { openEncoder } from "../model/open-encoder.ts";
import { print, printJson, say } from "../output.ts";
import { columnsText } from "../terminal.ts";

interface Flags extends EncoderFlags {
  readonly top?: number;
}

/** `shaderformer fill-mask`: the likeliest tokens for the masks in a text. */
export function fillMaskCommand(): Command {
  const command = new Command("fill-mask")
    .description(
      "Find the likeliest tokens for each mask in a text, with an encoder that was trained for it, such as BERT.",
    )
    .argument("<text>", 'a text with the mask token of the model, such as "[MASK]" or "<mask>"')
    .option("--top <n>", "how many tokens are shown for each mask (default: 5)", positive);
  return addEncoderOptions(command).action(fillMasks);
}

async function fillMasks(text: string, { top, ...flags }: Flags): Promise<void> {
  using opened = await openEncoder(flags);
  const { encoder } = opened;
  const { masks } = await encoder.fillMask(text, { top });
  if (flags.json) {
    await printJson({ masks });
    return;
  }
  const tables = masks.map((tokens, i) => {
    const table = columnsText([
      {
        title: "probability",
        cells: tokens.map(({ probability }) => `${(100 * probability).toFixed(2)} %`),
        right: true,
      },
      { title: "id", cells: tokens.map(({ id }) => String(id)), right: true },
      { title: "token", cells: tokens.map(({ token }) => JSON.stringify(token)) },
    ]);
    return masks.length > 1 ? `mask ${i + 1} of ${masks.length}\n${table}` : table;
  });
  await print(tables.join("\n"));
  say(encoder.gpu.adapter.label);
}
